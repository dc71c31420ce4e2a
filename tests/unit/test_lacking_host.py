# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says of a host that lacks something, on a platform whose packages it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

TASKS = Path(__file__).parents[2] / "roles/hypervisor/tasks/packages.yml"


@pytest.mark.parametrize(
    ("missing", "to_do"),
    [([], "Start Open vSwitch yourself"), (["ovs-vsctl", "ip"], "Install ovs-vsctl, ip yourself")],
)
def test_who_has_open_vswitch_is_told_to_start_it_and_who_lacks_programs_to_install_them(
    missing: list[str], to_do: str
) -> None:
    (stop,) = (task for task in yaml.safe_load(TASKS.read_text()) if "ansible.builtin.fail" in task)
    templates = Environment(undefined=StrictUndefined, autoescape=False)
    given = {"hypervisor_lacks": {"os_family": "arch", "missing": missing, "serves": False}, "hypervisor_packages": {}}
    given["hypervisor_to_do"] = templates.from_string(stop["vars"]["hypervisor_to_do"]).render(given)
    assert templates.compile_expression(stop["when"])(**given)
    assert templates.from_string(stop["ansible.builtin.fail"]["msg"]).render(given) == (
        f"The packages of arch are not known. {to_do}, and set hypervisor_manage_packages, hypervisor_manage_service "
        "and virtual_router_manage_packages to false."
    )

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the example inventory compiles to, whole, so that a review sees what a change does to every host.

To accept a change: GOLDEN=write pytest tests/unit/intent/test_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import read_intent, read_record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric, compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.controllers import CONTROLLED
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.switching import FORWARDING

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "inventories/example/intent"
RECORD = str(EXAMPLE / "allocations.yml")
GOLDEN = ROOT / "tests/unit/golden"


class Plain(yaml.SafeDumper):
    """YAML as a person writes it: lists indented, nothing by reference, a flow in one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _in_lines(dumper: Plain, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Plain.add_representer(str, _in_lines)


@pytest.mark.parametrize("name", ["fabric", *(f"{mode}/hv{number}" for mode in FORWARDING for number in (1, 2, 3))])
def test_the_example_compiles_to_what_was_reviewed(name: str) -> None:
    compiled = compile_example(name)
    file = GOLDEN / f"{name}.yml"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(yaml.dump(compiled, Dumper=Plain, sort_keys=False, width=1000, explicit_start=True))
    assert yaml.safe_load(file.read_text()) == compiled


def compile_example(name: str) -> dict[str, Any]:
    """Compile the fabric as a whole or, as ``mode/hypervisor``, one host of it in a mode of forwarding."""
    mode, _slash, host = name.rpartition("/")
    raw = dict(read_intent(str(EXAMPLE), RECORD).raw)
    if mode in ("plain", CONTROLLED):  # which have nothing that enforces security groups
        raw["tenants"] = {name: without_security(tenant) for name, tenant in raw["tenants"].items()}
    controllers = {"controllers": {"targets": ["tcp:192.168.1.33:6653"]}} if mode == CONTROLLED else {}
    intent = parse({**raw, "fabric": {**raw["fabric"], **({"forwarding": mode} if mode else {}), **controllers}})
    document = read_record(RECORD)
    assert document
    allocations, record = allocate(intent, parse_record(document.value))
    assert render(record) == document.text, "the committed record has all ids of the example"
    return compile_host(intent, allocations, host) if mode else compile_fabric(intent, allocations)


def without_security(tenant: dict[str, Any]) -> dict[str, Any]:
    ports = {
        name: {key: value for key, value in port.items() if key != "security_groups"}
        for name, port in tenant["ports"].items()
    }
    return {**{key: value for key, value in tenant.items() if key != "security_groups"}, "ports": ports}

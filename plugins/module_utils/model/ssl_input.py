# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted row of table SSL: where Open vSwitch finds its key, its certificate and a CA's.

Paths alone: what the files hold never leaves the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Column, Kind, parse_columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, absolute_path, boolean

FILES: Mapping[str, Column] = {
    "private_key": Column(Kind.SCALAR, absolute_path),
    "certificate": Column(Kind.SCALAR, absolute_path),
    "ca_cert": Column(Kind.SCALAR, absolute_path),
}
SSL: Mapping[str, Column] = {**FILES, "bootstrap_ca_cert": Column(Kind.SCALAR, boolean)}


class Wanted(NamedTuple):
    """``columns`` is None where there shall be no row."""

    columns: Mapping[str, Any] | None
    owner: str | None
    adopt: bool


def parse_ssl(params: Mapping[str, Any]) -> Wanted:
    """Return what the task wants, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, params)
    columns = parse_columns(faults, "", SSL, params)
    if params["state"] == "absent":
        for name in columns:
            faults.add(name, "there is none to set where state is absent; leave it out")
    faults.raise_any()
    return Wanted(None if params["state"] == "absent" else columns, owner, params["adopt"])

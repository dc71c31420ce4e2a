# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of argument_spec that several modules share, each beside a documentation fragment of the same name."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

OVSDB = {
    "database": {"type": "str", "default": "unix:/run/openvswitch/db.sock"},
    "timeout": {"type": "int", "default": 10},
}
OPENFLOW = {
    "bridge": {"type": "str", "required": True},
    "group_ids": {"type": "str"},
    "meter_ids": {"type": "str"},
    "protocol": {"type": "str", "choices": list(PROTOCOLS)},
}
NAMED_OWNERSHIP = {
    "owner": {"type": "str"},
    "allow_empty": {"type": "bool", "default": False},
}
OWNERSHIP = {
    "owner": {"type": "str"},
    "adopt": {"type": "bool", "default": False},
    "allow_empty": {"type": "bool", "default": False},
}
RUN = {"run": {"type": "str"}}

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of CloudStack's security groups as rules of ours.

Both allow alone, both let everything out until a rule for egress says otherwise, and -1 is any type or code of ICMP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.labels import label
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.selection import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_ANY = (None, "", -1, "-1")


def parse_rules(faults: Faults, group: Record) -> Iterator[dict[str, Any]]:
    """Yield the rules of a group; one about the group of another owner cannot be."""
    path = f"mapping.groups ({group['owner']}.{group['name']})"
    for direction in ("ingress", "egress"):
        for rule in group[direction] or ():
            if rule["group"] and rule["owner"] not in (None, group["owner"]):
                what = f"a rule is about group {rule['group']} of {rule['owner']}, and here rules are about own groups"
                faults.add(path, f"{what}; select only the others")
            elif not (rule["group"] or rule["cidr"]):
                faults.add(path, "a rule has neither cidr nor group, so it would let in everybody; select one of them")
            else:
                yield {"direction": direction, **_protocol(rule), **_ports(rule), **_icmp(rule), **_remote(rule)}


def _protocol(rule: Record) -> dict[str, Any]:
    protocol = str(rule["protocol"] or "all").lower()
    return {} if protocol == "all" else {"protocol": _number(protocol)}


def _ports(rule: Record) -> dict[str, Any]:
    if rule["first"] in _ANY or _is_icmp(rule):
        return {}
    first, last = str(rule["first"]), str(rule["last"] or rule["first"])
    if first in ("0", "1") and last == "65535":
        return {}
    return {"port": _number(first) if first == last else f"{first}-{last}"}


def _icmp(rule: Record) -> dict[str, Any]:
    parts = {"icmp_type": rule["type"], "icmp_code": rule["code"]} if _is_icmp(rule) else {}
    return {key: _number(value) for key, value in parts.items() if value not in _ANY}


def _is_icmp(rule: Record) -> bool:
    return str(rule["protocol"]).lower().startswith("icmp")


def _remote(rule: Record) -> dict[str, Any]:
    return {"remote_group": label(rule["group"])} if rule["group"] else {"remote_cidr": rule["cidr"]}


def _number(value: Any) -> Any:
    """Return a number that the API may write as text; anything else is left to the intent's parser."""
    return int(value) if str(value).isdigit() else value

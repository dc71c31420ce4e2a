# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the values of a rule must be to each other: refused is what iptables does not take, and what matches nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import DEFAULT_BURST, limit_credit
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

WITH_PORTS = ("tcp", "udp", "udplite", "sctp", "dccp")
# In IPv6, ah is a header before the protocol's, which no rule would match (ip6tables(8), -p)
_FAMILY_OF = {"icmp": "ipv4", "ah": "ipv4", "ipv6-icmp": "ipv6"}
_FAMILY_OF_NUMBER = {1: "ipv4", 58: "ipv6"}  # of those that conntrack knows (IANA, Protocol Numbers)
_OF_TARGET = {  # options, and the target that has them
    "reject_with": "REJECT",
    "log_prefix": "LOG",
    "log_level": "LOG",
    "zone": "CT",
    "notrack": "CT",
    "set_mark": "MARK",
}
_TABLE_OF = {"REJECT": "filter", "CT": "raw", "MARK": "mangle"}
_OF_PROTOCOL: Mapping[str, Collection[str]] = {
    "source_ports": WITH_PORTS,
    "destination_ports": WITH_PORTS,
    "tcp_flags": ("tcp",),
    "syn": ("tcp",),
    "icmp_type": ("icmp", "ipv6-icmp"),
    "nd_target": ("ipv6-icmp",),
}
_ABOUT_TARGETS = (135, 136)  # RFC 4861
_LONGEST_BURST = 24 * 60 * 60 * 10000  # xt_limit counts no further: a day, in the units of limit_credit


def check(faults: Faults, path: str, table: str, given: Mapping[str, Any]) -> None:
    """Record what is wrong with a rule whose values are right each by itself."""
    said = {option for option, value in given.items() if value is not None}
    negated = frozenset(given.get("negate") or ())
    _check_target(faults, path, table, said, given)
    for option, protocols in _OF_PROTOCOL.items():
        if option in said and (given.get("protocol") not in protocols or "protocol" in negated):
            faults.add(f"{path}{option}", f"is of another protocol; write protocol: {' or '.join(protocols)}")
    if {"syn", "tcp_flags"} <= said:
        faults.add(f"{path}syn", "stands for tcp_flags; write one of both")
    if "ctorigdstport" in said and "ctproto" not in said:
        faults.add(f"{path}ctorigdstport", "is of a protocol; write ctproto too")
    if "nd_target" in said and given.get("icmp_type") not in _ABOUT_TARGETS:
        faults.add(f"{path}nd_target", "is of solicitations and advertisements; write icmp_type: 135 or 136 too")
    if "nd_target" in said and ":" not in given["nd_target"]:
        faults.add(f"{path}nd_target", "is IPv4, of which ND says nothing; write an address or a network of IPv6")
    if "icmp_code" in said and "icmp_type" not in said:
        faults.add(f"{path}icmp_code", "is of a type; write icmp_type too")
    if given.get("fragment") and said & {"source_ports", "destination_ports", "tcp_flags", "syn", "icmp_type"}:
        faults.add(f"{path}fragment", "has no ports, flags or types in it; leave it out, or these")
    for option in sorted(negated - said):
        faults.add(f"{path}negate", f"{option} is not in this rule; write it, or leave it out here")
    for option in ("source", "destination"):
        if option in negated and str(given.get(option)).endswith("/0"):
            faults.add(f"{path}{option}", "is every address, and inverted none; write less")
    if "limit_burst" in said and "limit" not in said:
        faults.add(f"{path}limit_burst", "is of a limit; write limit too")
    if "limit" in said and limit_credit(given["limit"]) * (given.get("limit_burst") or DEFAULT_BURST) > _LONGEST_BURST:
        faults.add(f"{path}limit_burst", "takes longer than a day to fill up at this rate; write less")


def _check_target(faults: Faults, path: str, table: str, said: Collection[str], given: Mapping[str, Any]) -> None:
    target = given.get("target")
    if ("target" in said) == ("goto" in said):
        faults.add(f"{path}target", "write one of target and goto, what becomes of the packet")
    if _TABLE_OF.get(str(target), table) != table:
        faults.add(f"{path}target", f"{target} is of table {_TABLE_OF[str(target)]}; write another, or set table")
    if target == "DROP" and table == "nat":
        faults.add(f"{path}target", "table nat sees the first packet of a connection alone; drop in table filter")
    for option, owner in _OF_TARGET.items():
        if option in said and target != owner and given[option] is not False:
            faults.add(f"{path}{option}", f"is of target {owner}; leave it out, or set target: {owner}")
    if target == "CT" and ("zone" in said) == bool(given.get("notrack")):
        faults.add(f"{path}target", "CT does one of two things; write zone, or notrack: true")
    if target == "MARK" and "set_mark" not in said:
        faults.add(f"{path}set_mark", "is missing; write the mark that packets get")
    if given.get("reject_with") == "tcp-reset" and (
        given.get("protocol") != "tcp" or "protocol" in (given.get("negate") or ())
    ):
        faults.add(f"{path}reject_with", "tcp-reset answers TCP alone; write protocol: tcp")


def family_of(faults: Faults, path: str, families: Collection[str], values: Mapping[str, Any]) -> str | None:
    """Return the family that a rule is of, or None if of either; all that says it must say the same."""
    only = next(iter(families)) if len(families) == 1 else None
    family, source = only, "the task"
    for option, one in _evidence(values).items():
        if family is None:
            family, source = one, option
        elif one != family:
            where = "set family: both" if source == "the task" else "write two rules"
            faults.add(f"{path}{option}", f"is of {one}, and {source} of {family}; {where}")
    return None if only else family


def _evidence(values: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    if values.get("family"):
        found["family"] = values["family"]
    for option in ("source", "destination", "ctorigsrc", "ctorigdst"):
        if values.get(option):
            found[option] = "ipv6" if ":" in values[option] else "ipv4"
    if values.get("protocol") in _FAMILY_OF and "protocol" not in (values.get("negate") or ()):
        found["protocol"] = _FAMILY_OF[values["protocol"]]
    if values.get("ctproto") in _FAMILY_OF_NUMBER:
        found["ctproto"] = _FAMILY_OF_NUMBER[values["ctproto"]]
    if values.get("fragment") is not None:
        found["fragment"] = "ipv4"
    return found

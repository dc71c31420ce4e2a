# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of OpenFlow cannot carry, and which ones can.

Most of it Open vSwitch refuses, and says which forms of its own could. Of the rest it says nothing: ``write_actions``
is left out of a message of OpenFlow 1.0, and ``set_field:10.0.0.0/8->ip_dst`` sets all of the address before 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_check import parts_of
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

_FORMS = {
    PROTOCOLS[0]: "NXM",
    PROTOCOLS[1]: PROTOCOLS[1],
}  # what ovs-ofctl calls messages of a version, beside its name
_WITHOUT_1_1 = frozenset({PROTOCOLS[0], *PROTOCOLS[2:]})
_SINCE_1_2, _SINCE_1_3, _SINCE_1_4 = (frozenset(PROTOCOLS[first:]) for first in (2, 3, 4))
_PARTS = {"send_flow_rem": _SINCE_1_3, "importance": _SINCE_1_4, "nw_ecn": _WITHOUT_1_1, "ip_ecn": _WITHOUT_1_1}
_VLANS = frozenset({"dl_vlan", "vlan_vid", "vlan_tci"})
_SET = "eth_src|eth_dst|dl_src|dl_dst|ip_src|ip_dst|nw_src|nw_dst|vlan_vid|(?:tp|tcp|udp|sctp)_(?:src|dst)"
_ACTIONS = (
    (re.compile(r"\b(?:write_actions|clear_actions)\b"), frozenset(PROTOCOLS[1:])),
    (re.compile(rf"\bset_field:[^,()]*/[^,()]*->(?:{_SET})\b"), _SINCE_1_2),
)
_COMMA = re.compile(r",(?![^()]*(?:\([^()]*\)[^()]*)*\))")  # that is in no parenthesis
_PROTOCOL = re.compile(r"(?:ip|arp|rarp|icmp|tcp|udp|sctp|mpls)(?:v?6|m)?|(?:dl|eth)_type|(?:nw|ip)_proto")


def lost(flow: str, normal: str, protocol: str) -> Iterator[str]:
    """Yield what of a flow's text would be lost in this version without a word, on the way to this normal form."""
    head, dummy, actions = flow.partition("action")
    untagged = "vlan_tci=0x0000" in normal
    for name, value in parts_of(head):
        if name == "vlan_vid" and untagged and value.partition("/")[0].strip("0x"):
            yield f"vlan_vid={value}: would be no VLAN; write dl_vlan={value}"
            continue
        versions = _PARTS.get(name)
        if name in _VLANS and untagged and protocol == PROTOCOLS[1]:
            versions = _WITHOUT_1_1  # which prints it as it cannot be written
        if versions and protocol not in versions:
            yield fault(f"{name}={value}" if value else name, protocol, versions)
    yield from lost_actions(actions, protocol)


def lost_actions(actions: str, protocol: str) -> Iterator[str]:
    for pattern, versions in _ACTIONS:
        if protocol not in versions:
            yield from [fault(found, protocol, versions) for found in pattern.findall(actions)]


def fault(what: str, protocol: str, versions: Collection[str]) -> str:
    return (
        f"{what}: {protocol} cannot carry it, {in_words(versions)} can; leave it out, or speak such a version: see "
        "protocols of tenantry.sdn.ovs_bridge, and protocol"
    )


def usable(said: str) -> frozenset[str]:
    """Return the versions that ovs-ofctl says can carry what it has parsed; none where the match lacks something.

    OpenFlow 1.0 alone looks at no match: what only that could carry would be right in the others with another match.
    """
    forms = said.partition("usable protocols: ")[2]
    versions = {each for each in PROTOCOLS if re.search(rf"any|{each}|{_FORMS.get(each, 'OXM(?!-)')}", forms)}
    return frozenset() if versions == {PROTOCOLS[0]} else frozenset(versions)


def alone(flow: str) -> Iterator[tuple[str, str]]:
    """Yield (part, flow that has only this part, and what says which packets it can be of), protocols first."""
    head, dummy, actions = flow.partition("action")
    parts = [f"{name}={value}" if value else name for name, value in parts_of(head) if name not in ("cookie", "table")]
    protocols = [part for part in parts if _PROTOCOL.fullmatch(part.partition("=")[0])]
    for part in dict.fromkeys([*protocols, *([",".join(protocols)] if protocols else [])]):
        yield part, f"{part},actions=drop"
    for part in parts:
        if part not in protocols:
            yield part, ",".join([*protocols, part, "actions=drop"])
    for action in _COMMA.split(actions.partition("=")[2]):
        yield action.strip(), ",".join([*protocols, f"actions={action}"])


def actions_of_group(group: str) -> Iterator[tuple[str, str]]:
    """Yield (action, flow that does it) of what may be one in a group; other words are no flow."""
    for action in re.split(rf"bucket=|actions=|{_COMMA.pattern}", group.partition("bucket=")[2]):
        if action:
            yield action, f"actions={action}"


def in_words(versions: Collection[str]) -> str:
    """Return versions as "OpenFlow10, OpenFlow12 and later"."""
    first = len(PROTOCOLS)
    while first and PROTOCOLS[first - 1] in versions:
        first -= 1
    single = [version for version in PROTOCOLS[:first] if version in versions]
    rest = PROTOCOLS[first:]
    return ", ".join([*single, *([f"{rest[0]} and later" if rest[1:] else rest[0]] if rest else [])])

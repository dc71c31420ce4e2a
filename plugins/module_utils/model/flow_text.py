# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows as text in the normal form, in which two flows are the same if and only if their texts are.

The normal form is what ``ovs-ofctl dump-flows --no-stats --no-names`` prints, with commas alone between the parts:
``cookie=0x5,table=10,priority=100,arp,in_port=1,actions=output:2``. Open vSwitch makes it, of what is in the switch and
of what a user wrote; here lines are only cut and put together. Table 0 and priority 32768 go without saying.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FLAGS = ("send_flow_rem", "check_overlap", "reset_counts", "no_packet_counts", "no_byte_counts")
_PARSED = re.compile(
    r"\w+ \(.*?\): ADD"
    r"(?: table:(?:255|(?P<table>\d+)))?"  # 255: none was given
    rf"(?: (?!cookie:|idle:|hard:|importance:|actions=|{'|'.join(FLAGS)})(?P<match>\S+))?"
    r"(?: cookie:(?P<cookie>\w+))?"
    r"(?: idle:(?P<idle_timeout>\d+))?"
    r"(?: hard:(?P<hard_timeout>\d+))?"
    r"(?: importance:(?P<importance>\d+))?"
    r"(?P<flags>(?: [a-z_]+)*)"
    r" actions=(?P<actions>.*)"
)
# Where a port may stand by its name, in a match, a bucket and the actions; an action may also be the name alone.
_PORT = re.compile(
    r"(?P<before>\b(?:in_port|in_port_oxm|actset_output|output|resubmit|watch_port|port|sampling_port)[=:(]|"
    r"\bset_field:|(?P<enqueue>\benqueue:)|\b(?:actions?|bucket)\s*=\s*|[,(\s]\s*)"
    r'(?P<quote>"?)(?P<name>\w[\w.-]*)(?P=quote)(?(enqueue)(?=:)|(?=[,)\s]|->in_port\b|$))'
)
_GROUP_ID = re.compile(r"\bgroup_id[=:](0x[0-9a-fA-F]+|0|[1-9][0-9]*)(?![0-9a-zA-Z])")
_WORDS = frozenset(
    {
        *("ip", "ipv6", "ip6", "arp", "rarp", "icmp", "icmp6", "icmpv6", "tcp", "tcp6", "udp", "udp6", "sctp", "sctp6"),
        *("mpls", "mplsm", "drop", "normal", "flood", "all", "any", "none", "local", "in_port", "table", "controller"),
        *("exit", "pop_vlan", "strip_vlan", "pop_queue", "dec_ttl", "dec_mpls_ttl", "clear_actions", "ct", "ct_clear"),
        *("commit", "force", "nat", "random", "persistent", "hash", *FLAGS),
    }
)
_NOT_IDENTITY = ("cookie=", "idle_timeout=", "hard_timeout=", "importance=")


def dumped(output: str) -> list[str]:
    """Return the flows that ``ovs-ofctl dump-flows`` printed."""
    lines = output.replace(", ", ",").split("\n")
    return [line[1:].replace(" actions=", ",actions=", 1) for line in lines if line.startswith(" ")]


def parsed(line: str) -> str | None:
    """Return the flow of which ``ovs-ofctl parse-flows`` printed ``line``; None if it cannot read its own message."""
    match = _PARSED.fullmatch(line)
    if match is None:
        return None
    parts = [f"{name}={match[name]}" for name in ("cookie", "table", "idle_timeout", "hard_timeout") if match[name]]
    last = [f"importance={match['importance']}"] if match["importance"] else []
    last += [match["match"]] if match["match"] else []
    parts.append(" ".join([*match["flags"].split(), ",".join([*last, f"actions={match['actions']}"])]))
    return ",".join(parts)


def rule(flow: str) -> str:
    """Return what a table holds one flow of: table, priority and match."""
    head = re.split("[ ,]", flow.partition("actions=")[0])
    parts = [part for part in head if part and part not in FLAGS and not part.startswith(_NOT_IDENTITY)]
    return ",".join(parts if parts and parts[0].startswith("table=") else ["table=0", *parts])


def cookie_of(flow: str) -> int:
    return int(flow[7 : flow.index(",")], 16) if flow.startswith("cookie=") else 0


def dumped_groups(output: str) -> list[str]:
    """Return the groups that ``ovs-ofctl dump-groups`` printed."""
    return [line[1:] for line in output.split("\n") if line.startswith(" group_id=")]


def group_id_of(group: str) -> int | None:
    """Return the number of a group, None if its text does not say."""
    match = _GROUP_ID.search(group)
    return int(match[1], 0) if match else None


def with_port_numbers(text: str, ports: Mapping[str, str]) -> str:
    """Return a flow or group with the numbers of ports in the place of their names.

    Words that Open vSwitch knows stay what they are, as in its own parser: a port that is called like one of them is
    written by its number.
    """

    def number(match: re.Match[str]) -> str:
        name = match["name"]
        known = name.isdigit() or name.lower() in _WORDS or name not in ports
        return match[0] if known else match["before"] + ports[name]

    return _PORT.sub(number, text)

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
from collections.abc import Iterable

FLAGS = ("send_flow_rem", "check_overlap", "reset_counts", "no_packet_counts", "no_byte_counts")
_PARSED = re.compile(
    r"\w+ \(.*?\): ADD"
    r"(?: table:(?P<table>\d+))?"
    rf"(?: (?!cookie:|idle:|hard:|importance:|actions=|{'|'.join(FLAGS)})(?P<match>\S+))?"
    r"(?: cookie:(?P<cookie>\w+))?"
    r"(?: idle:(?P<idle_timeout>\d+))?"
    r"(?: hard:(?P<hard_timeout>\d+))?"
    r"(?: importance:(?P<importance>\d+))?"
    r"(?P<flags>(?: [a-z_]+)*)"
    r" actions=(?P<actions>.*)"
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


def without_cookie(flows: Iterable[str], cookie: str) -> list[str]:
    """Return the flows without the cookie that goes without saying."""
    spoken = f"cookie={cookie},"
    return [flow[len(spoken) :] if flow.startswith(spoken) else flow for flow in flows]

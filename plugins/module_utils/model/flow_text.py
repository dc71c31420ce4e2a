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

FLAGS = ("send_flow_rem", "check_overlap", "reset_counts", "no_packet_counts", "no_byte_counts")
_METER = r"(?m)^meter=.*(?:\n(?!meter=).+)*"
_NUMBER = {
    kind: rf"\b{name}[=:](0x[0-9a-fA-F]+|0|[1-9][0-9]*)(?![0-9a-zA-Z])"
    for kind, name in (("group", "group_id"), ("meter", "meter"))
}
_NOT_IDENTITY = ("idle_timeout=", "hard_timeout=", "importance=", *FLAGS)


def dumped(output: str) -> list[str]:
    """Return the flows that ``ovs-ofctl dump-flows`` printed."""
    for flag in FLAGS:
        if flag in output:
            output = output.replace(f"{flag} ", f"{flag},")
    lines = output.replace(", ", ",").replace(" actions=", ",actions=").split("\n")
    return [line[1:] for line in lines if line.startswith((" ", ",actions="))]


def rule(flow: str) -> str:
    """Return what a table holds one flow of: table, priority and match."""
    head = flow[: flow.find("actions=")].rstrip(",")
    if head.startswith("cookie="):
        head = head.partition(",")[2]
    table, dummy, rest = head.partition(",") if head.startswith("table=") else ("table=0", "", head)
    while rest.startswith(_NOT_IDENTITY):
        rest = rest.partition(",")[2]
    return f"{table},{rest}" if rest else table


def cookie_of(flow: str) -> int:
    return int(flow[7 : flow.index(",")], 16) if flow.startswith("cookie=") else 0


def dumped_groups(output: str) -> list[str]:
    """Return the groups that ``ovs-ofctl dump-groups`` printed."""
    return [line[1:] for line in output.split("\n") if line.startswith(" group_id=")]


def dumped_meters(output: str) -> list[str]:
    """Return the meters that ``ovs-ofctl dump-meters`` printed, each in the form of model/meter.py."""
    return [",".join(block.split()).replace("bands=,", "bands=") for block in re.findall(_METER, output)]


def number_of(kind: str, line: str) -> int | None:
    """Return the number of a group or meter; None if it says none, or if it is one of Open vSwitch's, with a name."""
    match = re.search(_NUMBER[kind], line)
    return int(match[1], 0) if match else None

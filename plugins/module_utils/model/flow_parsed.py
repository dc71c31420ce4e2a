# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ovs-ofctl's parser needs, and what it prints: port numbers instead of names, and flows in the normal form.

Apart from model/flow_text.py, since a task that finds nothing to do needs none of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import FLAGS

REQUESTS = frozenset({*FLAGS, "allow_hidden_fields"} - {"send_flow_rem"})  # about how a flow is added, not what it is
KEPT_THOUGH_WRONG = ("goto_table:255", "group:42949")  # out of range, and yet printed as they were written
_LOOKED_AT = ("table=254", "table=255", *REQUESTS, *KEPT_THOUGH_WRONG)  # what a flow may not say, even if it is kept
_PARSED = re.compile(
    r"\w+ \(.*?\): ADD"
    r"(?: table:(?:255|(\d+)))?"  # 255: none was given
    rf"(?: (?!cookie:|idle:|hard:|importance:|actions=|{'|'.join(FLAGS)})(\S+))?"
    r"(?: cookie:(\w+))?(?: idle:(\d+))?(?: hard:(\d+))?(?: importance:(\d+))?((?: [a-z_]+)*)"
    r" actions=(.*)"
)
# Where a port may stand by its name, in a match, a bucket and the actions; an action may also be the name alone.
_PORT = re.compile(
    r"(?P<before>\b(?:in_port|in_port_oxm|actset_output|output|resubmit|watch_port|port|sampling_port)[=:(]|"
    r"\bset_field:|(?P<enqueue>\benqueue:)|\b(?:actions?|bucket)\s*=\s*|[,(\s]\s*)"
    r'(?P<quote>"?)(?P<name>\w[\w.-]*)(?P=quote)(?(enqueue)(?=:)|(?=[,)\s]|->in_port\b|$))'
)
_WORDS = frozenset(
    {
        *("ip", "ipv6", "ip6", "arp", "rarp", "icmp", "icmp6", "icmpv6", "tcp", "tcp6", "udp", "udp6", "sctp", "sctp6"),
        *("mpls", "mplsm", "drop", "normal", "flood", "all", "any", "none", "local", "in_port", "table", "controller"),
        *("exit", "pop_vlan", "strip_vlan", "pop_queue", "dec_ttl", "dec_mpls_ttl", "clear_actions", "ct", "ct_clear"),
        *("commit", "force", "nat", "random", "persistent", "hash", *FLAGS),
    }
)


def parsed(line: str) -> str | None:
    """Return the flow of which ``ovs-ofctl parse-flows`` printed ``line``; None if it cannot read its own message."""
    found = _PARSED.fullmatch(line)
    if found is None:
        return None
    table, match, cookie, idle, hard, importance, flags, actions = found.groups()
    fields = (("cookie", cookie), ("table", table), ("idle_timeout", idle), ("hard_timeout", hard))
    parts = [f"{name}={value}" for name, value in fields if value]
    if flags:
        parts += flags.split()
    if importance:
        parts.append(f"importance={importance}")
    if match:
        parts.append(match)
    return ",".join([*parts, f"actions={actions}"])


def need_no_look(flows: Collection[str]) -> bool:
    """Say whether nothing can be wrong with those of these flows that are in the normal form already."""
    together = "\n".join(flows)
    return not any(word in together for word in _LOOKED_AT)


def is_normal(flow: str, line: str) -> bool:
    """Say whether ``parsed(line)`` is this flow, in a fifth of the time; of those with timeouts or flags it says no."""
    head, dummy, actions = flow.partition(",actions=")
    cookie, dummy, match = head.partition(",")
    if match.startswith("table="):
        match = match.replace("=", ":", 1).replace(",", " ", 1)
    return line.endswith(f"): ADD {match} cookie:{cookie[len('cookie=') :]} actions={actions}")


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

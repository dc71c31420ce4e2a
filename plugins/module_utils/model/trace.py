# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``ofproto/trace`` prints (ovs-vswitchd(8)): the rules that a packet passed, and what the datapath would do.

Where it goes is read from the lines ``Datapath actions:`` alone, one for each time that it passes the tables. The
other lines are for people; of them only the order of the tables, their rules and cookies are used, to explain.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(r"(?P<indent> *)(?P<text>.*)")
_BRIDGE = re.compile(r'bridge\("([^"]+)"\)')
_RULE = re.compile(
    r"(?P<table>\d+)\. "
    r"(?:(?:(?P<match>.*), )?priority (?P<priority>\d+)(?:, cookie (?P<cookie>0x[0-9a-f]+))?|(?P<none>.*))"
)
_RECIRCULATION = re.compile(r"recirc\((0x[0-9a-f]+)\) - ")
_ACTIONS = "Datapath actions: "
_PRINTED_INDENT = 4  # of a level
_FLOW_PORT = re.compile(r"Flow: .*?\bin_port=(\w+)")
_FLOW_VLAN = re.compile(r"Flow: .*?\bdl_vlan=(\d+)")
_LOCAL = 65534  # OFPP_LOCAL


class Rule(NamedTuple):
    """A rule that the packet met in a table, or, without a priority, that it met none."""

    bridge: str
    table: int
    match: str
    priority: int | None
    cookie: int
    steps: list[str]  # its actions and, behind ``->`` or ``>>``, remarks of the switch on them


class Trace(NamedTuple):
    vlans: tuple[int, ...]  # tags of the packet as it enters
    rules: list[Rule]
    passes: list[tuple[int, str]]  # (which recirculation it resumes, actions of the datapath)


def parse_trace(text: str) -> Trace:
    """Read a trace; ValueError if it says nothing of the datapath."""
    reader = _Reader()
    for line in text.splitlines():
        reader.read(line)
    if not reader.passes:
        raise ValueError("there is no line 'Datapath actions:'")
    tag = _FLOW_VLAN.match(text)
    return Trace((int(tag[1]),) if tag else (), reader.rules, reader.passes)


def entered_by(text: str) -> tuple[str, int]:
    """Return the bridge that the packet came to first, and the number of the OpenFlow port that took it."""
    bridge, port = _BRIDGE.search(text), _FLOW_PORT.match(text)
    if not bridge or not port:
        raise ValueError("it does not say where the packet enters")
    return bridge[1], _LOCAL if port[1] == "LOCAL" else int(port[1])


class _Reader:
    """Lines are indented below what they belong to."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.passes: list[tuple[int, str]] = []
        self._recirculation = 0
        self._bridges: list[tuple[int, str]] = []  # (level, name), the present one last
        self._open: list[tuple[int, Rule]] = []  # (level, rule) that the next line may belong to

    def read(self, line: str) -> None:
        match = _LINE.fullmatch(line)
        indent, text = (match["indent"], match["text"]) if match else ("", "")
        level = len(indent) // _PRINTED_INDENT
        bridge, rule, resumed = _BRIDGE.fullmatch(text), _RULE.fullmatch(text), _RECIRCULATION.match(text)
        if text.startswith(_ACTIONS):
            self.passes.append((self._recirculation, text[len(_ACTIONS) :]))
            self._bridges, self._open = [], []
        elif resumed:
            self._recirculation = int(resumed[1], 16)
        elif bridge:
            self._bridges = [item for item in self._bridges if item[0] < level] + [(level, bridge[1])]
        elif rule and self._bridges:
            self._meet(level, rule)
        elif text and not text.startswith("---"):
            self._note(level, text)

    def _meet(self, level: int, rule: re.Match[str]) -> None:
        self._bridges = self._bridges[:1] + [item for item in self._bridges[1:] if item[0] < level]
        self._open = [item for item in self._open if item[0] < level]
        priority = None if rule["priority"] is None else int(rule["priority"])
        steps = [rule["none"]] if rule["none"] else []
        met = Rule(
            self._bridges[-1][1],
            int(rule["table"]),
            rule["match"] or "",
            priority,
            int(rule["cookie"] or "0", 16),
            steps,
        )
        self.rules.append(met)
        self._open.append((level, met))

    def _note(self, level: int, text: str) -> None:
        owners = [rule for at, rule in self._open if at < level]
        if owners:
            owners[-1].steps.append(text)

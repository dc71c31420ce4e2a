# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From flows and groups as people write them to the form that the switch prints, by Open vSwitch's own parser.

``ovs-ofctl parse-flows`` turns a text into the message for the switch, and prints what the switch will read in it. So
nothing is sent that was not first seen as the switch will have it, and no text of a user reaches a bundle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import (
    NEWEST,
    ODD,
    Completed,
    NoBridgeError,
    OfCtl,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_parsed import (
    is_normal,
    need_no_look,
    parsed,
    with_port_numbers,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

_FATAL = re.compile(r"^ovs-ofctl: (?:-:(\d+): )?(.*)", re.MULTILINE)
_UNKNOWN_PORT = re.compile(
    r'^"?([^":]+)"?: (?:.*unknown port.*|invalid watch_port)|.*unknown truncate port: "?([^"]+)|unknown action (\S+)'
)
_REFUSED = re.compile(r"\*\*\*decode error: (\w+)\*\*\*")
_CHANGED_MATCH = re.compile(r"\| pre: (.*)\n.*\|post: (.*)")
_NO_MESSAGE = "no usable protocol"
_MOST_FAULTS = 20  # each costs a run of the parser, which ends at the first
_MANUALS = {
    "flows": "write it as in ovs-fields(7) and ovs-actions(7)",
    "groups": "write it as under Group Syntax in ovs-ofctl(8)",
}
_HINTS = {
    "OFPBMC_BAD_PREREQ": "a field needs others to be there too, as ct_nw_src needs ct_state=+trk-inv and ip",
    "OFPBMC_BAD_VALUE": "a number does not fit its field",
    "OFPBMC_BAD_WILDCARDS": "a value has bits that its mask leaves out",
    "OFPBAC_MATCH_INCONSISTENT": "an action needs a match of its protocol, as ip or tcp",
    _NO_MESSAGE: "an action needs a match of its protocol, as dec_ttl needs ip, or another version of OpenFlow",
}


def read_flows(ofctl: OfCtl, faults: Faults, flows: dict[int, str]) -> dict[int, str]:
    """Return the normal form of each flow, by its place in the task; record what is wrong with others."""
    return _Reading(ofctl, faults, "flows").flows(flows) if flows else {}


def read_groups(ofctl: OfCtl, faults: Faults, groups: dict[int, str]) -> dict[int, str]:
    """As ``read_flows``, for groups."""
    return _Reading(ofctl, faults, "groups").groups(groups)


class _Fatal(NamedTuple):
    """Where and why the parser gave up; the place is None if it does not say."""

    line: int | None
    said: str


class _PortsToCome(dict[str, str]):
    """The ports of a bridge that is not there yet: any may be, and no number is known."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "1"


class _Reading:
    def __init__(self, ofctl: OfCtl, faults: Faults, option: str) -> None:
        self._ofctl = ofctl
        self._faults = faults
        self._option = option
        self._ports: Mapping[str, str] | None = None

    def flows(self, texts: dict[int, str]) -> dict[int, str]:
        waiting = dict(texts)
        done = self._parse(waiting)
        for dummy in range(_MOST_FAULTS):
            fatal = _fatal(done)
            if fatal is None or not waiting:
                break
            if self._ports is None and _UNKNOWN_PORT.match(fatal.said):
                waiting = self._with_port_numbers(waiting)
            else:
                for index in self._culprits(waiting, fatal):
                    self._fault(index, fatal.said, waiting[index])
                    del waiting[index]
            done = self._parse(waiting)
        lines = [line for line in done.stdout.split("\n") if "_FLOW_MOD " in line]
        if len(lines) != len(waiting) and not self._faults:
            said = done.stderr.strip() or "nothing of it"
            raise BackendError(f"ovs-ofctl read {len(lines)} of {len(waiting)} flows, and says: {said}")
        sure = self._ofctl.protocol != ODD and need_no_look(waiting.values())
        read = {
            index: text if sure and is_normal(text, line) else self._checked(index, text, line)
            for (index, text), line in zip(waiting.items(), lines)
        }
        self._look_at_changes(done.stderr)
        return read

    def groups(self, texts: dict[int, str]) -> dict[int, str]:
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_check import group_faults_of

        read = {}
        for index, text in texts.items():
            done = self._ofctl.offline("parse-group", text)
            fatal = _fatal(done)
            if fatal and _UNKNOWN_PORT.match(fatal.said):
                text = self._with_port_numbers({index: text})[index]
                done = self._ofctl.offline("parse-group", text)
                fatal = _fatal(done)
            if fatal:
                self._fault(index, fatal.said, text)
                continue
            line, dummy, normal = done.stdout.rpartition("_GROUP_MOD ")[2].partition(" ADD ")
            if not normal:
                self._refused(index, line)
                continue
            read[index] = normal.strip()
            for fault in self._lost(text, read[index]) or group_faults_of(text, read[index]):
                self._faults.add(path_of(self._option, index), fault)
        return read

    def _parse(self, texts: Mapping[int, str]) -> Completed[str]:
        return self._ofctl.offline("parse-flows", "-", stdin="\n".join([*texts.values(), ""]))

    def _with_port_numbers(self, texts: Mapping[int, str]) -> dict[int, str]:
        if self._ports is None:
            try:
                self._ports = self._ofctl.ports()
            except NoBridgeError:
                self._ports = _PortsToCome()
        return {index: with_port_numbers(text, self._ports) for index, text in texts.items()}

    def _culprits(self, waiting: Mapping[int, str], fatal: _Fatal) -> list[int]:
        """Return the places of the texts that the parser gave up for; it names the line, but for a missing message."""
        indexes = list(waiting)
        if fatal.line is not None:
            return [indexes[fatal.line - 1]]
        if len(indexes) == 1:
            return indexes
        found = []
        for half in (indexes[: len(indexes) // 2], indexes[len(indexes) // 2 :]):
            part = {index: waiting[index] for index in half}
            again = _fatal(self._parse(part))
            if again and again.said == fatal.said:
                found += self._culprits(part, again)
        return found

    def _checked(self, index: int, text: str, line: str) -> str:
        """Return the normal form of a flow, of which the parser printed this line."""
        normal = parsed(line)
        if normal is None:
            self._refused(index, line)
            return text
        # Imported for who writes flows in other words: that alone takes as long as reading a thousand.
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_check import faults_of

        for fault in self._lost(text, normal) or faults_of(text, normal):
            self._faults.add(path_of(self._option, index), fault)
        return normal

    def _lost(self, text: str, normal: str) -> list[str]:
        """Return what the version would lose of a flow or group, which is all that there is to say of it then."""
        if self._ofctl.protocol == NEWEST:
            return []
        from ansible_collections.tenantry.sdn.plugins.module_utils.model import flow_versions

        if self._option == "groups":
            return list(flow_versions.lost_actions(text, self._ofctl.protocol))
        return list(flow_versions.lost(text, normal, self._ofctl.protocol))

    def _uncarried(self, text: str) -> list[str]:
        """Return what of a text no message of the version can carry, empty where it is not for the version."""
        from ansible_collections.tenantry.sdn.plugins.module_utils.model import flow_versions

        whole = self._parse({0: text}) if self._option == "flows" else self._ofctl.offline("parse-group", text)
        versions = flow_versions.usable(whole.stdout)
        found: dict[str, frozenset[str]] = {}
        parts = flow_versions.alone(text) if self._option == "flows" else flow_versions.actions_of_group(text)
        for part, flow in parts if versions else ():
            if not any(f",{bad}," in f",{flow}," for bad in found):
                done = self._parse({0: flow})
                if done.returncode and flow_versions.usable(done.stdout):
                    found[part] = flow_versions.usable(done.stdout)
        if versions and not found:
            found["this"] = versions
        return [flow_versions.fault(part, self._ofctl.protocol, can) for part, can in found.items()]

    def _refused(self, index: int, line: str) -> None:
        """Record that the switch would not understand the message that Open vSwitch made of a text."""
        code = _REFUSED.search(line)
        self._fault(index, code[1] if code else line)

    def _fault(self, index: int, said: str, text: str = "") -> None:
        """Record what Open vSwitch says of a text, and what to do about it."""
        uncarried = self._uncarried(text) if said == _NO_MESSAGE else []
        for fault in uncarried:
            self._faults.add(path_of(self._option, index), fault)
        if uncarried:
            return
        unknown = _UNKNOWN_PORT.match(said)
        name = unknown and (unknown[1] or unknown[2])
        hints = [hint for code, hint in _HINTS.items() if code in said]
        if name and name != "LOCAL":
            there = ", ".join(sorted(self._ports or {})[:10]) or "it has none"
            fault = f"the bridge has no port {name}; write a number, LOCAL or a name: {there}"
        else:
            fault = f"Open vSwitch says: {said.rstrip('.')}; {hints[0] if hints else _MANUALS[self._option]}"
        self._faults.add(path_of(self._option, index), fault)

    def _look_at_changes(self, notes: str) -> None:
        """Record what Open vSwitch says that it changes, if no flow was found to which it happens."""
        changed = _CHANGED_MATCH.search(notes)
        if changed and not self._faults:
            fault = (
                f"the match {changed[1] or 'of one'} would become {changed[2] or 'empty'}; write what its fields need"
            )
            self._faults.add(self._option, fault)


def _fatal(done: Completed[str]) -> _Fatal | None:
    if not done.returncode:
        return None
    found = _FATAL.search(done.stderr)
    line, said = (found[1], found[2]) if found else (None, done.stderr.strip())
    return _Fatal(None if line is None else int(line), said)

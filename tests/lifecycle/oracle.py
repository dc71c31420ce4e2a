# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces of packets that nobody sends, of any number at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guard_cases import PORT
from lifecycle_fabric import Fabric
from module_runner import run_module

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import read_intent, read_record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey, resume, travel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import lines, verdict
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

_DATAGRAM = {"proto": "udp", "port": PORT}


@dataclass
class Oracle:
    """Asks the switches of a twin, from outside, about any number of packets at once."""

    fabric: Fabric

    def intent(self) -> tuple[Intent, Names]:
        files = read_intent(str(self.fabric.intent_dir), str(self.fabric.record))
        intent, document = parse(files.raw), read_record(str(self.fabric.record))
        record = parse_record(document.value, document.origin) if document else Record()
        return intent, Names(intent, allocate(intent, record)[0])

    def journeys(self, questions: Sequence[Mapping[str, Any]]) -> list[Journey]:
        intent, _names = self.intent()
        ways = [travel(intent, parse_question(intent, {**_DATAGRAM, **item})) for item in questions]
        starts = {number: resume(way, []) for number, way in enumerate(ways)}
        found = {number: journey for number, (_visit, journey) in starts.items() if journey}
        waiting = {number: visit for number, (visit, _journey) in starts.items() if visit}
        while waiting:
            for number, answer in self._answers(waiting).items():
                try:
                    waiting[number] = ways[number].send(answer)
                except StopIteration as end:
                    found[number] = end.value
                    del waiting[number]
        return [found[number] for number in range(len(ways))]

    def _answers(self, visits: Mapping[int, Any]) -> dict[int, Any]:
        answers = {}
        for host in self.fabric.hypervisors:
            asked = {number: visit.inquiry for number, visit in visits.items() if visit.hypervisor == host}
            if asked:
                database = f"unix:/proc/{self.fabric.twin.pid(host)}/root/run/openvswitch/db.sock"
                task = {"bridge": "br-int", "packets": list(asked.values()), "database": database}
                answers.update(zip(asked, run_module("of_trace", task)["traces"]))
        return answers

    def told(self, sender: str, receiver: str, **more: Any) -> str:
        (journey,) = self.journeys([{"from": sender, "to": receiver, **more}])
        return verdict(self.intent()[1], journey)

    def permits(self, sender: str, receiver: str, **more: Any) -> list[str]:
        """Return the lines of a story that say what lets the packet pass, and the answer."""
        (journey,) = self.journeys([{"from": sender, "to": receiver, **more}])
        return [line.strip() for line in lines(self.intent()[1], journey) if " lets it pass" in line]

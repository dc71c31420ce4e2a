# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which rule of the intent groups let a packet pass: that of the connection, or of each packet by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sample_intent import raw
from test_tracing import answer, out, rule

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import resume, travel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import lines

CHANGE = """
fabric: {forwarding: static}
tenants:
  acme:
    security_groups:
      web: {rules: [{direction: ingress, protocol: udp}]}
      db:
        rules:
          - {direction: ingress, protocol: tcp, port: 22}
          - {direction: egress, protocol: tcp}
          - {direction: ingress, protocol: tcp, port: 3306, remote_group: web}
      each: {stateless: true, rules: [{direction: egress, protocol: tcp}, {direction: ingress, protocol: tcp}]}
    ports:
      web-1: {security_groups: [db, web]}
      web-2: {hypervisor: hv1, interface: tap8, security_groups: db}
      web-3: {hypervisor: hv1, network: web, ip: 10.1.1.23, interface: tap9, security_groups: each}
"""
INTENT = parse(raw(CHANGE))
NAMES = Names(INTENT, allocate(INTENT, Record())[0])


def judged(port: str, group: str) -> list[Mapping[str, Any]]:
    return [rule(Table.JUDGE_MEMBER, f"port acme.{port}"), rule(Table.JUDGE_RULE, f"group acme.{group}")]


def told(*groups: str, to: str = "web-2", port: int = 3306) -> list[str]:
    """Return what is said of groups: of the sender's and the receiver's, there and back."""
    device = {"web-2": "tap8", "web-3": "tap9"}[to]
    there = [*judged("web-1", groups[0]), *judged(to, groups[1])]
    back = [*judged(to, groups[2]), *judged("web-1", groups[3])]
    answers = [answer(out(device), rules=there), answer(out("tap0"), in_port=device, rules=back)]
    question = parse_question(INTENT, {"from": "acme.web-1", "to": f"acme.{to}", "proto": "tcp", "port": port})
    _visit, journey = resume(travel(INTENT, question), answers)
    assert journey is not None
    said = [line.split(": ")[1] for line in lines(NAMES, journey) if "judge_rule" in line]
    return [line.replace("tenants.acme.security_groups.", "") for line in said]


def test_an_answer_passes_by_the_rules_of_the_connection() -> None:
    assert told("db", "db", "db", "db") == [f"db.rules[{number}] lets it pass" for number in (1, 2, 2, 1)]


def test_a_group_that_says_nothing_of_egress_lets_all_out() -> None:
    assert told("web", "db", "db", "web") == [
        f"{part} lets it pass" for part in ("web.open_egress", "db.rules[2]", "db.rules[2]", "web.open_egress")
    ]


def test_stateless_groups_let_each_packet_pass_by_itself() -> None:
    assert told("db", "each", "each", "db", to="web-3") == [
        f"{part} lets it pass" for part in ("db.rules[1]", "each.rules[1]", "each.rules[0]", "db.rules[1]")
    ]


def test_a_flow_for_a_rule_that_the_intent_does_not_have() -> None:
    assert told("db", "web", "db", "db")[1] == "the intent has no such rule"

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trace says of plugs, which no switch can be asked about: what the intent says, and that it is that."""

from __future__ import annotations

from typing import Any

from sample_intent import raw
from test_tracing import answer, out

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey, resume, travel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import lines, verdict

CHANGE = """
fabric: {forwarding: plain, security_driver: ipset}
tenants:
  acme:
    security_groups:
      web: {rules: [{direction: egress, protocol: tcp, port: 3306}, {direction: egress, protocol: udp}]}
      db: {rules: [{direction: ingress, protocol: tcp, port: 3306, remote_group: web}]}
    ports:
      web-1: {security_groups: web}
      web-2: {hypervisor: hv1, interface: tap8, security_groups: db}
      web-3: {hypervisor: hv1, network: web, ip: 10.1.1.23, interface: tap9, security_groups: []}
"""
INTENT = parse(raw(CHANGE))
NAMES = Names(INTENT, allocate(INTENT, Record())[0])
DEVICE = {number: plug_links(f"acme.web-{number}").outer for number in (1, 2, 3)}


def follow(*answers: dict[str, Any], **asked: Any) -> Journey:
    question = parse_question(INTENT, {"from": "acme.web-1", "to": "acme.web-2", **asked})
    visit, journey = resume(travel(INTENT, question), answers)
    assert visit is None, f"{visit} is not answered"
    assert journey is not None
    return journey


def plugs(journey: Journey) -> list[str]:
    return [line.strip() for line in lines(NAMES, journey) if "plug" in line]


def test_what_both_plugs_let_pass_reaches_it_and_so_does_the_answer() -> None:
    there, back = answer(out(DEVICE[2]), in_port=DEVICE[1]), answer(out(DEVICE[1]), in_port=DEVICE[2])
    journey = follow(there, back, proto="tcp", port=3306)
    assert verdict(NAMES, journey) == "acme.web-1 reaches acme.web-2, and the answer comes back."
    assert plugs(journey) == [
        f"hv1: the plug of acme.web-{number} lets it pass, by tenants.acme.security_groups.{rule} of the intent; "
        "iptables is not asked"
        for number, rule in ((1, "web.rules[0]"), (2, "db.rules[0]"), (2, "db.rules[0]"), (1, "web.rules[0]"))
    ]


def test_what_the_senders_plug_drops_no_switch_is_asked_about() -> None:
    journey = follow(proto="tcp", port=80)
    assert verdict(NAMES, journey) == (
        "acme.web-1 does not reach acme.web-2: dropped by the plug of port acme.web-1, by the intent: no rule of its "
        "security groups (web) lets it send this."
    )
    assert plugs(journey) == ["hv1: the plug of acme.web-1 drops it, by the intent; iptables is not asked"]


def test_what_the_receivers_plug_drops_does_not_reach_it() -> None:
    journey = follow(answer(out(DEVICE[2]), in_port=DEVICE[1]), proto="udp", port=53)
    assert verdict(NAMES, journey) == (
        "acme.web-1 does not reach acme.web-2: dropped by the plug of port acme.web-2, by the intent: no rule of its "
        "security groups (db) lets it receive this."
    )
    assert follow(answer(out(DEVICE[3]), in_port=DEVICE[1]), to="acme.web-3", proto="udp", port=53).reaches is False


def test_a_copy_for_another_guest_ends_at_its_plug() -> None:
    flooded = answer(out(DEVICE[2]), out(DEVICE[3]), in_port=DEVICE[1])
    back = answer(out(DEVICE[1]), in_port=DEVICE[2])
    assert verdict(NAMES, follow(flooded, back, proto="tcp", port=3306)) == (
        "acme.web-1 reaches acme.web-2, and the answer comes back."
    )


def test_questions_for_addresses_pass_plugs() -> None:
    flooded = answer(out(DEVICE[2]), out(DEVICE[3]), in_port=DEVICE[1])
    back = answer(out(DEVICE[1]), in_port=DEVICE[2])
    said = verdict(NAMES, follow(flooded, back, proto="arp"))
    assert said == "acme.web-1 reaches acme.web-2, and the answer comes back. It also goes to acme.web-3."

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All flows of one hypervisor: what each table of the pipeline does, put together."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import firewalls
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows import respond, switch
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.guard import guard
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.judge import judge
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.receive import receive
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Remote, Segment, segments_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Flow, texts
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent


def learning_flows(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> list[str]:
    segments = list(segments_of(intent, allocations, hypervisor))
    flows = _common(intent, hypervisor, segments, learns=True)
    for segment in segments:
        flows += switch.learning(segment)
    return texts(flows)


def static_flows(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> list[str]:
    segments = list(segments_of(intent, allocations, hypervisor))
    flows = _common(intent, hypervisor, segments, learns=False)
    for segment in segments:
        remotes = _remotes(intent, segment.name, hypervisor)
        flows += respond.respond(segment, remotes)
        flows += switch.static(segment, remotes)
    return texts(flows)


def _common(intent: Intent, hypervisor: Hypervisor, segments: Sequence[Segment], learns: bool) -> list[Flow]:
    return [
        *receive(segments, learns),
        *guard(segments),
        *respond.pass_on(),
        *judge(segments, firewalls(intent, hypervisor.name)),
        *switch.output(),
    ]


def _remotes(intent: Intent, network: str, hypervisor: Hypervisor) -> list[Remote]:
    """Return the network's ports on other hypervisors."""
    hosts, here = intent.fabric.hypervisors, hypervisor.name
    return [Remote(port, hosts[port.hypervisor].vtep) for port in intent.ports_in[network] if port.hypervisor != here]

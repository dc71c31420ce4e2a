# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin as reconcile sees it: what is wanted, and the order in which one state becomes the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import (
    cables,
    inventory,
    namespaces,
    survey,
    switch,
    wiring,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import FABRIC, End, HostKey
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import Hypervisor, Wanted
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.state import State
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.survey import DOWN, INVENTORY, Thing

TwinPlan = Plan[Thing, str]

_QUICK = {  # below /proc/sys: no duplicate address detection, so that an address serves at once
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
}
_SETTINGS = {
    "endpoint": _QUICK,
    "hypervisor": {**_QUICK, **switch.SETTINGS},
    "fabric": {
        "net/ipv6/conf/default/disable_ipv6": "1",  # a switch says nothing of its own
        "net/bridge/bridge-nf-call-iptables": "0",
        "net/bridge/bridge-nf-call-ip6tables": "0",
        "net/bridge/bridge-nf-call-arptables": "0",
    },
}


class Twin:
    """The twin in ``state``, that shall be as ``wanted``; ``variables`` go into its inventory."""

    def __init__(self, state: State, wanted: Wanted, variables: Mapping[str, Any]) -> None:
        self._state = state
        self._mtu = wanted.mtu
        self._cables = {survey.cable_thing(cable.near): cable for cable in cables.cables_of(wanted)}
        self._vteps = {survey.vtep_thing(hypervisor.name): hypervisor for hypervisor in wanted.hypervisors}
        hypervisors = [HostKey("hypervisor", hypervisor.name) for hypervisor in wanted.hypervisors]
        endpoints = [HostKey("endpoint", endpoint.name) for endpoint in wanted.endpoints]
        self._hosts = {key: state.host(key) for key in [FABRIC, *hypervisors, *endpoints]}
        bridges = {cables.bridge_of(cable.segment) for cable in self._cables.values() if cable.segment}
        self._wanted: dict[Thing, str] = {
            **{survey.host_thing(key): survey.RUNNING for key in self._hosts},
            **{survey.segment_thing(bridge): survey.BRIDGE for bridge in bridges},
            **{thing: cable.description for thing, cable in self._cables.items()},
            **{thing: switch.alias(hypervisor, wanted.mtu) for thing, hypervisor in self._vteps.items()},
            INVENTORY: inventory.render(
                {key.name: self._hosts[key].pid_file for key in hypervisors},
                {key.name: self._hosts[key].pid_file for key in endpoints},
                variables,
            ),
        }

    def plan(self) -> TwinPlan:
        found = survey.read(self._state)
        for thing, cable in self._cables.items():
            if found.get(survey.host_thing(cable.far.host), DOWN) == DOWN:
                found.pop(thing, None)  # it dies with the host at its other end, if only in a moment
        return Plan.between(found, self._wanted)

    def apply(self, plan: TwinPlan) -> None:
        hosts = self._state.hosts()
        for key in _hosts_in(plan.delete):
            hosts.pop(key).stop()
        wiring.clear(hosts, self._in_the_way(plan))
        wiring.at_once(
            [partial(switch.forget_dead_devices, host) for key, host in hosts.items() if key.kind == "hypervisor"]
        )
        for key in _hosts_in(plan.after):
            namespaces.start(self._hosts[key], _SETTINGS[key.kind])
        wiring.lay(
            self._hosts,
            [thing[1] for thing in plan.create if thing[0] == "segment"],
            [self._cables[thing] for thing in plan.after if thing in self._cables],
        )
        wiring.at_once(
            [partial(self._configure_switch, self._vteps[thing]) for thing in plan.after if thing in self._vteps]
        )
        if INVENTORY in plan.after:
            self._state.write_inventory(plan.after[INVENTORY])

    def _configure_switch(self, hypervisor: Hypervisor) -> None:
        switch.configure(self._hosts[HostKey("hypervisor", hypervisor.name)], hypervisor, self._mtu)

    def _in_the_way(self, plan: TwinPlan) -> Iterator[End]:
        """Yield the devices of what goes, and those that may be left where a cable shall be laid."""
        for thing in {**plan.before, **plan.after}:
            if thing[0] == "cable":
                yield survey.near_end(thing)
            if thing in self._cables and thing in plan.after:
                yield self._cables[thing].far
        for thing in plan.delete:
            if thing[0] == "segment":
                yield End(FABRIC, thing[1])


def _hosts_in(things: Mapping[Thing, str]) -> list[HostKey]:
    return [HostKey(*thing[1:]) for thing in things if thing[0] == "host"]


def remove(state: State) -> None:
    """Remove a twin, whatever is left of it."""
    wiring.at_once(host.stop for host in state.hosts().values())
    state.remove()

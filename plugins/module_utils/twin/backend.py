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
    compiled,
    container,
    inventory,
    layer,
    namespaces,
    survey,
    switch,
    wiring,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import FABRIC, End, HostKey
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import (
    CONTAINER,
    NETDEV,
    Gateway,
    Hypervisor,
    Wanted,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.state import State
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.survey import INVENTORY, Thing

TwinPlan = Plan[Thing, str]

LAYER = HostKey("packages", "layer")

_QUICK = {  # below /proc/sys: no duplicate address detection, so that an address serves at once
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
}
_FABRIC = {
    "net/ipv6/conf/default/disable_ipv6": "1",  # a switch says nothing of its own
    "net/ipv4/ip_forward": "1",  # where its bridges have addresses it is the L3 core
    "net/ipv6/conf/all/forwarding": "1",
    "net/bridge/bridge-nf-call-iptables": "0",
    "net/bridge/bridge-nf-call-ip6tables": "0",
    "net/bridge/bridge-nf-call-arptables": "0",
}


class Twin:
    """The twin in ``state``, that shall be as ``wanted``; ``variables`` go into its inventory."""

    def __init__(self, state: State, wanted: Wanted, variables: Mapping[str, Any]) -> None:
        self._state = state
        self._mtu, self._datapath_type, self._driver = wanted.mtu, wanted.datapath_type, wanted.driver
        self._settings = {
            "endpoint": _QUICK,
            "hypervisor": {**_QUICK, **switch.SETTINGS[wanted.datapath_type]},
            "fabric": _FABRIC,
        }
        self._cables = {survey.cable_thing(cable.near): cable for cable in cables.cables_of(wanted)}
        self._vteps = {survey.vtep_thing(hypervisor.name): hypervisor for hypervisor in wanted.hypervisors}
        hypervisors = [HostKey("hypervisor", hypervisor.name) for hypervisor in wanted.hypervisors]
        endpoints = [HostKey("endpoint", endpoint.name) for endpoint in wanted.endpoints]
        self._packages = wanted.packages
        layers = [LAYER] if wanted.packages else []
        self._hosts = {key: state.host(key) for key in [*layers, FABRIC, *hypervisors, *endpoints]}
        bridges = {cables.bridge_of(cable.segment): Gateway() for cable in self._cables.values() if cable.segment}
        gateways = {cables.bridge_of(segment): its for segment, its in wanted.gateways.items()}
        self._segments = {survey.segment_thing(name): its for name, its in {**bridges, **gateways}.items()}
        self._wanted: dict[Thing, str] = {
            **{survey.host_thing(key): self._describe(key) for key in self._hosts},
            **{thing: survey.bridge(cables.gateway_alias(its)) for thing, its in self._segments.items()},
            **{thing: cable.description for thing, cable in self._cables.items()},
            **{thing: switch.describe(vtep, wanted.mtu, wanted.datapath_type) for thing, vtep in self._vteps.items()},
            INVENTORY: inventory.render(
                {key.name: self._hosts[key].pid_file for key in hypervisors},
                {key.name: self._hosts[key].pid_file for key in endpoints},
                self._hosts[FABRIC].pid_file,
                wanted,
                variables,
            ),
        }

    def _describe(self, key: HostKey) -> str:
        if key.kind != "hypervisor":
            return survey.running(self._packages)
        return survey.running(self._packages, self._datapath_type, self._driver)

    def plan(self) -> TwinPlan:
        found = survey.read(self._state)
        things = {key: survey.host_thing(key) for key in self._hosts}
        staying = {key for key, thing in things.items() if found.get(thing) == self._wanted[thing]}
        lasting = {thing: text for thing, text in found.items() if staying.issuperset(self._homes(thing))}
        return Plan.between(lasting, self._wanted)

    def _homes(self, thing: Thing) -> set[HostKey]:
        """Return the hosts that a thing dies with."""
        if thing[0] == "segment":
            return {FABRIC}
        if thing[0] == "VTEP":
            return {HostKey("hypervisor", thing[1])}
        if thing in self._cables:
            return {self._cables[thing].near.host, self._cables[thing].far.host}
        return {survey.near_end(thing).host} if thing[0] == "cable" else set()

    def apply(self, plan: TwinPlan) -> None:
        hosts = self._state.hosts()
        ending = [key for key in _hosts_in(plan.before) if hosts[key].keeper or survey.host_thing(key) in plan.delete]
        wiring.at_once([hosts.pop(key).stop for key in ending])
        resized = self._resized(plan)
        wiring.clear(hosts, self._in_the_way(plan, resized))
        if self._datapath_type == NETDEV:
            switches = [host for key, host in hosts.items() if key.kind == "hypervisor"]
            wiring.at_once([partial(switch.forget_dead_devices, host) for host in switches])
        compiled.prepare(self._state.compiled)
        for key in _hosts_in(plan.after):
            self._start(key)
        wiring.lay(
            self._hosts,
            [thing[1] for thing in plan.create if thing[0] == "segment"],
            [self._cables[thing] for thing in plan.after if thing in self._cables and thing not in resized],
        )
        wiring.resize(self._hosts, [self._cables[thing] for thing in resized])
        routed = {thing: its for thing, its in self._segments.items() if its.addresses or thing in plan.before}
        wiring.route(self._hosts[FABRIC], {thing[1]: its for thing, its in routed.items() if thing in plan.after})
        wiring.at_once(
            [partial(self._configure_switch, self._vteps[thing]) for thing in plan.after if thing in self._vteps]
        )
        if INVENTORY in plan.after:
            self._state.write_inventory(plan.after[INVENTORY])

    def _start(self, key: HostKey) -> None:
        host = self._hosts[key]
        if key == LAYER:
            layer.build(host, self._packages)
        else:
            driver = container if key.kind == "hypervisor" and self._driver == CONTAINER else namespaces
            driver.start(host, self._settings[key.kind], self._state.compiled, self._hosts.get(LAYER))
        host.describe(self._describe(key))

    def _configure_switch(self, hypervisor: Hypervisor) -> None:
        host = self._hosts[HostKey("hypervisor", hypervisor.name)]
        (container if self._driver == CONTAINER else switch).start_switch(host)
        switch.configure(host, hypervisor, self._mtu, self._datapath_type)

    def _resized(self, plan: TwinPlan) -> set[Thing]:
        """Return the cables that stay but for their MTU."""
        changed = {thing: texts for thing, texts in plan.update.items() if thing in self._cables}
        return {thing for thing, texts in changed.items() if cables.is_resized(*texts)}

    def _in_the_way(self, plan: TwinPlan, staying: set[Thing]) -> Iterator[End]:
        """Yield the devices of what goes, and those that may be left where a cable shall be laid."""
        for thing in {**plan.before, **plan.after}.keys() - staying:
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
    wiring.at_once([host.stop for host in state.hosts().values()])
    state.remove()

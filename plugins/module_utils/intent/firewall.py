# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor enforces of the tenants' security groups: only what its own ports need, whatever renders it.

A rule names whom it is about by a set of addresses, never by the addresses: a port that joins or leaves a group
changes sets, on the hypervisors alone whose ports have a rule about that group.
"""

from __future__ import annotations

import functools
import ipaddress
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import LONGEST_PREFIX, family, link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Rule, address_set, group_set
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import OPENFLOW, Intent, Port, Tenant
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

GROUPS_MAXIMUM = len(BITS)  # of a tenant on a hypervisor


class Firewall(NamedTuple):
    """Of one tenant on one hypervisor, and of its ports that remember connections or of those that do not."""

    tenant: str
    stateless: bool
    groups: Mapping[str, Sequence[Rule]]  # those that its ports here are in
    ports: Mapping[str, Sequence[Port]]  # by network: those here that are judged
    sets: Mapping[str, Mapping[str, Sequence[str]]]  # by network, by name: addresses and networks that rules refer to

    def rules_in(self, network: str) -> list[Rule]:
        """Return the rules of all ports here of a network."""
        names = sorted({group for port in self.ports[network] for group in port.groups or ()})
        return [rule for name in names for rule in self.groups[name]]

    @property
    def set_names(self) -> set[str]:
        return {name for sets in self.sets.values() for name in sets}


def firewalls(intent: Intent, hypervisor: str) -> dict[str, Firewall]:
    """Return the firewalls of one hypervisor by tenant, and those of stateless ports by its name and that word."""
    ports: dict[tuple[str, bool], dict[str, list[Port]]] = defaultdict(lambda: defaultdict(list))
    for port in intent.ports_of.get(hypervisor, ()):
        if port.groups is not None:
            ports[port.tenant, port.stateless][port.network].append(port)
    return {
        f"{tenant} stateless" if stateless else tenant: _firewall(intent, tenant, stateless, here)
        for (tenant, stateless), here in sorted(ports.items(), key=lambda item: item[0])
    }


def _firewall(intent: Intent, tenant: str, stateless: bool, ports: Mapping[str, Sequence[Port]]) -> Firewall:
    groups = intent.tenants[tenant].security.groups or {}
    names = sorted({group for here in ports.values() for port in here for group in port.groups or ()})
    firewall = Firewall(tenant, stateless, {name: groups[name] for name in names}, ports, {})
    sets = {
        network: {name: list(members(intent, tenant, network, name)) for name in sorted(_asked(firewall, network))}
        for network in sorted(ports)
    }
    return firewall._replace(sets=sets)


def _asked(firewall: Firewall, network: str) -> set[str]:
    return {rule.remote_set for rule in firewall.rules_in(network) if rule.remote_set}


def members(intent: Intent, tenant: str, network: str, name: str) -> Iterator[str]:
    """Yield the addresses of a tenant's set as seen in a network: of single ones as /32 and /128."""
    for group, addresses in intent.tenants[tenant].security.address_groups.items():
        if name == address_set(group):
            yield from addresses
    here = intent.networks[network]
    dual = any(subnet.family == 6 for subnet in here.subnets)
    for port in intent.ports_of_domain.get((tenant, here.domain), ()):
        if name in map(group_set, port.groups or ()):
            own = [address.partition("/")[0] for address in port.addresses]
            own += [link_local(port.mac)] * (dual and port.network == network)
            yield from (f"{address}/{LONGEST_PREFIX[family(address)]}" for address in dict.fromkeys(own))
            yield from dict.fromkeys(prefix for _mac, prefix in port.pairs)


def concerned(intent: Intent, group: str) -> set[str]:
    """Return the hypervisors that a change of a group's members, as ``tenant.group``, may change anything on."""
    tenant = intent.tenants[group.partition(".")[0]]
    name = group.partition(".")[2]
    speaking = {
        other
        for other, rules in (tenant.security.groups or {}).items()
        if any(rule.remote_set == group_set(name) for rule in rules)
    }
    return {port.hypervisor for port in tenant.ports.values() if not {name, *speaking}.isdisjoint(port.groups or ())}


def covered(found: Mapping[str, Collection[int]]) -> dict[str, set[int]]:
    """Return what is said of each network together with what is said of those that it lies in."""
    networks = {_key(prefix): set(values) for prefix, values in found.items()}
    wide = sorted({(version, length) for version, length, _start in networks if length < LONGEST_PREFIX[version]})
    result = {}
    for prefix in found:
        version, length, start = _key(prefix)
        result[prefix] = set(networks[version, length, start])
        for family_, shorter in wide:
            if family_ == version and shorter < length:
                rest = LONGEST_PREFIX[version] - shorter
                result[prefix] |= networks.get((version, shorter, start >> rest << rest), set())
    return result


@functools.cache  # each host that has a rule about a group asks for all of its members
def _key(prefix: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(prefix)
    return network.version, network.prefixlen, int(network.network_address)


def refuse_groups(faults: Faults, intent: Intent) -> None:
    """Record security groups that nothing would enforce, or more than the flows of a hypervisor can tell apart."""
    if intent.fabric.security_driver != OPENFLOW:
        _refuse_unguarded(faults, intent)
        return
    for tenant in intent.tenants.values():
        security, path = tenant.security, f"tenants.{tenant.name}.security_groups"
        if security.groups is None:
            continue
        if not intent.fabric.has_pipeline:
            faults.add(
                path,
                f"forwarding {intent.fabric.forwarding} has no flows that enforce them; set fabric.security_driver to "
                "ipset, or fabric.forwarding to learning or static, or remove them",
            )
        elif len(security.groups) + len(security.address_groups) > GROUPS_MAXIMUM:
            _refuse_crowds_of_groups(faults, tenant, path)


def _refuse_unguarded(faults: Faults, intent: Intent) -> None:
    """Record networks where a guest could get what is for another tenant's, as long as no switch has learned it."""
    if not intent.fabric.has_pipeline:
        what = f"tenants share it, and forwarding {intent.fabric.forwarding} may send all of them what is for one"
        for network in intent.shared_networks:
            if network.routed:
                continue  # nothing of it is switched
            faults.add(network.whole_path, f"{what}; set fabric.forwarding to learning or static")


def _refuse_crowds_of_groups(faults: Faults, tenant: Tenant, path: str) -> None:
    here: dict[str, set[str]] = defaultdict(set)
    for port in tenant.ports.values():
        here[port.hypervisor].update(port.groups or ())
    for host, groups in sorted(here.items()):
        sets = {rule.remote_set for rule in tenant.security.rules_of(groups)} - {None}
        for count, what in ((len(groups), "groups have ports"), (len(sets), "groups are referred to")):
            if count > GROUPS_MAXIMUM:
                more = f"the flows of a hypervisor tell {GROUPS_MAXIMUM} of a tenant apart"
                faults.add(path, f"{count} {what} on {host}; {more}, so use fewer there, or split the tenant")

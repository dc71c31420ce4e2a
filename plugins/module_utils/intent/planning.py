# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says beside the states: how much each host has, and which inputs its state is a function of.

A host need not be compiled again if all that its state is a function of is as it was (``inputs``). That is:

- the code, and the whole fabric: forwarding, ranges, all hypervisors, shared networks, profiles, exports;
- the tenants that have a port on the host, each whole, and the ids of their networks;
- those that have a port in a network that the host has one in, as tenants share some networks;
- the OpenFlow port numbers of the host.

Tenants are otherwise unknown to each other. A mirror names ports of any tenant, so with mirrors nothing is known, and
every host is compiled. tests/unit/intent/test_planning.py holds it against every intent of the tests: without the
tenants that are not named here, each host's state is the same.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Priority, Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import spread_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import TUNNEL_TYPES, Intent
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import FIGURES

Digest = Callable[[str], str]

_SHOWN = 10  # hosts that people are told by name


def figures_of(state: Mapping[str, Any]) -> list[int]:
    """Return what a host has, in the order of FIGURES.

    Tunnels are ports, those to all peers among them. Sets are IP sets; elements and rules are those of IP sets and
    iptables or, where flows enforce security groups, the flows that stand for them.
    """
    firewall, flows = state["firewall"], state["flows"]
    chains = [*firewall["zones"]["chains"], *firewall["rules"]["chains"]]
    return [
        sum(len(mesh["remotes"]) for mesh in state["networks"])
        + sum(port.get("type") in TUNNEL_TYPES for port in state["ports"]),
        len(flows),
        len(firewall["sets"]),
        sum(len(one["members"]) for one in firewall["sets"]) + _count(flows, Table.JUDGE_REMOTE, Priority.MISS),
        sum(len(chain["rules"]) for chain in chains) + _count(flows, Table.JUDGE_RULE, Priority.LATER_FRAGMENT),
    ]


def _count(flows: Sequence[str], table: Table, fixed: Priority) -> int:
    """Return the number of a table's flows, but for those of the priority, which every host has."""
    return sum(f",table={table:d}," in flow and f",priority={fixed:d}," not in flow for flow in flows)


def summary_of(intent: Intent, figures: Iterable[Sequence[int]]) -> dict[str, Any]:
    """Return how much there is in all, and of each figure how it spreads over the hosts."""
    columns = list(zip(*figures)) or [()] * len(FIGURES)
    return {
        "hypervisors": len(intent.fabric.hypervisors),
        "tenants": len(intent.tenants),
        "networks": len(intent.networks),
        "ports": len(intent.guests),
        "per_host": {name: asdict(spread_of(Counter(column))) for name, column in zip(FIGURES, columns)},
    }


def words(summary: Mapping[str, Any], hosts: int, concerned: Sequence[str]) -> list[str]:
    """Return what people are told of a plan."""
    named = f": {listed(concerned, _SHOWN)}" if concerned else ""
    return [
        f"{len(concerned)} of {hosts} hosts are not as planned{named}",
        *(_spread(name, summary["per_host"][name]) for name in FIGURES),
    ]


def _spread(name: str, one: Mapping[str, Any]) -> str:
    return f"{name} of a host: {one['min']} to {one['max']}, {one['mean']} on average, 99 % have at most {one['p99']}"


def inputs_of(
    intent: Intent, allocations: Allocations, raw: Mapping[str, Any], code: str, digest: Digest
) -> dict[str, str]:
    """Return a hash of all that the state of each hypervisor is a function of; none where that is not known."""
    if intent.fabric.monitoring.mirrors:
        return {}
    open_to_all = [*intent.shared_networks, *intent.external_networks]
    common = [
        code,
        raw["fabric"],
        [asdict(allocations[network.name]) for network in open_to_all if network.name in allocations],
    ]
    shared = digest(_text(common))
    hashes = {name: digest(_text([raw["tenants"][name], _ids(intent, allocations, name)])) for name in intent.tenants}
    near = neighbours(intent)
    return {
        host: digest(_text([shared, host, [hashes[name] for name in near[host]], allocations.ofports(host)]))
        for host in intent.fabric.hypervisors
    }


def neighbours(intent: Intent) -> Mapping[str, list[str]]:
    """Return the tenants of which the state of each hypervisor is a function."""
    networks: dict[str, set[str]] = defaultdict(set)  # of each hypervisor
    tenants: dict[str, set[str]] = defaultdict(set)  # of each network
    for port in intent.ports:
        networks[port.hypervisor].add(port.network)
        tenants[port.network].add(port.tenant)
    return {
        host: sorted({tenant for network in networks[host] for tenant in tenants[network]})
        for host in intent.fabric.hypervisors
    }


def _ids(intent: Intent, allocations: Allocations, tenant: str) -> list[dict[str, Any]]:
    return [asdict(allocations[network.name]) for network in intent.tenants[tenant].networks.values()]


_text = json.JSONEncoder(sort_keys=True, default=str).encode

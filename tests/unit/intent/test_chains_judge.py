# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What compiled chains do to packets, walked through by hand: it is what the groups say, and on the way from one intent
to the next never what neither says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import FROM, TO, Names, Place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, End, lets
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    EGRESS,
    INGRESS,
    PROTOCOLS,
    TCP,
    UDP,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port

NAMES, PLACE = Names("dc1"), Place("acme", "acme.app")
GROUPS = ("red", "green", "blue")
ANSWERED = 40000  # port that connections are opened from
ADDRESSES = {name: (f"10.1.0.{number}", f"fd00:1::{number}") for number, name in enumerate("abc", 1)}
Chains = Mapping[str, Sequence[Mapping[str, Any]]]
Sets = Mapping[str, frozenset[str]]


class Packet(NamedTuple):
    """Of a connection from one port to another; back, if it is an answer."""

    sender: str
    target: str
    connection: Connection
    back: bool

    @property
    def port(self) -> int:
        """The port that the packet itself goes to."""
        return self.connection.port if not self.back else ANSWERED

    @property
    def ends(self) -> tuple[str, str]:
        """Where the packet itself comes from and goes to."""
        ends = self.connection.source, self.connection.target
        return ends if not self.back else ends[::-1]


remotes = st.one_of(
    st.just({}),
    st.builds(lambda name: {"remote_group": name}, st.sampled_from(GROUPS)),
    st.builds(lambda cidr: {"remote_cidr": cidr}, st.sampled_from(["10.1.0.1/32", "10.1.0.0/31", "fd00:1::2/127"])),
    st.just({"remote_address_group": "some"}),
)
services = st.sampled_from(
    [
        *({}, {"protocol": "tcp"}, {"protocol": "tcp", "port": "80-81"}, {"protocol": "udp", "port": 80}),
        {"protocol": "tcp", "port": "32768-60999"},
    ]
)
rules = st.builds(
    lambda direction, service, remote: {"direction": direction, **service, **remote},
    st.sampled_from([INGRESS, EGRESS]),
    services,
    remotes,
)
tenants = st.builds(
    lambda groups, members, stateless: {
        "networks": {"app": {"type": "gre", "subnet": ["10.1.0.0/24", "fd00:1::/64"]}},
        "address_groups": {"some": ["10.1.0.3", "fd00:1::3"]},
        "security_groups": {name: {"rules": its, "stateless": stateless} for name, its in zip(GROUPS, groups)},
        "ports": {
            name: {"hypervisor": "hv1", "network": "app", "ip": list(ADDRESSES[name]), "security_groups": its}
            for name, its in zip(ADDRESSES, members)
        },
    },
    st.tuples(*[st.lists(rules, max_size=3)] * len(GROUPS)),
    st.tuples(*[st.lists(st.sampled_from(GROUPS), unique=True, max_size=2)] * len(ADDRESSES)),
    st.booleans(),
)


def compiled(tenant: dict[str, Any]) -> tuple[Intent, Chains, Sets]:
    fabric = {"name": "dc1", "segments": {"tunnel": "5000-5999"}, "hypervisors": {"hv1": {"vtep": "10.0.0.1"}}}
    intent = parse({"fabric": {**fabric, "security_driver": "ipset"}, "tenants": {"acme": tenant}})
    wall = compile_host(intent, allocate(intent, Record())[0], "hv1")["firewall"]
    chains = {chain["name"]: chain["rules"] for chain in wall["rules"]["chains"]}
    return intent, chains, {one["name"]: frozenset(one["members"]) for one in wall["sets"]}


def packets() -> Iterator[Packet]:
    for (sender, target), protocol, number, version, back in product(
        permutations(ADDRESSES, 2), (TCP, UDP), (80, 81, 82), (0, 1), (False, True)
    ):
        connection = Connection(protocol, ADDRESSES[sender][version], ADDRESSES[target][version], number)
        yield Packet(sender, target, connection, back)


def passes(chains: Chains, sets: Sets, port: str, way: str, packet: Packet) -> bool:
    """Walk a packet through the chain of a port."""
    return _verdict(chains, sets, NAMES.port(way, f"acme.{port}"), packet) == "ACCEPT"


def _verdict(chains: Chains, sets: Sets, name: str, packet: Packet) -> str | None:
    for rule in chains[name]:
        if _matches(sets, rule, packet):
            target = rule["target"]
            verdict = _verdict(chains, sets, target, packet) if target in chains else target
            if verdict:
                return verdict
    return None


def _matches(sets: Sets, rule: Mapping[str, Any], packet: Packet) -> bool:
    connection, (source, target) = packet.connection, packet.ends
    first, _dash, last = rule.get("ctorigdstport", "0-65535").partition("-")
    return (
        "ctstate" not in rule
        and rule.get("ctdir", "REPLY" if packet.back else "ORIGINAL") == ("REPLY" if packet.back else "ORIGINAL")
        and rule.get("ctproto", str(connection.protocol)) == str(connection.protocol)
        and int(first) <= connection.port <= int(last)
        and rule.get("family", f"ipv{family(source)}") == f"ipv{family(source)}"
        and all(_within(connection.source, rule[key]) for key in ("ctorigsrc",) if key in rule)
        and all(_within(connection.target, rule[key]) for key in ("ctorigdst",) if key in rule)
        and _matches_itself(rule, packet)
        and all((source if one["direction"] == "src" else target) in sets[one["set"]] for one in rule.get("sets", ()))
    )


def _matches_itself(rule: Mapping[str, Any], packet: Packet) -> bool:
    ranges = [text.partition("-")[::2] for text in rule.get("destination_ports", ())]
    return (
        PROTOCOLS.get(rule.get("protocol", ""), packet.connection.protocol) == packet.connection.protocol
        and (not ranges or any(int(first) <= packet.port <= int(last) for first, last in ranges))
        and _within(packet.ends[0], rule.get("source", packet.ends[0]))
        and _within(packet.ends[1], rule.get("destination", packet.ends[1]))
    )


def _within(address: str, network: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def said(intent: Intent, port: Port, packet: Packet) -> bool:
    """Say what the groups of one end let pass, by the rules themselves."""

    def end(name: str) -> End:
        own = intent.tenants["acme"].ports[name]
        return End("acme", intent.tenants["acme"].security, own.groups, ADDRESSES[name])

    connection, here, there = packet.connection, end(packet.sender), end(packet.target)
    if port.stateless:
        own = Connection(connection.protocol, *packet.ends, packet.port)
        here, there = (there, here) if packet.back else (here, there)
        is_sender = packet.ends[0] in ADDRESSES[port.name.partition(".")[2]]
        return lets(EGRESS, here, there, own.target, own) if is_sender else lets(INGRESS, there, here, own.source, own)
    if port.name == f"acme.{packet.sender}":
        return lets(EGRESS, here, there, connection.target, connection)
    return lets(INGRESS, there, here, connection.source, connection)


def judgements(packet: Packet) -> Iterator[tuple[str, str]]:
    """Yield the plugs that a packet passes, and its way there."""
    first, last = (packet.sender, packet.target) if not packet.back else (packet.target, packet.sender)
    yield from ((first, FROM), (last, TO))


@settings(deadline=None, max_examples=60)
@given(tenants)
def test_chains_let_pass_what_the_groups_say(tenant: dict[str, Any]) -> None:
    intent, chains, sets = compiled(tenant)
    for packet in packets():
        for name, way in judgements(packet):
            wanted = said(intent, intent.tenants["acme"].ports[name], packet)
            assert passes(chains, sets, name, way, packet) == wanted, (name, way, packet)


@settings(deadline=None, max_examples=60)
@given(tenants, tenants)
def test_on_the_way_to_another_intent_nothing_passes_that_neither_allows(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """As role security_group goes: members leave, rules change, members join."""
    (_old, old, had), (_new, new, have) = compiled(before), compiled(after)
    fewer = {**had, **{name: had.get(name, its) & its for name, its in have.items()}}
    for packet in packets():
        for name, way in judgements(packet):
            allowed = passes(old, had, name, way, packet) or passes(new, have, name, way, packet)
            steps = [passes(old, fewer, name, way, packet), passes(new, fewer, name, way, packet)]
            assert allowed or not any(steps), (name, way, packet)


def test_the_order_matters() -> None:
    """If members joined before the rules changed, an old rule would speak of a new member."""
    ports = {name: {"hypervisor": "hv1", "network": "app", "ip": list(ADDRESSES[name])} for name in "ab"}
    network = {"app": {"type": "gre", "subnet": ["10.1.0.0/24", "fd00:1::/64"]}}
    tenant = [
        {
            "networks": network,
            "ports": {"a": {**ports["a"], "security_groups": mine}, "b": {**ports["b"], "security_groups": ["green"]}},
            "security_groups": {"red": {}, "green": {"rules": [{"direction": INGRESS, **asks, "remote_group": "red"}]}},
        }
        for mine, asks in (([], {"protocol": "tcp", "port": 80}), (["red"], {"protocol": "tcp", "port": 81}))
    ]
    (_old, old, had), (_new, new, have) = map(compiled, tenant)
    packet = Packet("a", "b", Connection(TCP, ADDRESSES["a"][0], ADDRESSES["b"][0], 80), back=False)
    assert NAMES.members(PLACE, "group red", 4) in had.keys() & have.keys()
    assert not passes(old, had, "b", TO, packet)
    assert not passes(new, have, "b", TO, packet)
    assert passes(old, have, "b", TO, packet)

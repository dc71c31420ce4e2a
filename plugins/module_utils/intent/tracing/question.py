# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a user asks to the packet that it is about, in the names of the intent."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.crossing import Crossing, router_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import (
    PROTOCOLS,
    QUESTIONS,
    SOURCE_PORT,
    WITH_PORTS,
    Packet,
    destination,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.routes import (
    Route,
    from_outside,
    near,
    seen_from,
    stranger,
    to_address,
    to_port,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    integer,
    mac_address,
    one_of,
    shown,
)

_NEAREST = 3  # names that may have been meant
_SHOWN = 5  # addresses that a message lists
_FAMILY = {"arp": 4, "nd": 6}  # of the addresses that they ask for


@dataclass(frozen=True)
class Question:
    """What happens to ``packet``, if ``sender`` sends it to ``receiver``?"""

    sender: Port
    receiver: Port
    packet: Packet
    honest: bool  # the packet has the sender's own addresses and no tag
    crossings: tuple[Crossing, ...] = ()  # the routers between them


def parse_question(intent: Intent, given: Mapping[str, Any]) -> Question:
    """Return what is asked, or raise InvalidInput with all faults."""
    faults = Faults()
    sender, receiver = _ends(faults, intent, given)
    if sender and receiver and sender.name == receiver.name:
        faults.add("to", f"{sender.name} is where the packet comes from; write another port")
    protocol = faults.parse("proto", one_of(PROTOCOLS), given.get("proto") or "icmp")
    tp_dst = _tp_dst(faults, protocol, given.get("port"))
    src_mac = _optional(faults, given, "src_mac", mac_address)
    src_ip = _optional(faults, given, "src_ip", ip_address)
    vlan = _optional(faults, given, "vlan", integer(0, 4095))  # 0 is a tag without a VLAN (IEEE 802.1Q)
    wanted = _optional(faults, given, "family", _version) or (family(src_ip) if src_ip else None)
    found = None
    if sender and receiver and sender.name != receiver.name and protocol:
        found = _addresses(faults, sender, receiver, protocol, wanted)
    faults.raise_any()
    sender, receiver = cast(Port, sender), cast(Port, receiver)
    protocol, (source, target) = cast(str, protocol), cast("tuple[str, str]", found)
    packet = Packet(
        protocol=protocol,
        dl_src=src_mac or sender.mac,
        dl_dst="",
        source=src_ip or source,
        target=target,
        tp_src=SOURCE_PORT if tp_dst else 0,
        tp_dst=tp_dst or 0,
        vlans=() if vlan is None else (vlan,),
    )
    route = _route(faults, intent, sender, receiver, packet)
    _refuse_other_gateways(faults, intent, route, protocol, family(target))
    faults.raise_any()
    hears = route.crossings[0].entry if route.crossings else route.receiver
    packet = replace(packet, dl_dst=destination(protocol, hears.mac if hears else "", target))
    addresses = {address.partition("/")[0] for address in sender.addresses}
    honest = packet.dl_src == sender.mac and packet.source in addresses and not packet.vlans
    return Question(sender, route.receiver, packet, honest, route.crossings)


def _ends(faults: Faults, intent: Intent, given: Mapping[str, Any]) -> tuple[Port | None, Port | None]:
    """Return both ends, with the addresses that the packet may have; who is outside as if it was a port."""
    ports = {port.name: port for port in intent.guests}
    source, target = (_address(given.get(key)) if ports else "" for key in ("from", "to"))
    external = next((network for network in intent.external_networks if network.name == given.get("to")), None)
    sender = stranger(intent, source, [source]) if source else _end(faults, ports, "from", given, "the port that sends")
    receiver: Port | None = None
    if target:
        receiver = stranger(intent, target, [target])
    elif external and source:
        faults.add(
            "to", f"{source} and {external.name} are both outside; write a port, or a public address of a router"
        )
    elif external and sender:
        receiver = _beyond(faults, intent, sender, external)
    elif not external:
        receiver = _end(faults, ports, "to", given, "the port that it is for")
    if receiver and source and not target:
        receiver = _as_seen(faults, intent, receiver, source)
    return sender, receiver


def _address(given: Any) -> str:
    """Return an IP address, '' if it is none."""
    try:
        return ip_address(given)
    except ValueError:
        return ""


def _as_seen(faults: Faults, intent: Intent, receiver: Port, source: str) -> Port | None:
    """Return a guest with the addresses by which somebody outside reaches it."""
    addresses = seen_from(intent, receiver, source)
    if not addresses:
        what = f"{receiver.name} has no address at which {source} reaches it"
        faults.add("to", f"{what}; write the public address, if a port forward or a load balancer leads to it")
        return None
    return replace(receiver, addresses=tuple(addresses))


def _route(faults: Faults, intent: Intent, sender: Port, receiver: Port, packet: Packet) -> Route:
    """Return the way between two ends, of which strangers are known by their names."""
    ports = {port.name: port for port in intent.guests}
    here, there = ports.get(sender.name), ports.get(receiver.name)
    packet = replace(packet, protocol="icmp") if packet.protocol in QUESTIONS else packet
    try:
        if here is None:
            return from_outside(intent, there, packet)
        there = there or near(intent, here, packet.target)
        if there is here:
            raise ValueError(f"{packet.target} is where the packet comes from; write another address")
        if there:
            _refuse_pods(faults, intent, here, there)
        return to_port(intent, here, there, packet) if there else to_address(intent, here, packet, receiver.name)
    except ValueError as error:
        faults.add("to", str(error))
        return Route(receiver)


def _refuse_pods(faults: Faults, intent: Intent, sender: Port, receiver: Port) -> None:
    """Record ends between which others route than Open vSwitch."""
    here, there = intent.networks[sender.network], intent.networks[receiver.network]
    routed = sorted({port.name for port in (sender, receiver) if port.routed})
    if routed:
        what = f"hypervisors route what is of {' and '.join(routed)}, without Open vSwitch, which is traced"
        faults.add("to", f"{what}; measure with the playbook verify")
    elif here.shared and here.domain == there.domain and here is not there:
        faults.add(
            "to",
            f"{receiver.name} is in pod {there.pod}, and {sender.name} in {here.pod}: L3 switches are between them, "
            "which a trace does not ask; write a port of the same pod, or measure with the playbook verify",
        )


def _beyond(faults: Faults, intent: Intent, sender: Port, external: Network) -> Port | None:
    """Return who routes in an external network, as if it was a port."""
    router = router_of(intent, sender.network)
    if router is None or not router.outside or router.outside.network != external.name:
        what = f"no router leads from {sender.network} to {external.name}"
        faults.add("to", f"{what}; write a port, or give it one")
        return None
    return stranger(intent, external.name, external.gateways)


def _refuse_other_gateways(faults: Faults, intent: Intent, route: Route, protocol: str, version: int) -> None:
    """Record that a packet does not go to the routers between its ends, or the answer to it does not."""
    for crossing in route.crossings:
        router = crossing.router.name
        if protocol in QUESTIONS:
            what = f"router {router} is between them, and passes no {protocol} on"
            faults.add("proto", f"{what}; write another one, or ports of one network")
            return
        for key, leg in (("from", crossing.entry), ("to", crossing.exit)):
            if leg and not crossing.router.is_gateway_of(leg.network, intent.networks[leg.network].gateways, version):
                what = f"guests of {leg.network} have another gateway than router {router}, which a trace cannot ask"
                faults.add(key, f"{what}; measure with the playbook verify")


def _end(faults: Faults, ports: Mapping[str, Port], key: str, given: Mapping[str, Any], what: str) -> Port | None:
    if not given.get(key):
        faults.add(key, f"missing; write {what}, as '{next(iter(ports), 'acme.web-1')}'")
        return None
    name = faults.parse(key, _port_name(ports), given[key])
    return ports[name] if name else None


def _port_name(known: Collection[str]) -> Parser[str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            near = difflib.get_close_matches(str(value), known, _NEAREST)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"known are {listed(sorted(known), _SHOWN) or 'none'}"
            )
            raise ValueError(f"{shown(value)} is no port of this intent; {hint}")
        return str(value)

    return parse


def _tp_dst(faults: Faults, protocol: str | None, given: Any) -> int | None:
    if protocol is None:
        return None
    if protocol in WITH_PORTS and given is None:
        faults.add("port", f"missing; a {protocol} packet is for one, so write a number from 1 to 65535")
    elif given is not None and protocol not in WITH_PORTS:
        faults.add("port", f"{protocol} has none; leave it out, or write proto as one of {', '.join(WITH_PORTS)}")
    elif given is not None:
        return faults.parse("port", integer(1, 65535), given)
    return None


def _optional(faults: Faults, given: Mapping[str, Any], key: str, parser: Parser[Any]) -> Any:
    return None if given.get(key) is None else faults.parse(key, parser, given[key])


def _version(value: Any) -> int:
    if str(value) not in ("4", "6"):
        raise ValueError(f"{shown(value)} is no version of IP; write 4 or 6")
    return int(value)


def _addresses(
    faults: Faults, sender: Port, receiver: Port, protocol: str, wanted: int | None
) -> tuple[str, str] | None:
    """Return an address of each, of one family: the wanted one, else IPv4 if both have it."""
    allowed = {family for family in (_FAMILY.get(protocol), wanted) if family}
    own, other = _by_family(sender), _by_family(receiver)
    common = [version for version in (4, 6) if version in own and version in other and allowed <= {version}]
    if common:
        return own[common[0]], other[common[0]]
    what = f"an IPv{allowed.pop()} address" if len(allowed) == 1 else "an address of one family"
    faults.add(
        "to",
        f"{sender.name} and {receiver.name} do not both have {what}, which this packet needs: {_listed(sender)} and "
        f"{_listed(receiver)}; ask about another packet, or give them addresses in the intent",
    )
    return None


def _by_family(port: Port) -> dict[int, str]:
    """Return the first address of each family."""
    return {family(address): address.partition("/")[0] for address in reversed(port.addresses)}


def _listed(port: Port) -> str:
    return listed([address.partition("/")[0] for address in port.addresses], _SHOWN)

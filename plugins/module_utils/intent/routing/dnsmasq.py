# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dnsmasq (dnsmasq(8)) serves in the network namespace of a router: DHCP, DNS, router advertisements.

Guests are in files of their own, which it reads again without being started anew.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Dhcp, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.legs import leg_name
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network, Port

CONFIGURATION, LEASES, NAMES = "dnsmasq.conf", "dnsmasq.leases", "dnsmasq.names"
_ADVERTISED = 30  # seconds between router advertisements; a router that is gone is given up after 90
_OPTIONS = {3: "router", 6: "dns-server", 26: "mtu"}


def files(
    router: Router,
    networks: Sequence[Network],
    guests: Mapping[str, Sequence[Port]],
    mtus: Mapping[str, int],
    folder: str,
) -> dict[str, str]:
    """Return the files by name, none if no network asks for a service; ``folder`` is where they will be."""
    served = [network for network in networks if network.service.dhcp or network.service.dns]
    if not served:
        return {}
    return {
        CONFIGURATION: _text(_configuration(router, served, mtus, folder)),
        LEASES: _text(sorted(_leases(served, guests))),
        NAMES: _text(sorted(_names(served, guests))),
    }


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _configuration(router: Router, served: Sequence[Network], mtus: Mapping[str, int], folder: str) -> Iterator[str]:
    yield from (
        "bind-dynamic",
        "except-interface=lo",
        "no-resolv",
        "no-hosts",
        "no-poll",
        "domain-needed",
        "bogus-priv",
    )
    yield from (
        "dhcp-authoritative",
        "leasefile-ro",
        f"dhcp-hostsfile={folder}/{LEASES}",
        f"addn-hosts={folder}/{NAMES}",
    )
    zones = {network.service.dns.zone: None for network in served if network.service.dns}
    yield from (f"local=/{zone}/" for zone in zones)
    forwarders = {
        server: None for network in served if network.service.dns for server in network.service.dns.forwarders
    }
    yield from (f"server={server}" for server in forwarders)
    if any(network.service.dhcp and _subnets(network, 6) for network in served):
        yield "enable-ra"
    for network in served:
        yield from _network(router, network, mtus[network.name])


def _network(router: Router, network: Network, mtu: int) -> Iterator[str]:
    own = router_links(leg_name(router, network.name)).inner
    tag = network.name.partition(".")[2]
    dhcp, dns = network.service.dhcp, network.service.dns
    yield f"interface={own}"
    if not dhcp:
        yield f"no-dhcp-interface={own}"
        return
    for part in network.subnets:
        yield f"dhcp-range=set:{tag},{_range(part, dhcp)},{dhcp.lease_time}"
    yield from (f"dhcp-option=tag:{tag},{option}" for option in _options(router, network, dhcp, mtu))
    if dns:
        yield from (f"domain={dns.zone},{part.text}" for part in network.subnets)
    if _subnets(network, 6):
        lifetime = 0 if network.service.gateways else 3 * _ADVERTISED  # 0: no default router (RFC 4861 4.2)
        yield f"ra-param={own},mtu:{mtu},{_ADVERTISED},{lifetime}"


def _range(part: Subnet, dhcp: Dhcp) -> str:
    if part.family == 6:
        return f"{ipaddress.IPv6Address(part.first)},static,{part.prefix}"
    netmask = ipaddress.ip_network(part.text).netmask
    ends = dhcp.range
    if ends and all(part.contains(4, int(ipaddress.ip_address(end))) for end in ends):
        return f"{ends[0]},{ends[1]},{netmask}"
    return f"{ipaddress.IPv4Address(part.first)},static,{netmask}"


def _options(router: Router, network: Network, dhcp: Dhcp, mtu: int) -> Iterator[str]:
    gateways = [address.partition("/")[0] for address in network.gateways]
    own = [address.partition("/")[0] for address in router.gateways[network.name]]
    yield from (f"option:{_OPTIONS[3]},{address}" for address in gateways if family(address) == 4)
    if network.service.dns:
        yield from (f"option:{_OPTIONS[6]},{address}" for address in own if family(address) == 4)
        yield from (f"option6:{_OPTIONS[6]},[{address}]" for address in own if family(address) == 6)
    else:
        yield f"option:{_OPTIONS[6]}"  # none, where dnsmasq would say itself
    yield f"option:{_OPTIONS[26]},{mtu}"
    yield from (f"{number},{value}" for number, value in sorted(dhcp.options.items()))


def _subnets(network: Network, version: int) -> list[Subnet]:
    return [part for part in network.subnets if part.family == version]


def _leases(served: Iterable[Network], guests: Mapping[str, Sequence[Port]]) -> Iterator[str]:
    """Yield what each guest gets, by its MAC address; one whom nobody knows gets nothing."""
    for network in served:
        for guest in guests.get(network.name, ()) if network.service.dhcp else ():
            addresses = [address.partition("/")[0] for address in guest.addresses]
            shown = [f"[{address}]" if family(address) == 6 else address for address in addresses]
            yield ",".join([guest.mac, *shown, guest.name.partition(".")[2]])


def _names(served: Iterable[Network], guests: Mapping[str, Sequence[Port]]) -> Iterator[str]:
    """Yield lines as those of hosts(5)."""
    for network in served:
        dns = network.service.dns
        if not dns:
            continue
        for guest in guests.get(network.name, ()):
            for address in guest.addresses:
                yield f"{address.partition('/')[0]} {guest.name.partition('.')[2]}.{dns.zone}"
        for name, addresses in dns.records.items():
            yield from (f"{address} {name}.{dns.zone}" for address in addresses)

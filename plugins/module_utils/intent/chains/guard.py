# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard at a plug, where forwarding has none: a guest sends IPv4 and IPv6 with its own addresses alone.

By ARP and neighbour discovery it speaks of these alone. Frames with tags and of other protocols pass no plug.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, link_local, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.permits import FAMILIES, Values
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Port

_SERVERS = (("ipv4", 67, 68), ("ipv6", 547, 546))  # ports of DHCP: RFC 2131, RFC 8415

_SOLICITATION = 135  # whether an address is free is asked without one (RFC 4862)
_ADVERTISED = {"protocol": "icmpv6", "icmp_type": 136}  # RFC 4861


def no_servers() -> Iterator[Values]:
    """Yield what drops the answers of DHCP servers."""
    for version, server, client in _SERVERS:
        yield {
            **{"family": version, "protocol": "udp", "source_ports": [server], "destination_ports": [client]},
            "target": "DROP",
        }


def own_arp(port: Port) -> list[Values]:
    """Return what a port may say by ARP that it has."""
    own = [(port.mac, address.partition("/")[0]) for address in port.addresses]
    identities = dict.fromkeys((*own, *((mac, plain_address(prefix)) for mac, prefix in port.pairs)))
    return [{"mac": mac, "ip": address} for mac, address in identities if family(address) == 4]


def own_advertisements(port: Port) -> Iterator[Values]:
    """Yield what lets a packet of a port go on that says whose an address is: one of its own."""
    for address in _discovered(port):
        yield {**_ADVERTISED, "nd_target": address, "target": "RETURN"}
    yield {**_ADVERTISED, "target": "DROP", "comment": f"of others than port {port.name}"}


def _discovered(port: Port) -> list[str]:
    """Return the IPv6 addresses that a port may have, of which some may be networks."""
    own = [address.partition("/")[0] for address in port.addresses]
    found = dict.fromkeys((*own, link_local(port.mac), *(plain_address(prefix) for _mac, prefix in port.pairs)))
    return [address for address in found if family(address) == 6]


def own_addresses(port: Port) -> Iterator[Values]:
    """Yield what lets a packet of a port go on: its own addresses, those of its pairs, and none to ask for one."""
    own = [address.partition("/")[0] for address in port.addresses]
    for mac, address in dict.fromkeys([*((port.mac, one) for one in (*own, link_local(port.mac))), *port.pairs]):
        source = plain_address(address) if "/" in address else address
        only = {"family": FAMILIES[family(address)]}
        yield {**only, **({} if source.endswith("/0") else {"source": source}), "mac_source": mac, "target": "RETURN"}
    yield {
        **{"protocol": "udp", "source": "0.0.0.0", "destination": "255.255.255.255"},
        **{"source_ports": [68], "destination_ports": [67], "mac_source": port.mac, "target": "RETURN"},
    }
    for address in _discovered(port):
        probe = {"protocol": "icmpv6", "icmp_type": _SOLICITATION, "source": "::", "nd_target": address}
        yield {**probe, "mac_source": port.mac, "target": "RETURN"}
    yield {"target": "DROP", "comment": f"addresses that are not of port {port.name}"}

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router on two hypervisors has beside: VRRP (RFC 5798), and tables of connections that agree.

keepalived(8) gives the addresses to one of the two. conntrackd(8) keeps the other's table of connections as that one's,
straight in its kernel. Both talk over a network of the router's own, which no guest is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTER_NOTES, router_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.legs import leg_name, link_address

KEEPALIVED, CONNTRACKD = "keepalived.conf", "conntrackd.conf"
PORT = 3780  # UDP, of conntrackd
_INTERVAL = 0.3  # seconds between advertisements; after three of them the other takes over
_HIGHEST = 100  # priority
_STARTUP = 3  # seconds in which one that comes back hears the other, which keeps the addresses


def files(router: Router, host: str) -> dict[str, str]:
    """Return the files by name; none for a router on one hypervisor."""
    if not router.redundant:
        return {}
    return {KEEPALIVED: _text(_keepalived(router, host)), CONNTRACKD: _text(_conntrackd(router, host))}


def floating(router: Router) -> dict[str, list[str]]:
    """Return the addresses that one of the two has, by the interface that they are on."""
    if not router.redundant:
        return {}
    found = {_interface(router, network): list(addresses) for network, addresses in router.gateways.items()}
    if router.outside:
        found[_interface(router, router.outside.network)] = list(router.outside_addresses)
    return found


def _interface(router: Router, network: str) -> str:
    return router_links(leg_name(router, network)).inner


def _text(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _block(name: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _ends(router: Router, host: str) -> tuple[str, str]:
    """Return the addresses of both on the network of their own, this one first."""
    here = router.hypervisors.index(host)
    return link_address(here), link_address(1 - here)


def _keepalived(router: Router, host: str) -> Iterator[str]:
    """One address is in the advertisements (RFC 5798 5.2.9), which have not room for all."""
    own, other = _ends(router, host)
    addresses = [f"{address} dev {name}" for name, held in sorted(floating(router).items()) for address in held]
    first = next((line for line in addresses if family(line) == 4), "")
    yield from _block(
        "global_defs",
        [
            f"router_id {router.name}",
            *("vrrp_version 3", "vrrp_check_unicast_src", "enable_script_security"),
            f"vrrp_startup_delay {_STARTUP}",
            *("vrrp_garp_master_delay 1", "vrrp_garp_master_repeat 3", "vrrp_garp_master_refresh 30"),
        ],
    )
    routes = [f"{to} via {via} no_track" for to, via in router.hops]
    yield from _block(
        "vrrp_instance router",
        [
            *("state BACKUP", "nopreempt"),  # whoever has the addresses keeps them
            f"interface {_interface(router, router.link_network)}",
            "virtual_router_id 1",
            f"priority {_HIGHEST - router.hypervisors.index(host)}",
            f"advert_int {_INTERVAL}",
            f"unicast_src_ip {own}",
            *_block("unicast_peer", [other]),
            *_block("virtual_ipaddress", [first]),
            *_block("virtual_ipaddress_excluded", [line for line in addresses if line != first]),
            *(_block("virtual_routes", routes) if routes else ()),
            f'notify_master "/usr/local/lib/tenantry/router master {router.name}" root',
        ],
    )


def _conntrackd(router: Router, host: str) -> Iterator[str]:
    own, other = _ends(router, host)
    notes = f"{ROUTER_NOTES}/{router.name}"
    interface = _interface(router, router.link_network)
    udp = [f"IPv4_address {own}", f"IPv4_Destination_Address {other}", f"Port {PORT}", f"Interface {interface}"]
    ignored = [f"IPv4_address {address}" for address in ("127.0.0.1", own, other)]
    mode = _block("Mode FTFW", ["DisableExternalCache On"])
    yield from _block("Sync", [*mode, *_block("UDP", [*udp, "Checksum on"])])
    yield from _block(
        "General",
        [
            *("HashSize 8192", "HashLimit 65536", "LogFile off", "Syslog on"),
            f"LockFile {notes}/conntrackd.lock",
            *_block("UNIX", [f"Path {notes}/conntrackd.ctl"]),
            *_block("Filter From Userspace", [*_block("Address Ignore", ignored)]),
        ],
    )

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests at routed ports that never stop sending: what their groups allow, and what they may not say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from lifecycle_fabric import Fabric
from streams import ALLOWED, DENIED, Stream

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import IPV4, IPV6, ethernet, udp_packet
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import tap_mac

ROUTED = {"5": ("hv1", "web"), "6": ("hv1", "db"), "7": ("hv2", "db"), "8": ("hv2", "web")}
EDGE = {4: "10.9.0.", 6: "fd00:9::"}


def add_routed_ports(fabric: Fabric) -> None:
    """Add a network of routed ports to the intent."""
    fabric.fabric["networks"] = {"edge": {"type": "routed", "subnet": ["10.9.0.0/24", "fd00:9::/64"]}}
    for number, described in enumerate(fabric.fabric["hypervisors"].values(), 1):
        described["next_hop"] = f"fd00:5::{number}"
    for number, (host, group) in ROUTED.items():
        addresses = [f"{prefix}{number}" for prefix in EDGE.values()]
        port = {"hypervisor": host, "network": "edge", "ip": addresses, "security_groups": [group]}
        fabric.tenants["a"]["ports"][number] = port


def routed_streams() -> Iterator[Stream]:
    for sender, receiver, port, source in (
        *((one, two, number, one) for one in "58" for two in "67" for number in (ALLOWED, DENIED)),
        *(("6", "5", ALLOWED, "6"), ("7", "5", ALLOWED, "7"), ("5", "7", ALLOWED, "8"), ("5", "6", ALLOWED, "8")),
    ):
        is_allowed = port == ALLOWED and sender == source and sender in "58"
        for version, prefix in EDGE.items():
            name = f"{sender} to {receiver}, port {port} as {source}, IPv{version}"
            build = partial(routed_datagram, f"a.{sender}", f"{prefix}{source}", f"{prefix}{receiver}", port)
            yield Stream(name, f"a.{sender}", f"a.{receiver}" if is_allowed else "", build)


def routed_datagram(sender: str, source: str, target: str, port: int, mark: bytes) -> bytes:
    """Return a datagram of a guest in a frame to its hypervisor."""
    own = default_mac(sender)
    return ethernet(tap_mac(own), own, IPV6 if ":" in source else IPV4, udp_packet(source, target, 40000, mark, port))

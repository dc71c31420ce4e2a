# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tunnel leaves of the underlay's MTU to its tenants.

The outer Ethernet header is not part of an MTU, the inner one is, and IP is never fragmented by us: an endpoint with
a larger MTU sees its large packets vanish.
"""

from __future__ import annotations

IPV6_MINIMUM = 1280  # bytes; RFC 8200 section 5
WIREGUARD = 20 + 8 + 32  # bytes: IPv4, UDP, and what WireGuard puts around a packet (its paper, 5.4.6)
IPSEC = 20 + 8 + 8 + 16 + 17 + 32  # bytes: IPv4, UDP, and of ESP (RFC 4303) header, longest vector, padding and check
IPV4_MINIMUM = 576  # bytes; what every IPv4 host must be able to receive, RFC 1122 3.3.2

_INNER_ETHERNET = 14
_OUTER_IP = {4: 20, 6: 40}  # RFC 791, RFC 8200: without options
_ENCAPSULATION = {
    "gre": 4 + 4,  # header (RFC 2784) and key (RFC 2890)
    "vxlan": 8 + 8,  # UDP and VXLAN (RFC 7348)
    "geneve": 8 + 8,  # UDP and Geneve without options (RFC 8926)
}


def overhead(kind: str, underlay_family: int) -> int:
    """Return the bytes of the underlay's MTU that a network of this type takes; an untunneled one takes none."""
    if kind not in _ENCAPSULATION:
        return 0
    return _OUTER_IP[underlay_family] + _ENCAPSULATION[kind] + _INNER_ETHERNET

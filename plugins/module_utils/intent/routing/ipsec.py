# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPsec of a router: its arguments of the module virtual_router, and what other sites reach of the router."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ipsec import Site
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPSEC
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router

DEVICE = '"ipsec0"'  # strongSwan's name for it


def arguments(router: Router, outer_mtu: int) -> dict[str, Any]:
    """Return what the module is told of the router's IPsec, nothing if it has none."""
    if not router.sites or not router.outside:
        return {}
    sites = [_site(site) for site in sorted(router.sites, key=lambda site: site.name)]
    return {"ipsec": {"address": router.outside.address, "mtu": outer_mtu - IPSEC, "sites": sites}}


def _site(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "remote": site.remote,
        "local_id": site.local_id,
        "remote_id": site.remote_id,
        "local_subnets": list(site.local_subnets),
        "remote_subnets": list(site.remote_subnets),
        "psk": site.psk,
        "ike_proposals": list(site.ike_proposals),
        "esp_proposals": list(site.esp_proposals),
    }


def let_in(router: Router, outside: str) -> Iterator[str]:
    """Yield the rules for what reaches the router itself: other sites outside, pings in the tunnel."""
    if router.sites and router.outside:
        remotes = ", ".join(sorted(site.remote for site in router.sites))
        to = f"ip saddr {{ {remotes} }} ip daddr {router.outside.address}"
        yield f"iifname {outside} {to} udp dport {{ 500, 4500 }} accept"
        yield f"iifname {DEVICE} icmp type echo-request accept"
        yield f"iifname {DEVICE} icmpv6 type echo-request accept"

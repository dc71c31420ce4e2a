# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what a router says of a VPN of type ipsec: another site, and the networks of both that it joins."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import network_or_address, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ipsec import Site
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPSEC, IPV6_MINIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.vpn_values import (
    Placed,
    joined_networks,
    mtu_in_tunnel,
    secret_name,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec_input import ike_id
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec_proposals import (
    ESP,
    IKE,
    esp_proposal,
    ike_proposal,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import text

_KEYS = (
    *("type", "remote", "remote_subnets", "networks", "psk", "ike_proposals", "esp_proposals"),
    *("local_id", "remote_id", "description"),
)
_PORTS = (500, 4500)  # UDP: RFC 7296 2, RFC 3948


def parse_site(
    around: Surroundings, path: str, name: str, given: Any, router: Router, inside: Mapping[str, Network]
) -> tuple[Site, list[Placed]]:
    """Return the site, and the networks behind it."""
    section = Section(around.faults, path, given, _KEYS)
    section.optional("description", text, "")
    _claim_ports(around, router)
    remote = section.required("remote", _address, "198.51.100.9")
    behind = _behind(around, section)
    networks = joined_networks(section, router)
    here = [part for network in inside.values() if network.name in networks for part in network.subnets]
    families = {part.family for part in here} & {part.family for _path, part in behind}
    _refuse_loops(around, section, router, remote, behind)
    _refuse_idle(around, section, router, here, behind)
    around.claims.claim(("site", router.name), remote, section.path_to("remote"), "write the networks of both in one")
    remote_id = section.optional("remote_id", ike_id, remote or "")
    around.claims.claim(
        ("site id", router.name), remote_id or None, section.path_to("remote_id"), "each end has a name of its own"
    )
    return Site(
        name=name,
        remote=remote or "",
        local_id=section.optional("local_id", ike_id, router.outside.address if router.outside else "") or "",
        remote_id=remote_id or "",
        local_subnets=sorted(part.text for part in here if part.family in families),
        remote_subnets=sorted(part.text for _path, part in behind if part.family in families),
        networks=networks,
        psk=section.required("psk", secret_name, "acme-branch") or "",
        ike_proposals=_proposals(section, "ike_proposals", ike_proposal, IKE),
        esp_proposals=_proposals(section, "esp_proposals", esp_proposal, ESP),
    ), behind


def _claim_ports(around: Surroundings, router: Router) -> None:
    """Claim the ports of IKE and of packets in UDP, which all sites of a router share."""
    if router.outside:
        for port in _PORTS:
            path, remedy = f"{router.path}.vpn", "IPsec has the ports 500 and 4500"
            around.claims.claim(("udp", router.outside.address), port, path, remedy)


def _address(value: Any) -> str:
    address = unicast_address(value)
    if ":" in address:
        raise ValueError(f"'{address}' is of IPv6, and routers are outside by IPv4; write an IPv4 address")
    return address


def _behind(around: Surroundings, section: Section) -> list[Placed]:
    if section.required("remote_subnets", lambda value: value, "192.168.60.0/24") is None:
        return []
    path, value = section.path_to("remote_subnets"), section.value("remote_subnets")
    return each(around.faults, path, value, lambda given: subnet(network_or_address(given)))


def _proposals(section: Section, key: str, parser: Any, default: Sequence[str]) -> Sequence[str]:
    if key not in section:
        return default
    return [proposal for _path, proposal in each(section.faults, section.path_to(key), section.value(key), parser)]


def _refuse_loops(
    around: Surroundings, section: Section, router: Router, remote: str | None, behind: list[Placed]
) -> None:
    """Record another end that is reached by the tunnel itself, or is the router."""
    if not remote:
        return
    path = section.path_to("remote")
    if router.outside and remote == router.outside.address:
        around.faults.add(path, f"{remote} is this router's own address; write the other site's")
    for other, part in behind:
        if part.contains(4, int(ipaddress.IPv4Address(remote))):
            what = f"{remote} lies in {part.text} of {other}, so the tunnel would lead into itself"
            around.faults.add(path, f"{what}; write the other site's address outside")


def _refuse_idle(
    around: Surroundings, section: Section, router: Router, here: list[Subnet], behind: list[Placed]
) -> None:
    """Record networks of a family that the other side has none of, or that the tunnel is too narrow for."""
    mtu = mtu_in_tunnel(around, router, IPSEC)
    for path, part in behind:
        if here and part.family not in {own.family for own in here}:
            what = f"{part.text} is of IPv{part.family}, and the networks here have none of it"
            around.faults.add(path, f"{what}; leave it out, or give {section.path_to('networks')} a subnet of it")
        elif part.family == 6 and mtu < IPV6_MINIMUM:
            remedy = f"set fabric.mtu to {around.fabric.mtu + IPV6_MINIMUM - mtu} or more, or leave it out"
            what = f"the tunnel has an MTU of {mtu} here, and IPv6 needs {IPV6_MINIMUM} (RFC 8200)"
            around.faults.add(path, f"{what}; {remedy}")

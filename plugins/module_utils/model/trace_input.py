# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the packets that it asks about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.datapath import Tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    one_of,
    path_of,
    shown,
    text,
)

MOST_PACKETS = 1000  # each is traced by the thread of ovs-vswitchd that handles new flows, OpenFlow and OVSDB
_CT_STATES = frozenset({"new", "est", "rel", "rpl", "inv", "trk", "snat", "dnat"})  # ovs-fields(7)
_ELSEWHERE = re.compile(r"(?:^|[\s,])(in_port|tun_id|tun_src|tun_dst|tun_ipv6_src|tun_ipv6_dst)\s*[=,]")


class Inquiry(NamedTuple):
    """A packet, and how it comes to the bridge: by a port, or through a tunnel."""

    in_port: str | None
    tunnel: Tunnel | None
    flow: str
    ct_states: tuple[str, ...]  # of its passes through conntrack, in this order


def parse_inquiries(params: Mapping[str, Any]) -> tuple[str, list[Inquiry]]:
    """Return the bridge and the packets, or raise InvalidInput with all faults."""
    faults = Faults()
    bridge = faults.parse("bridge", interface_name, params["bridge"]) or ""
    faults.parse("timeout", integer(1, 3600), params["timeout"])
    given = params["packets"]
    if not 1 <= len(given) <= MOST_PACKETS:
        faults.add("packets", f"{len(given)} packets; write 1 to {MOST_PACKETS} of them")
    inquiries = [_inquiry(faults, path_of("packets", index), item) for index, item in enumerate(given)]
    faults.raise_any()
    return bridge, inquiries


def _inquiry(faults: Faults, path: str, given: Mapping[str, Any]) -> Inquiry:
    in_port, tunnel = given.get("in_port"), given.get("tunnel")
    if (in_port is None) == (tunnel is None):
        faults.add(path, "write either in_port or tunnel: how the packet comes to the bridge")
    states = given.get("ct_states") or []
    return Inquiry(
        in_port=None if in_port is None else faults.parse(f"{path}.in_port", interface_name, in_port),
        tunnel=None if tunnel is None else _tunnel(faults, f"{path}.tunnel", tunnel),
        flow=faults.parse(f"{path}.flow", _flow, given["flow"]) or "",
        ct_states=tuple(
            faults.parse(path_of(f"{path}.ct_states", index), _ct_state, item) or ""
            for index, item in enumerate(states)
        ),
    )


def _tunnel(faults: Faults, path: str, given: Mapping[str, Any]) -> Tunnel:
    kind = faults.parse(f"{path}.type", one_of(KEY_BITS), given["type"]) or ""
    source = faults.parse(f"{path}.tun_src", unicast_address, given["tun_src"]) or ""
    target = faults.parse(f"{path}.tun_dst", unicast_address, given["tun_dst"]) or ""
    key = integer(0, 2 ** KEY_BITS.get(kind, 32) - 1)
    if source and target and family(source) != family(target):
        faults.add(f"{path}.tun_dst", f"{target} and tun_src {source} are of different families; write two of one")
    return Tunnel(kind, faults.parse(f"{path}.tun_id", key, given["tun_id"]) or 0, source, target)


def _flow(value: Any) -> str:
    """Parse the fields of a packet, which Open vSwitch reads next."""
    flow = text(value).strip()
    elsewhere = _ELSEWHERE.search(flow)
    if elsewhere:
        raise ValueError(f"{shown(flow)} holds {elsewhere[1]}; write it as an option of the packet, in_port or tunnel")
    if not flow.isascii() or not flow:
        raise ValueError(f"{shown(flow)} is no packet; write its fields as in ovs-fields(7), as 'tcp,nw_dst=10.1.1.20'")
    return flow


def _ct_state(value: Any) -> str:
    """Parse flags to the way ``--ct-next`` wants them."""
    flags: Sequence[str] = re.split(r"[,|]", value) if isinstance(value, str) else [""]
    unknown = [flag for flag in flags if flag not in _CT_STATES]
    if unknown:
        raise ValueError(f"{shown(value)} is no state; write flags of {', '.join(sorted(_CT_STATES))}, as 'trk,new'")
    return ",".join(flags)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plug: a Linux bridge between a guest's interface and Open vSwitch, in which iptables sees what passes.

Open vSwitch takes what arrives at its ports before iptables would. So a cable leads from a port of it to a bridge that
has nothing else but the guest's interface. The bridge learns nothing, speaks no protocol, and hands all to iptables,
whatever the host does with its other bridges (ip-link(8), nf_call_iptables).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import PlugLinks, plug_alias, plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_bridge, is_plug_link
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Settings = Mapping[str, Any]
PlugPlan = Plan[tuple[str, str], Settings]  # by ("link", name), and chains of frames and fragments by ("chain", name)

OF_BRIDGES = {
    "ageing_time": 0,  # learns no addresses: with two ports the way is always to the other one
    "forward_delay": 0,
    "stp_state": 0,
    "mcast_snooping": 0,
    "nf_call_iptables": 1,
    "nf_call_ip6tables": 1,
}
# The host itself has no addresses there, sends nothing, and answers no ARP (linux/Documentation/networking/ip-sysctl).
SYSCTLS = {"disable_ipv6": "ipv6", "arp_ignore": "ipv4"}
_MUTE, _DEAF = {"disable_ipv6": 1}, {"disable_ipv6": 1, "arp_ignore": 8}


class PlugWish(NamedTuple):
    """A plug as a task wants it."""

    path: str
    name: str
    present: bool = True
    interface: str | None = None  # of the guest
    mtu: int | None = None  # None: no opinion
    arp: tuple[tuple[str, str], ...] | None = None  # MAC and IPv4 addresses that the guest may say it has; None: any
    zone: int | None = None  # of conntrack, that fragments are put together in

    @property
    def links(self) -> PlugLinks:
        return plug_links(self.name)


def settings(wish: PlugWish, owner: str | None) -> Iterator[tuple[str, Settings]]:
    """Yield what the links of a plug shall be, the guest's interface last."""
    bridge, inner, outer = wish.links
    size = {} if wish.mtu is None else {"mtu": wish.mtu}
    yield bridge, {"kind": "bridge", "alias": plug_alias(wish.name, owner), **OF_BRIDGES, **_DEAF, "up": True}
    yield inner, {"kind": "veth", "peer": outer, **_MUTE, **size, "master": bridge, "up": True}
    yield outer, {"kind": "veth", "peer": inner, **_DEAF, **size, "up": True}
    if wish.interface:
        yield wish.interface, {**_MUTE, **size, "master": bridge, "up": True}


def of_links(plan: PlugPlan) -> PlugPlan:
    """Return what happens to links."""
    return PlugPlan(
        {key: value for key, value in plan.create.items() if key[0] == "link"},
        {key: value for key, value in plan.update.items() if key[0] == "link"},
        {key: value for key, value in plan.delete.items() if key[0] == "link"},
    )


def leaving(plan: PlugPlan) -> Iterator[str]:
    """Yield the lines for ``ip -batch`` that take apart what is to go, or is in the way."""
    for (dummy, name), (old, new) in plan.update.items():
        if old.get("master") != new.get("master") and is_plug_bridge(old.get("master") or ""):
            yield f"link set dev {name} nomaster"
        if old.get("peer") != new.get("peer"):
            yield f"link delete dev {name}"
    for dummy, name in sorted(plan.delete, key=lambda key: is_plug_bridge(key[1])):
        if not name.startswith("qo-"):  # which goes with the other end of the cable
            yield f"link delete dev {name}"


def coming(plan: PlugPlan) -> Iterator[str]:
    """Yield the lines that make links, which are down at first."""
    made = {name: new for (dummy, name), new in plan.create.items()}
    made.update((name, new) for (dummy, name), (old, new) in plan.update.items() if old.get("peer") != new.get("peer"))
    for name, new in made.items():
        if new["kind"] == "bridge":
            yield f"link add name {name} type bridge"
        elif not name.startswith("qo-"):
            yield f"link add name {name} type veth peer name {new['peer']}"


def joining(plan: PlugPlan) -> Iterator[str]:
    """Yield the lines that set links, and set them up; guests come in last."""
    for (dummy, name), new in sorted(plan.after.items(), key=lambda item: not is_plug_link(item[0][1])):
        old = plan.update.get(("link", name), ({}, {}))[0]
        if old.get("peer") != new.get("peer"):
            old = {}  # it was made anew
        differing = {option: value for option, value in new.items() if old.get(option) != value}
        options = [f"{option} {value}" for option, value in differing.items() if option in OF_BRIDGES]
        if options:
            yield f"link set dev {name} type bridge {' '.join(options)}"
        if "alias" in differing:
            yield f'link set dev {name} alias "{new["alias"]}"'
        if "mtu" in differing:
            yield f"link set dev {name} mtu {new['mtu']}"
        if differing.get("master"):
            yield f"link set dev {name} master {new['master']}"
        if differing.get("up"):
            yield f"link set dev {name} up"


def guests_of(links: Mapping[str, Settings], bridges: Sequence[str]) -> Iterator[str]:
    """Yield the interfaces in these bridges that are not of a plug themselves."""
    for name, link in links.items():
        if link.get("master") in bridges and not is_plug_link(name):
            yield name

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugs on a host, as reconcile sees them: links of iproute2, and what the kernel keeps of them in files."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plug_frames, plug_zones
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iproute import batch
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sysctl import number_of, write_setting
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_chain, plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug import (
    OF_BRIDGES,
    SYSCTLS,
    PlugPlan,
    PlugWish,
    Settings,
    coming,
    guests_of,
    joining,
    leaving,
    of_links,
    settings,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_bridge, is_plug_link, plug_owner

TIMEOUT = 60.0  # seconds; a thousand plugs take a few
# ovs-vswitchd takes in the end of a new cable meanwhile, and writes the link's flags as it read them before. What was
# set up in between is down again.
SETTLING = 0.1  # seconds
ATTEMPTS = 20
BRIDGE_FILTER = Path("/proc/sys/net/bridge")  # there if br_netfilter is
_OVS = "ovs-system"  # master of what Open vSwitch has in the kernel
Links = Mapping[str, Settings]


class Plugs:
    """Backend of plugs. ``complete``: others of the owner are to go."""

    def __init__(self, wanted: Sequence[PlugWish], owner: str | None, complete: bool) -> None:
        self._wanted = wanted
        self._owner = owner
        self._complete = complete
        self._links: Links = {}
        self._frames: Mapping[str, plug_frames.Chain] = {}
        self._zones: plug_zones.Zones = {}

    def plan(self) -> PlugPlan:
        self._links = read()
        self._refuse_foreign()
        removed = self._removed()
        actual: dict[tuple[str, str], Settings] = {
            ("link", name): {"kind": self._links[name]["kind"]} for name in removed if is_plug_link(name)
        }
        desired: dict[tuple[str, str], Settings] = {}
        for name in removed:
            if not is_plug_link(name):
                actual["link", name], desired["link", name] = {"master": removed[name]}, {"master": None}
        for wish in self._wanted:
            for name, wanted in settings(wish, self._owner) if wish.present else ():
                there = self._links.get(name)
                if there is None and not is_plug_link(name):
                    continue  # the guest is not running
                desired["link", name] = wanted
                if there is not None:
                    actual["link", name] = {option: there.get(option) for option in wanted}
        self._frames, zones = plug_frames.read(), plug_zones.read()
        self._zones = zones["zones"] if zones else {}
        here = {name for name in self._links.keys() - removed.keys() if is_plug_bridge(name)}
        theirs = here - {wish.links.bridge for wish in self._wanted}
        desired.update((("chain", name), chain) for name, chain in self._chains(here, theirs))
        kept = set(map(plug_chain, theirs))
        actual.update((("chain", name), chain) for name, chain in self._frames.items() if name not in kept)
        if zones:
            actual["chain", plug_zones.NAME] = zones
        return PlugPlan.between(actual, desired)

    def _chains(self, here: Collection[str], theirs: Collection[str]) -> Iterator[tuple[str, Settings]]:
        """Yield the chains of frames and fragments that shall be there, with these bridges and those of other tasks."""
        present = [wish for wish in self._wanted if wish.present]
        if present or here:
            yield plug_frames.CHAIN, plug_frames.WANTED
        for wish in present:
            if wish.arp is not None:
                yield plug_chain(wish.links.inner), plug_frames.of_guest(wish.links.inner, wish.arp)
        zones = {bridge: zone for bridge, zone in self._zones.items() if bridge in theirs}
        zones.update((wish.links.bridge, wish.zone) for wish in present if wish.zone)
        if zones:
            yield plug_zones.NAME, plug_zones.wanted(zones)

    def apply(self, plan: PlugPlan) -> None:
        if any(wish.present for wish in self._wanted) and not BRIDGE_FILTER.is_dir():
            raise BackendError(
                f"This kernel does not show iptables what bridges carry: there is no {BRIDGE_FILTER}. Load its module "
                "br_netfilter, as on Debian with 'modprobe br_netfilter'; nothing was changed."
            )
        self._refuse_busy(plan)
        self._make(plan)
        for dummy in range(ATTEMPTS if of_links(plan).create else 0):
            time.sleep(SETTLING)
            left = self.plan()
            if not left:
                return
            self._make(left)

    def _make(self, plan: PlugPlan) -> None:
        chains = {name: chain for (kind, name), chain in plan.after.items() if kind == "chain"}
        zones = chains.pop(plug_zones.NAME, {}).get("zones", {})
        if zones:
            plug_zones.make({**self._zones, **zones})  # who leaves keeps its own until it has left
        if chains:
            plug_frames.make(self._frames, chains)
        links = of_links(plan)
        batch([*leaving(links), *coming(links)], TIMEOUT)
        for (dummy, name), wanted in links.after.items():
            for option, value in wanted.items():
                if option in SYSCTLS:
                    write_setting(SYSCTLS[option], name, option, value)
        if links.create:
            time.sleep(SETTLING)
        batch(list(joining(links)), TIMEOUT)
        plug_frames.remove(self._frames, [name for kind, name in plan.delete if kind == "chain"])
        if zones and self._zones.keys() - zones.keys():
            plug_zones.make(zones)
        if ("chain", plug_zones.NAME) in plan.delete:
            plug_zones.remove()

    def missing(self) -> list[str]:
        """Return the guests' interfaces that are not there (yet)."""
        return sorted(
            wish.interface
            for wish in self._wanted
            if wish.interface and wish.present and wish.interface not in self._links
        )

    def _removed(self) -> dict[str, str]:
        """Return the links that are to go, and the guests that are to be let go, with the bridge of each."""
        kept = {wish.links.bridge for wish in self._wanted if wish.present}
        bridges = {wish.links.bridge for wish in self._wanted if not wish.present} & self._links.keys()
        if self._complete:
            bridges |= {name for name in self._links if is_plug_bridge(name) and self._is_ours(name)}
        gone = {}
        for bridge in bridges - kept:
            cable = (bridge, bridge.replace("qb-", "qv-", 1), bridge.replace("qb-", "qo-", 1))
            gone.update((name, bridge) for name in cable if name in self._links)
            gone.update((name, bridge) for name in guests_of(self._links, [bridge]))
        return gone

    def _is_ours(self, bridge: str) -> bool:
        """Say whether a bridge is the owner's; one without an alias is of a task that was killed as it made it."""
        alias = self._links[bridge].get("alias")
        return not alias or plug_owner(alias) == self._owner

    def _refuse_foreign(self) -> None:
        faults = []
        for wish in self._wanted:
            bridge = self._links.get(wish.links.bridge)
            holder = plug_owner(bridge.get("alias") or "") if bridge else None
            if self._owner and holder not in (None, self._owner):
                faults.append(
                    f"plug {wish.name}: it belongs to owner '{holder}'; name yours otherwise, or leave owner out"
                )
            if bridge and bridge["kind"] != "bridge":
                faults.append(f"plug {wish.name}: {wish.links.bridge} is there and no bridge; remove it")
            master = self._links.get(wish.interface or "", {}).get("master")
            if wish.present and master and not is_plug_bridge(master) and master != _OVS:
                what = f"{wish.interface} is a port of {master}, which is no plug"
                faults.append(f"plug {wish.name}: {what}; take it out there, or write another interface")
        if faults:
            raise OwnershipError(faults)

    def _refuse_busy(self, plan: PlugPlan) -> None:
        """Refuse what the kernel would not do; check mode does not, since by then ovs_bridge may have let it go."""
        busy = [name for dummy, name in plan.after if self._links.get(name, {}).get("master") == _OVS]
        faults = [
            f"interface {name}: Open vSwitch has it as a port; remove that first, with tenantry.sdn.ovs_bridge"
            for name in busy
            if not is_plug_link(name)
        ]
        if faults:
            raise OwnershipError(faults)


def read() -> Links:
    """Return the links of this network namespace by name, those of plugs and of their guests with all that is set."""
    found: dict[str, dict[str, Any]] = {}
    for item in json.loads(run(["ip", "-details", "-json", "link", "show"], TIMEOUT)):
        info = item.get("linkinfo", {})
        found[item["ifname"]] = {
            **{option: value for option, value in info.get("info_data", {}).items() if option in OF_BRIDGES},
            "kind": info.get("info_kind"),
            "alias": item.get("ifalias"),
            "master": item.get("master"),
            "mtu": item["mtu"],
            "peer": item.get("link"),
            "up": "UP" in item["flags"],
        }
    for name, link in found.items():
        link.update((option, number_of(kind, name, option)) for option, kind in SYSCTLS.items())
    return found


def links_of(wanted: Iterable[PlugWish]) -> dict[str, dict[str, str]]:
    return {wish.name: plug_links(wish.name)._asdict() for wish in wanted if wish.present}


def diff(plan: PlugPlan) -> dict[str, Any]:
    """Return Ansible's diff: of each link the settings that differ."""
    sides: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for (dummy, name), before in plan.delete.items():
        sides["before"][name] = dict(before)
    for (dummy, name), after in plan.create.items():
        sides["after"][name] = dict(after)
    for (dummy, name), (old, new) in plan.update.items():
        differing = [option for option in new if old.get(option) != new[option]]
        sides["before"][name] = {option: old.get(option) for option in differing}
        sides["after"][name] = {option: new[option] for option in differing}
    return sides

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules bring a hypervisor to its compiled state, and in which order.

A part of the work is a generator: it yields steps, is sent what the module of each returned, and returns what the task
tells of it. What ovs_bridge says the host has (``owned``) decides what needs no module, as there is nothing to remove.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTERS
from ansible_collections.tenantry.sdn.plugins.plugin_utils.needs import (
    PYTHON_MODULES,
    named_secrets,
    programs,
    router_programs,
)

State = Mapping[str, Any]  # as tenantry.sdn.host_state returns it
Result = Mapping[str, Any]

HYPERVISOR = "hypervisor"  # the part that goes before all of PARTS
BRIDGE = ("state", "fail_mode", "protocols", "controllers", "flood_vlans", "other_config")  # of state.bridge


@dataclass(frozen=True)
class Step:
    """A module of this collection to run, and what a person is told that it does."""

    name: str
    module: str
    arguments: Mapping[str, Any]


Steps = Generator[Step, Result, dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """What the user of a role decides, and the intent does not."""

    datapath_type: str = ""
    require_devices: bool = False
    require_effect: bool = True
    packages_of: tuple[str, ...] = ()  # parts whose programs are looked for
    services: tuple[str, ...] = ()  # one of which runs Open vSwitch; empty: it is not looked for
    restore: Mapping[str, Any] = field(default_factory=dict)  # of boot_restore, for flows; empty: they are left alone
    connection_address: str | None = None
    takeover: bool = False
    router_files: Mapping[str, str] = field(default_factory=dict)  # that routers come back by
    secrets: Mapping[str, str] | None = None  # None: not told yet, as it costs something


def steps(state: State, parts: list[str], owned: Mapping[str, int], settings: Settings) -> Steps:
    """Yield the steps of these parts, in the order of PARTS however they are listed: in another, something may leak.

    Where no part says what the host has, ``owned`` does; else it has something. If the host lacks programs or their
    service, or secrets are not told that its routers need, this is told and nothing is done.
    """
    told: dict[str, Any] = {"owned": dict(owned), "missing": [], "serves": True}
    found: Result = {}
    sought = _sought(state, parts, settings)
    if sought:
        found = yield Step("Look what the host has", "hypervisor_info", sought)
        told.update({name: found[name] for name in ("missing", "serves", "os_family")})
    untold = "routers" in parts and settings.secrets is None and bool(named_secrets(state["routers"]))
    told["stopped"] = bool(told["missing"]) or not told["serves"] or untold
    if told["stopped"]:
        return told
    if HYPERVISOR in parts:
        yield from _hypervisor(state, found, settings)
    for name, part in PARTS.items():
        if name in parts:
            told.update((yield from part(state, told["owned"], settings)))
    return told


def _sought(state: State, parts: list[str], settings: Settings) -> dict[str, Any]:
    """Return what hypervisor_info is asked for; nothing if nothing needs to be known."""
    sought: dict[str, Any] = {"programs": []}
    if HYPERVISOR in parts:
        sought |= {"services": list(settings.services), **settings.restore, "interfaces": _uplinks(state)}
        if HYPERVISOR in settings.packages_of:
            sought |= {"programs": programs(state), "python_modules": list(PYTHON_MODULES)}
    if "routers" in parts and "routers" in settings.packages_of:
        sought["programs"] = [*sought["programs"], *router_programs(state["routers"])]
    return sought if any(sought.values()) else {}


def _hypervisor(state: State, found: Result, settings: Settings) -> Generator[Step, Result, None]:
    """What the networks stand on, beside Open vSwitch itself, where hypervisor_info did not find it."""
    if settings.restore and not found["restores"]:
        yield Step("Have flows come back with Open vSwitch", "boot_restore", settings.restore)
    if state["uplinks"] and not found["linked"]:
        own = {"connection_address": settings.connection_address, "takeover": settings.takeover}
        uplinks = {"interfaces": _uplinks(state), **own}
        yield Step("Set the uplinks up, unless the host lives on one", "ovs_uplink", uplinks)


def _uplinks(state: State) -> list[str]:
    return [uplink["name"] for uplink in state["uplinks"]]


def _networks(state: State, _owned: Mapping[str, int], settings: Settings) -> Steps:
    """The integration bridge, one transaction each, in the one order in which nothing leaks and nothing is lost.

    Between learning and static, that is; in plain a tunnel carries at every moment only what the old or the new intent
    joins, since no run gives an id of one network to another. Ports come first: until the flows know them they are
    dead, and those that vanish leave numbers that no other port gets as long as they stand in the record, so flows that
    still name them harm nobody. Then the new way out is made, the flows turn to it at once, and the old one goes: for
    learning tunnels to single peers are the new way, for static the old one. The way in is the same for both.

    Bridge, uplinks and taps are one transaction, so that whatever is in the way is found before anything is changed,
    and check mode knows that the bridge will be there. A bridge that changes its fail_mode, from or to plain, loses all
    flows in that moment.
    """
    owner, bridge = state["owner"], state["bridge"]
    present = bridge["state"] == "present"
    if state["ssl"] is not None:  # before the bridge, whose controllers may need it
        yield Step("Say where the key for controllers is", "ovs_ssl", {**state["ssl"], "owner": owner})
    made = yield Step(
        "Make the integration bridge with its uplinks and the ports of the tenants",
        "ovs_bridge",
        {
            "name": bridge["name"],
            **{name: bridge[name] for name in BRIDGE if name in bridge},
            "datapath_type": settings.datapath_type,
            "owner": owner,
            "ports": state["ports"],
            "allow_empty": True,  # the compiler has refused an empty intent; a host without ports is like any other
            "require_devices": settings.require_devices,
        },
    )
    owned = made["owned"]
    if present and state["forwarding"] == "static":
        yield _flows(state)
    if present and (state["networks"] or owned["ovs_gre_mesh"]):
        mesh = {"bridge": bridge["name"], "local_ip": state["vtep"], "owner": owner, "networks": state["networks"]}
        yield Step("Dig the tunnels of the tenants", "ovs_gre_mesh", {**mesh, "allow_empty": True})
    if present and state["forwarding"] == "learning":
        yield _flows(state)
    if owned["of_flow"] and (not present or state["forwarding"] == "plain"):
        gone = {"bridge": bridge["name"], "cookie": state["cookie"], "saved": False}  # with the bridge or its fail_mode
        yield Step("Forget the flows that would come back", "of_flow", gone)
    if present and (state["qos"] or owned["ovs_qos"]):  # ports that go take their limits with them
        limits = {"owner": owner, "ports": state["qos"], "require_effect": settings.require_effect}
        yield Step("Limit what the ports send and receive", "ovs_qos", {**limits, "allow_empty": True})
    if state["ssl"] is None and owned["ovs_ssl"]:
        yield Step("Forget where the key for controllers is", "ovs_ssl", {"owner": owner, "state": "absent"})
    if state["gateways"]["addresses"] or owned["gateway_address"]:
        yield from _gateways(owner, state["gateways"])
    return {"owned": owned}


def _flows(state: State) -> Step:
    saved = state["bridge"]["fail_mode"] == "secure"  # else all passes until they are back
    flows = {"bridge": state["bridge"]["name"], "cookie": state["cookie"], "flows": state["flows"], "saved": saved}
    return Step("Program the pipeline", "of_flow", flows)


def _flows_alone(state: State, _owned: Mapping[str, int], _settings: Settings) -> Steps:
    """Of ``networks`` what judges and leads packets, where nothing else has changed."""
    yield _flows(state)
    return {}


def _gateways(owner: str, gateways: Mapping[str, Any]) -> Generator[Step, Result, None]:
    """Their ports are new and down, or gone, before the rules are others, and get their addresses when these stand."""
    rules = {"table": "mangle", "owner": owner, **gateways["rules"], "saved": True, "allow_empty": True}
    yield Step("Let guests reach of the hypervisor what the intent says", "sg_rules", rules)
    addresses = {"owner": owner, "gateways": gateways["addresses"], "allow_empty": True}
    yield Step("Give the gateways their addresses", "gateway_address", addresses)


def _monitoring(state: State, owned: Mapping[str, int], _settings: Settings) -> Steps:
    """Mirrors and exports of the bridge. The ports and VLANs that copies go to are there with the networks."""
    bridge, exports = state["bridge"], state["exports"]
    of_ours = {"bridge": bridge["name"], "owner": state["owner"]}
    if bridge["state"] == "present" and (state["mirrors"] or owned.get("ovs_mirror", 1)):
        mirrors = {**of_ours, "mirrors": state["mirrors"], "allow_empty": True}
        yield Step("Mirror what the intent wants to see", "ovs_mirror", mirrors)
    if bridge["state"] == "present" and (exports or owned.get("ovs_flow_export", 1)):
        yield Step("Report flows to collectors", "ovs_flow_export", {**of_ours, **exports, "purge": True})
    return {}


def _security_groups(state: State, owned: Mapping[str, int], settings: Settings) -> Steps:
    """Sets, rules and plugs, in the one order in which nothing passes that neither the old nor the new intent allows.

    First members leave, and sets that are new get all of theirs; then the rules change; then members come, and sets
    that no rule knows any more go. With both members and rules changed at the same time, the other orders let an old
    rule speak of a new member, or a new rule of an old one. Guests are plugged in last, when what judges them is there.
    Where plugs go, Open vSwitch has let go of them before. Ways to routed guests go before the rules that judge what
    passes them, and come after.
    """
    firewall, routed = state["firewall"], state["routed"]
    plugs = bool(firewall["plugs"]) or owned.get("hybrid_plug", 1) > 0
    ways = bool(routed["ports"]) or owned.get("routed_port", 1) > 0
    if not plugs and not ways:
        return {}
    common = {"owner": state["owner"], "allow_empty": True}
    sets = {**common, "sets": firewall["sets"], "saved": True}
    if ways:
        yield Step("Take away the ways to guests that go", "routed_port", {**common, **routed, "hold_back": True})
    left = yield Step("Let members of groups leave", "sg_ipset", {**sets, "hold_back": True})
    rules = {**common, "family": "both", "saved": True}
    yield Step("Give each guest a zone of conntrack", "sg_rules", {**rules, "table": "raw", **firewall["zones"]})
    yield Step("Judge what guests send and receive", "sg_rules", {**rules, **firewall["rules"]})
    if left["held_back"]:
        yield Step("Let members of groups join", "sg_ipset", sets)
    devices = {"saved": True, "require_devices": settings.require_devices}
    if plugs:
        yield Step("Plug the guests in", "hybrid_plug", {**common, "plugs": firewall["plugs"], **devices})
    if ways:
        yield Step("Lead the ways to the guests", "routed_port", {**common, **routed, **devices})
    return {}


def _routers(state: State, _owned: Mapping[str, int], settings: Settings) -> Steps:
    """Virtual routers, closed until their rules are there, and made before they are plugged in."""
    routers = state["routers"]
    if not routers:
        return {}
    yield Step(
        "Have routers come back when the host does", "boot_restore", {"files": settings.router_files, "units": []}
    )
    told = settings.secrets or {}
    made = yield Step(
        "Make the routers",
        "virtual_router",
        {
            "owner": state["owner"],
            "routers": routers,
            "secrets": {name: told[name] for name in named_secrets(routers) if name in told},
            "tx_checksumming": settings.datapath_type != "netdev",
        },
    )
    return {"public_keys": made["public_keys"]}


def _former_routers(state: State, owned: Mapping[str, int], settings: Settings) -> Steps:
    """After ovs_bridge has let go of their cables. What another fabric has keeps the units in place."""
    if not state["routers"] and owned.get("virtual_router", 1):
        gone = {"owner": state["owner"], "routers": [], "allow_empty": True}
        yield Step("Remove the routers that were here", "virtual_router", gone)
        files = {"files": settings.router_files, "units": [], "needed_by": ROUTERS, "state": "absent"}
        yield Step("Remove what routers come back by", "boot_restore", files)
    return {}


def _former_hypervisor(_state: State, _owned: Mapping[str, int], settings: Settings) -> Steps:
    """What another fabric has saved keeps the units in place."""
    gone = {**settings.restore, "state": "absent"}
    yield Step("Remove what has flows come back with Open vSwitch", "boot_restore", gone)
    return {}


PARTS = {
    "routers": _routers,
    "networks": _networks,
    "flows": _flows_alone,
    "security_groups": _security_groups,
    "monitoring": _monitoring,
    "former_routers": _former_routers,
    "former_hypervisor": _former_hypervisor,
}

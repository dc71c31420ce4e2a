# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a host needs, in which order, and which not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.plugin_utils.steps import Settings, Step, steps

NOTHING = dict.fromkeys(
    (
        *("of_flow", "ovs_gre_mesh", "ovs_qos", "ovs_ssl", "gateway_address", "hybrid_plug", "routed_port"),
        *("ovs_mirror", "ovs_flow_export", "virtual_router"),
    ),
    0,
)
RULES: dict[str, Any] = {"chains": [], "jumps": []}
STATE: dict[str, Any] = {
    "owner": "dc1",
    "vtep": "192.168.1.151",
    "cookie": "0x7e4a000000000000/0xffff000000000000",
    "forwarding": "learning",
    "bridge": {"name": "br-int", "state": "present", "fail_mode": "secure", "other_config": {"datapath-id": None}},
    "ssl": None,
    "uplinks": [],
    "ports": [],
    "flows": ["cookie=0x7e4a280000000000,table=40,priority=0,actions=goto_table:70"],
    "networks": [],
    "qos": [],
    "gateways": {"addresses": [], "rules": RULES},
    "mirrors": [],
    "exports": {},
    "firewall": {"plugs": [], "sets": [], "zones": RULES, "rules": {**RULES, "coming_sets": []}},
    "routed": {"subnets": [], "ports": [], "routes": []},
    "routers": [],
}
DEFAULTS = Settings()
MESH = [{"name": "acme.web", "type": "gre", "key": 5001, "remotes": ["192.168.1.152"]}]
PLUGS = [{"name": "acme.web-1", "interface": "tap0"}]
ROUTED = {"subnets": ["10.9.0.0/24"], "ports": [{"interface": "tap1"}], "routes": []}
EMPTY = {**STATE["bridge"], "state": "absent"}


def ran(
    state: Mapping[str, Any],
    *parts: str,
    owned: Mapping[str, int] = MappingProxyType({}),
    settings: Settings = DEFAULTS,
    **answers: Any,
) -> tuple[list[Step], dict[str, Any]]:
    """Return the steps of a host that has what ``owned`` says, and what the task tells; modules answer as given."""
    told = {"ovs_bridge": {"owned": {**NOTHING, **owned}}, "sg_ipset": {"held_back": False}, **answers}
    work, found = steps({**STATE, **state}, list(parts), owned, settings), []
    try:
        step = next(work)
        while True:
            found.append(step)
            step = work.send(told.get(step.module, {}))
    except StopIteration as end:
        return found, end.value


def modules(*given: Any, **more: Any) -> list[str]:
    return [step.module for step in ran(*given, **more)[0]]


@pytest.mark.parametrize(
    ("state", "owned", "expected"),
    [
        ({"networks": MESH}, {}, ["ovs_bridge", "ovs_gre_mesh", "of_flow"]),
        ({"networks": []}, {"ovs_gre_mesh": 2}, ["ovs_bridge", "ovs_gre_mesh", "of_flow"]),
        ({"networks": []}, {"of_flow": 1}, ["ovs_bridge", "of_flow"]),
        ({"forwarding": "static"}, {"ovs_gre_mesh": 2}, ["ovs_bridge", "of_flow", "ovs_gre_mesh"]),
        ({"forwarding": "plain", "networks": MESH}, {}, ["ovs_bridge", "ovs_gre_mesh"]),
        ({"forwarding": "plain", "networks": MESH}, {"of_flow": 1}, ["ovs_bridge", "ovs_gre_mesh", "of_flow"]),
        ({"forwarding": "controller", "networks": MESH}, {}, ["ovs_bridge", "ovs_gre_mesh"]),
        ({"ssl": {"private_key": "/k"}}, {"ovs_ssl": 1}, ["ovs_ssl", "ovs_bridge", "of_flow"]),
        ({}, {"ovs_ssl": 1}, ["ovs_bridge", "of_flow", "ovs_ssl"]),
        ({"qos": [{"interface": "tap0"}]}, {}, ["ovs_bridge", "of_flow", "ovs_qos"]),
        ({}, {"ovs_qos": 1}, ["ovs_bridge", "of_flow", "ovs_qos"]),
        ({}, {"gateway_address": 1}, ["ovs_bridge", "of_flow", "sg_rules", "gateway_address"]),
        ({"bridge": EMPTY, "networks": MESH, "qos": [{"interface": "tap0"}]}, {"ovs_qos": 1}, ["ovs_bridge"]),
        ({"bridge": EMPTY}, {"of_flow": 1}, ["ovs_bridge", "of_flow"]),
    ],
)
def test_networks(state: dict[str, Any], owned: dict[str, int], expected: list[str]) -> None:
    assert modules(state, "networks", owned=owned) == expected


def test_flows_are_saved_where_the_bridge_passes_nothing_without_them() -> None:
    for fail_mode, saved in (("secure", True), ("standalone", False)):
        found, _told = ran({"bridge": {**STATE["bridge"], "fail_mode": fail_mode}}, "networks")
        assert found[-1].arguments["saved"] is saved
    found, _told = ran({"forwarding": "plain"}, "networks", owned={"of_flow": 1})
    assert found[-1].arguments == {"bridge": "br-int", "cookie": STATE["cookie"], "saved": False}


def test_the_bridge_is_given_what_the_state_says_of_it_and_nothing_else() -> None:
    (bridge, _flows), told = ran({}, "networks", settings=Settings(datapath_type="netdev", require_devices=True))
    assert bridge.arguments == {
        **STATE["bridge"],
        **{"datapath_type": "netdev", "require_devices": True, "owner": "dc1", "ports": [], "allow_empty": True},
    }
    assert told == {"owned": NOTHING, "stopped": False, "missing": [], "serves": True}


JUDGE = ["sg_ipset", "sg_rules", "sg_rules"]


@pytest.mark.parametrize(
    ("firewall", "routed", "owned", "expected"),
    [
        ([], [], {"hybrid_plug": 0, "routed_port": 0}, []),
        (PLUGS, [], {"hybrid_plug": 0, "routed_port": 0}, [*JUDGE, "hybrid_plug"]),
        ([], [], {"hybrid_plug": 1, "routed_port": 0}, [*JUDGE, "hybrid_plug"]),
        ([], [], {"hybrid_plug": 0, "routed_port": 1}, ["routed_port", *JUDGE, "routed_port"]),
        (PLUGS, ROUTED["ports"], {"routed_port": 0}, ["routed_port", *JUDGE, "hybrid_plug", "routed_port"]),
        ([], [], {}, ["routed_port", *JUDGE, "hybrid_plug", "routed_port"]),  # nobody has looked what is there
    ],
)
def test_security_groups(firewall: list[Any], routed: list[Any], owned: dict[str, int], expected: list[str]) -> None:
    state = {"firewall": {**STATE["firewall"], "plugs": firewall}, "routed": {**ROUTED, "ports": routed}}
    assert modules(state, "security_groups", owned=owned) == expected


def test_members_join_after_the_rules_and_before_the_plugs_if_some_were_held_back() -> None:
    state = {"firewall": {**STATE["firewall"], "plugs": PLUGS}, "routed": ROUTED}
    found, _told = ran(state, "security_groups", sg_ipset={"held_back": True})
    assert [(step.module, step.arguments.get("hold_back", False)) for step in found] == [
        ("routed_port", True),
        ("sg_ipset", True),
        ("sg_rules", False),
        ("sg_rules", False),
        ("sg_ipset", False),
        ("hybrid_plug", False),
        ("routed_port", False),
    ]
    assert [step.arguments.get("table") for step in found if step.module == "sg_rules"] == ["raw", None]


def test_what_the_bridge_says_of_the_host_holds_for_the_parts_after_it() -> None:
    parts = ("networks", "security_groups", "monitoring")
    assert modules({}, *parts) == modules({}, *reversed(parts)) == ["ovs_bridge", "of_flow"]
    found = modules({}, *parts, owned={"hybrid_plug": 1, "ovs_mirror": 1, "ovs_flow_export": 1})
    assert found == ["ovs_bridge", "of_flow", *JUDGE, "hybrid_plug", "ovs_mirror", "ovs_flow_export"]


def test_monitoring_is_looked_for_unless_somebody_has() -> None:
    assert modules({}, "monitoring") == ["ovs_mirror", "ovs_flow_export"]
    assert modules({"mirrors": [{"name": "audit"}]}, "monitoring", owned=NOTHING) == ["ovs_mirror"]
    assert modules({"exports": {"sflow": {}}}, "monitoring", owned=NOTHING) == ["ovs_flow_export"]
    assert modules({"bridge": EMPTY}, "monitoring") == []


LAPTOPS = [{"preshared_key": "acme-laptop"}, {"preshared_key": None}]
ROUTERS = [
    {"name": "acme.edge", "wireguard": {"private_key": None, "peers": LAPTOPS}},
    {"name": "globex.edge", "wireguard": {"private_key": "globex-key", "peers": []}},
    {"name": "globex.far", "ipsec": {"sites": [{"psk": "globex-branch"}]}},
    {"name": "initech.edge", "files": {}},
]
TOLD = Settings(secrets={})


def test_routers_are_given_those_secrets_alone_that_they_name() -> None:
    secrets = {"acme-laptop": "1", "globex-key": "2", "globex-branch": "3", "umbrella-key": "4"}
    settings = Settings(datapath_type="netdev", router_files={"/router": "#!/bin/sh"}, secrets=secrets)
    made = {"public_keys": {"acme.edge": "key"}}
    (restore, routers), told = ran({"routers": ROUTERS}, "routers", settings=settings, virtual_router=made)
    assert (restore.module, restore.arguments) == ("boot_restore", {"files": {"/router": "#!/bin/sh"}, "units": []})
    del secrets["umbrella-key"]
    expected = {"owner": "dc1", "routers": ROUTERS, "secrets": secrets, "tx_checksumming": False}
    assert (routers.module, routers.arguments) == ("virtual_router", expected)
    assert told["public_keys"] == {"acme.edge": "key"}


def test_nothing_is_done_until_secrets_are_told_that_routers_need() -> None:
    found, told = ran({"routers": ROUTERS}, "routers", "networks")
    assert (found, told["stopped"]) == ([], True)
    for routers, settings in ((ROUTERS, TOLD), (ROUTERS[3:], DEFAULTS)):
        found, told = ran({"routers": routers}, "routers", settings=settings, virtual_router={"public_keys": {}})
        assert [step.module for step in found] == ["boot_restore", "virtual_router"]
        assert found[-1].arguments["secrets"] == {}  # one that nobody knows is for the module to miss
        assert not told["stopped"]


def test_routers_come_before_the_networks_and_former_ones_go_after_them() -> None:
    parts, answer = ("networks", "former_routers", "routers"), {"public_keys": {}}
    there = modules({"routers": ROUTERS}, *parts, owned={"virtual_router": 4}, settings=TOLD, virtual_router=answer)
    assert there == ["boot_restore", "virtual_router", "ovs_bridge", "of_flow"]
    assert modules({}, *parts) == ["ovs_bridge", "of_flow"]
    assert modules({}, *parts, owned={"virtual_router": 4}) == [
        "ovs_bridge",
        "of_flow",
        "virtual_router",
        "boot_restore",
    ]
    (routers, restore), _told = ran({}, "former_routers")  # nobody has looked what is there
    assert routers.arguments == {"owner": "dc1", "routers": [], "allow_empty": True}
    assert restore.arguments == {"files": {}, "units": [], "needed_by": "/etc/tenantry/routers", "state": "absent"}


FOUND = {"missing": [], "serves": True, "restores": True, "linked": True, "os_family": "Debian"}
RESTORE = {"files": {"/unit": ""}, "units": ["unit"], "started": []}
UPLINKS = {"uplinks": [{"name": "eth1"}]}
OURS = Settings(
    packages_of=("hypervisor", "routers"), services=("ovs",), restore=RESTORE, connection_address="192.0.2.1"
)


def test_a_host_is_asked_at_once_for_all_that_it_needs() -> None:
    chains = {"gateways": {"addresses": [], "rules": {"chains": ["chain"], "jumps": []}}}
    asked = {"services": ["ovs"], **RESTORE, "interfaces": ["eth1"], "python_modules": ["ovs"]}
    ovs = ["ovs-vsctl", "ovs-ofctl", "ovs-vswitchd", "ovsdb-server", "ip"]
    edge = ["dnsmasq", "ethtool", "ip", "nft", "ping", "sysctl"]
    for state, programs in (
        ({}, ovs),
        (chains, [*ovs, "ipset", "iptables-restore"]),
        ({"firewall": {**STATE["firewall"], "plugs": PLUGS}}, [*ovs, "nft"]),
        ({"routers": ROUTERS[3:]}, [*ovs, *edge]),
        (
            {"routers": [{"files": {"haproxy.cfg": "", "nftables.conf": ""}, "wireguard": {"peers": []}}]},
            [*ovs, *edge, "haproxy", "wg", "wireguard-go"],
        ),
        (
            {"routers": [{"files": {"conntrackd.conf": "", "keepalived.conf": ""}, "ipsec": {"sites": []}}]},
            [*ovs, *edge, "conntrackd", "keepalived", "charon-systemd", "swanctl"],
        ),
    ):
        look = ran({**UPLINKS, **state}, "hypervisor", "routers", settings=OURS, hypervisor_info=LACKING)[0][0]
        assert (look.module, look.arguments) == ("hypervisor_info", {**asked, "programs": programs})
    (look,), _told = ran({"routers": ROUTERS[3:]}, "routers", settings=OURS, hypervisor_info=LACKING)
    assert look.arguments == {"programs": edge}
    assert modules({}, "hypervisor", "routers") == []


LACKING = {**FOUND, "missing": ["haproxy"]}


@pytest.mark.parametrize("lacks", [{"missing": ["haproxy"]}, {"serves": False}])
def test_nothing_is_done_on_a_host_that_lacks_programs_or_their_service(lacks: dict[str, Any]) -> None:
    answer = {**FOUND, **lacks}
    found, told = ran(UPLINKS, "hypervisor", "networks", settings=OURS, hypervisor_info=answer)
    assert [step.module for step in found] == ["hypervisor_info"]
    said = {name: answer[name] for name in ("missing", "serves", "os_family")}
    assert told == {"owned": {}, "stopped": True, **said}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, []),
        ({"restores": False}, ["boot_restore"]),
        ({"linked": False}, ["ovs_uplink"]),
        ({"restores": False, "linked": False}, ["boot_restore", "ovs_uplink"]),
    ],
)
def test_a_hypervisor_has_what_its_networks_stand_on_first(found: dict[str, bool], expected: list[str]) -> None:
    ran_of = ran(UPLINKS, "networks", "hypervisor", settings=OURS, hypervisor_info={**FOUND, **found})[0]
    assert [step.module for step in ran_of] == ["hypervisor_info", *expected, "ovs_bridge", "of_flow"]
    arguments = {step.module: step.arguments for step in ran_of}
    assert arguments.get("boot_restore", RESTORE) == RESTORE
    own = {"interfaces": ["eth1"], "connection_address": "192.0.2.1", "takeover": False}
    assert arguments.get("ovs_uplink", own) == own

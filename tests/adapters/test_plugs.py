# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hybrid_plug with real links."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from plug_lab import converge, frames, guest, indexes, links, of, run, sysctl, zones
from rule_lab import tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plug_frames, plug_zones, plugged, plugs
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iproute import batch
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug import coming, joining, of_links
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug_input import parse_plugs

ARP = [{"mac": "02:00:00:00:00:01", "ip": "10.1.1.1"}, {"mac": "02:00:00:00:00:01", "ip": "10.1.2.0/24"}]
WEB, DB = {"name": "acme.web-1", "interface": "tap0"}, {"name": "acme.db-1", "interface": "tap1", "mtu": 1400}
OURS = {"owner": "dc1"}


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        for name in ("tap0", "tap1", "tap2"):
            guest(name)
        yield


def test_a_plug_is_a_bridge_of_the_guest_and_a_cable_and_nothing_passes_iptables() -> None:
    bridge, inner, outer = of("acme.web-1").values()
    made = converge(**WEB, mtu=1458)
    assert made["plugs"] == {"acme.web-1": {"bridge": bridge, "inner": inner, "outer": outer}}
    assert made["diff"]["after"]["tap0"] == {"disable_ipv6": 1, "mtu": 1458, "master": bridge, "up": True}
    found = links()
    assert {name: link["master"] for name, link in found.items() if link["master"]} == {"tap0": bridge, inner: bridge}
    assert (found[bridge]["nf_call_iptables"], found[bridge]["nf_call_ip6tables"]) == (1, 1)
    assert (found[bridge]["ageing_time"], found[bridge]["arp_ignore"], found[outer]["arp_ignore"]) == (0, 8, 8)
    assert [found[name]["disable_ipv6"] for name in (bridge, inner, outer, "tap0")] == [1] * 4
    assert [found[name]["mtu"] for name in (inner, outer, "tap0")] == [1458] * 3
    assert all(found[name]["up"] for name in (bridge, inner, outer, "tap0"))
    assert (found[inner]["peer"], found[outer]["peer"], found[outer]["master"]) == (outer, inner, None)


def test_a_plug_goes_and_the_guest_stays() -> None:
    before = links()
    converge(**WEB)
    gone = converge(name="acme.web-1", state="absent")
    assert gone["diff"]["after"] == {"tap0": {"master": None}}
    after = links()
    assert after.keys() == before.keys()
    assert after["tap0"]["master"] is None


@pytest.mark.parametrize(
    "spoil",
    [
        "ip link set {bridge} type bridge nf_call_iptables 0",
        "ip link set {bridge} type bridge nf_call_ip6tables 0 ageing_time 30000 mcast_snooping 1",
        "ip link set {bridge} down",
        "ip link set {inner} nomaster",
        "ip link set {outer} down mtu 1400",
        "ip link set tap0 nomaster",
        "ip link set tap0 down",
        "ip link delete {inner}",
        "ip link delete {bridge}",
        "ip link set {bridge} alias tenantry-port=else",
    ],
)
def test_what_somebody_else_changed_is_put_right(spoil: str) -> None:
    task = {**WEB, "mtu": 1458, **OURS}
    converge(**task)
    right = links()
    tool(*spoil.format(**of("acme.web-1")).split())
    assert links() != right
    assert converge(**task)["changed"]
    assert links() == right


@pytest.mark.parametrize(
    ("family", "option", "value", "which"),
    [
        ("ipv6", "disable_ipv6", "0", "bridge"),
        ("ipv4", "arp_ignore", "0", "bridge"),
        ("ipv4", "arp_ignore", "1", "outer"),
    ],
)
def test_so_is_what_the_kernel_has_in_files(family: str, option: str, value: str, which: str) -> None:
    converge(**WEB)
    right = links()
    sysctl(family, of("acme.web-1")[which], option).write_text(value)
    converge(**WEB)
    assert links() == right


@pytest.mark.parametrize(
    "spoil",
    [
        f"-A {plug_frames.CHAIN} -j ACCEPT",
        f"-F {plug_frames.CHAIN}",
        f"-D FORWARD -i qv-+ -j {plug_frames.CHAIN}",
        "-I FORWARD 1 -p IPv4 -j ACCEPT",
    ],
)
def test_frames_that_iptables_does_not_see_are_dropped_again(spoil: str) -> None:
    theirs = ["-A FORWARD -p ARP -j ACCEPT", "-A INPUT -p 0x88b5 -j DROP"]
    for rule in theirs:
        tool("ebtables-nft", *rule.split())
    converge(**WEB)
    right = frames()
    tool("ebtables-nft", *spoil.split())
    assert frames() != right
    assert converge(**WEB)["changed"]
    assert plug_frames.read() == {plug_frames.CHAIN: plug_frames.WANTED}
    converge(name="acme.web-1", state="absent")
    assert plug_frames.read() == {}
    assert sorted(rule for rule in frames() if rule != spoil.replace("-I FORWARD 1", "-A FORWARD")) == sorted(theirs)


def test_what_a_guest_says_by_arp_is_a_chain_of_its_plug() -> None:
    both = {"plugs": [{**WEB, "arp": ARP}, {**DB, "arp": []}], **OURS}
    made = converge(**both)
    chains = plug_frames.read()
    web, db = (plug_chain(of(plug["name"])["inner"]) for plug in (WEB, DB))
    assert list(chains[db]["rules"]) == ["-j DROP"]
    assert [rule.split("--arp-op ")[-1].split(" --arp-mac")[0] for rule in chains[web]["rules"]] == [
        "Request --arp-ip-src 10.1.1.1",
        "Reply --arp-ip-src 10.1.1.1",
        "Request --arp-ip-src 0.0.0.0 --arp-ip-dst 10.1.1.1",
        "Request --arp-ip-src 10.1.2.0/24",
        "Reply --arp-ip-src 10.1.2.0/24",
        "Request --arp-ip-src 0.0.0.0 --arp-ip-dst 10.1.2.0/24",
        "-j DROP",
    ]
    assert made["diff"]["after"][web] == chains[web]
    for spoil in (f"-F {web}", f"-D FORWARD -p ARP -o {of('acme.web-1')['inner']} -j {web}", "-I FORWARD -j ACCEPT"):
        tool("ebtables-nft", *spoil.split())
        converge(**both)
        assert plug_frames.read() == chains
    tool("ebtables-nft", "-D", "FORWARD", "-j", "ACCEPT")
    converge(plugs=[{**WEB, "arp": ARP[:1]}, DB], **OURS)
    assert (len(plug_frames.read()[web]["rules"]), db in plug_frames.read()) == (4, False)
    converge(plugs=[DB], **OURS)
    assert plug_frames.read().keys() == {plug_frames.CHAIN}


def test_fragments_of_each_plug_are_put_together_in_its_zone() -> None:
    """Rules of others, and zones of other owners, stay."""
    tool("nft", "add", "table", "inet", "theirs")
    both = {"plugs": [{**WEB, "zone": 11}, {**DB, "zone": 12}], **OURS}
    made = converge(**both)
    web, db, other = (of(name)["bridge"] for name in ("acme.web-1", "acme.db-1", "globex.web-1"))
    assert made["diff"]["after"][plug_zones.NAME] == plug_zones.wanted({web: 11, db: 12})
    right, table = zones(), f"inet {plug_zones.NAME}"
    late = f"add chain {table} fragments {{ type filter hook prerouting priority -200; }}"
    for spoil in (
        f"flush chain {table} fragments",
        f"insert rule {table} fragments accept",
        f"delete element {table} zones {{ {web} }}",
        f"delete table {table}; add table {table}; {late}",
    ):
        tool("nft", spoil)
        assert zones() != right
        assert converge(**both)["changed"]
        assert zones() == right
    converge(name="globex.web-1", interface="tap2", zone=13, owner="dc2")
    converge(plugs=[{**WEB, "zone": 14}], **OURS)
    assert plug_zones.read() == plug_zones.wanted({web: 14, other: 13})
    converge(plugs=[WEB], **OURS)
    assert plug_zones.read() == plug_zones.wanted({other: 13})
    converge(name="globex.web-1", state="absent")
    assert tool("nft", "list", "tables") == "table inet theirs\ntable bridge filter\n"


def test_a_cable_whose_other_end_is_another_is_laid_anew() -> None:
    converge(**WEB)
    _bridge, inner, outer = of("acme.web-1").values()
    tool("ip", "link", "delete", inner)
    tool("ip", "link", "add", inner, "type", "veth", "peer", "name", "strange")
    tool("ip", "link", "add", outer, "type", "veth", "peer", "name", "stranger")
    converge(**WEB)
    assert links()[inner]["peer"] == outer
    assert not {"strange", "stranger"} & links().keys()


def test_all_of_an_owner_are_made_in_one_task_and_others_of_it_go() -> None:
    theirs = {"name": "globex.web-1", "interface": "tap2", "owner": "dc2"}
    converge(**theirs)
    tool("ip", "link", "add", "qbr0123456789", "type", "bridge")
    tool("ip", "link", "add", "qb-notours", "type", "bridge")
    strangers = {name: number for name, number in indexes().items() if not name.startswith("tap")}
    converge(plugs=[WEB, DB], **OURS)
    assert converge(plugs=[DB], **OURS)["diff"]["after"] == {"tap0": {"master": None}}
    assert not set(of("acme.web-1").values()) & links().keys()
    assert links()["tap1"]["master"] == of("acme.db-1")["bridge"]
    assert (plugged.count("dc1"), plugged.count("dc2"), plugged.count("dc3")) == (1, 1, 0)
    assert run(plugs=[], **OURS).message == (
        "plugs: an empty list would remove every plug of the owner; if you mean it, set allow_empty: true"
    )
    converge(plugs=[], **OURS, allow_empty=True)
    assert {name: number for name, number in indexes().items() if not name.startswith("tap")} == strangers


def test_a_guest_that_is_plugged_elsewhere_now_changes_its_bridge() -> None:
    converge(plugs=[WEB], **OURS)
    converge(plugs=[{**DB, "interface": "tap0"}], **OURS)
    assert links()["tap0"]["master"] == of("acme.db-1")["bridge"]


def test_a_guest_that_is_not_there_is_awaited_or_required() -> None:
    task = {"name": "late", "interface": "tap9"}
    made = converge(**task)
    assert made["warnings"] == ["Not there yet, run the task again when they are: tap9"]
    refused = run(**task, require_devices=True)
    assert refused.message == ("No such interfaces: tap9. Start the guests that have them, and run the task again.")
    guest("tap9")
    assert converge(**task)["diff"] == {
        "before": {"tap9": {"disable_ipv6": 0, "master": None, "up": False}},
        "after": {"tap9": {"disable_ipv6": 1, "master": of("late")["bridge"], "up": True}},
    }


def test_what_is_not_ours_is_refused_and_left() -> None:
    converge(**WEB, owner="dc2")
    tool("ip", "link", "add", "virbr0", "type", "bridge")
    tool("ip", "link", "set", "tap1", "master", "virbr0")
    tool("ip", "link", "add", of("odd")["bridge"], "type", "veth", "peer", "name", "odd-end")
    before = links(), indexes()
    task = {"plugs": [WEB, DB, {"name": "odd", "interface": "tap2"}], **OURS}
    for check in (True, False):
        assert run(check=check, **task)["faults"] == [
            "plug acme.db-1: tap1 is a port of virbr0, which is no plug; take it out there, or write another interface",
            "plug acme.web-1: it belongs to owner 'dc2'; name yours otherwise, or leave owner out",
            f"plug odd: {of('odd')['bridge']} is there and no bridge; remove it",
        ]
    assert (links(), indexes()) == before


def test_a_kernel_without_a_filter_for_bridges_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = links()
    monkeypatch.setattr(plugs, "BRIDGE_FILTER", Path("/proc/sys/net/no-bridge"))
    assert run(**WEB).message == (
        "This kernel does not show iptables what bridges carry: there is no /proc/sys/net/no-bridge. Load its module "
        "br_netfilter, as on Debian with 'modprobe br_netfilter'; nothing was changed."
    )
    assert links() == before


def test_a_run_after_one_that_was_killed_anywhere_is_as_one_that_was_not() -> None:
    task = {"plugs": [WEB, DB], **OURS}
    wanted = parse_plugs(task)
    plan = of_links(plugs.Plugs(wanted, "dc1", complete=True).plan())
    made, joined = list(coming(plan)), list(joining(plan))
    run(**task)
    right = links()
    for done in range(1, len(made) + len(joined), 2):
        run(plugs=[], **OURS, allow_empty=True)
        batch([*made, *joined][:done], plugs.TIMEOUT)
        if done % 3 == 0:
            run(plugs=[], **OURS, allow_empty=True)
            assert not [name for name in links() if name.startswith("q")]
        converge(**task)
        assert links() == right


def test_a_cable_that_ovs_vswitchd_sets_down_while_it_takes_it_in_is_set_up_again() -> None:
    outer = of("acme.web-1")["outer"]
    with Popen(["ip", "monitor", "link"], stdout=PIPE, text=True) as monitor:

        def set_down_once() -> None:
            next(line for line in monitor.stdout or () if f" {outer}@" in line and ",UP" in line)
            tool("ip", "link", "set", outer, "down")

        late = threading.Thread(target=set_down_once)
        late.start()
        made = run(**WEB)
        late.join(10)
        saw_it_up = not late.is_alive()
        monitor.terminate()
    assert saw_it_up
    assert not made.get("failed"), made.get("msg")
    assert links()[outer]["up"]
    assert not run(**WEB)["changed"]


def test_open_vswitch_takes_a_guest_out_of_our_plug_and_of_no_other() -> None:
    converge(plugs=[WEB], **OURS)
    for owner, master in (("dc2", of("acme.web-1")["bridge"]), ("dc1", None)):
        plugged.release(["tap0", "tap1", "tap9"], owner)
        assert links()["tap0"]["master"] == master

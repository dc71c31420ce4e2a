# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hypervisor that comes back is closed until its flows are there, and then as before, without a run of Ansible.

Guests send all the time. What they may not say reaches nobody at any moment, the first one of a boot included.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from guard_cases import ONE, THREE, TWO, Guest
from judge_cases import DB_RULES
from lifecycle_fabric import Fabric
from packets import wait_until
from playbook_run import start
from routed_streams import EDGE, ROUTED, add_routed_ports, routed_streams
from streams import ALLOWED, DENIED, Flood, Stream, flooding

from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import IPV4, ethernet, udp_packet

FOUR = Guest("52:54:00:00:00:04", "10.1.1.4", "fd00:1::4")
GUESTS = {"1": (ONE, "hv1", "web"), "2": (TWO, "hv1", "db"), "3": (THREE, "hv2", "db"), "4": (FOUR, "hv2", "web")}
FILE = "/var/lib/tenantry/sdn/bridges/br-int/7e4a000000000000-ffff000000000000"
RESTORE = Path(__file__).parents[2] / "roles/hypervisor/files/restore"
BACK_SECONDS = 30
MANY = 40  # packets after which a stream is there again


def tenant(name: str) -> dict[str, Any]:
    ports = {
        number: {
            **{"hypervisor": host, "network": "net", "mac": guest.mac, "ip": [guest.ipv4, guest.ipv6]},
            "security_groups": [group],
        }
        for number, (guest, host, group) in GUESTS.items()
    }
    return {
        "networks": {"net": {"type": "gre", "subnet": ["10.1.1.0/24", "fd00:1::/64"]}},
        "ports": ports,
        "security_groups": {"web": {}, "db": {"rules": DB_RULES}},
    }


TENANTS = {name: tenant(name) for name in ("a", "b")}


def stream(sender: str, receiver: str, port: int, mac: str = "", source: str = "") -> Stream:
    """Return datagrams of a guest of tenant a to another, perhaps with another's MAC or IP address."""
    (one, *_more), (two, *_others) = GUESTS[sender], GUESTS[receiver]

    def build(mark: bytes) -> bytes:
        return ethernet(two.mac, mac or one.mac, IPV4, udp_packet(source or one.ipv4, two.ipv4, 40000, mark, port))

    lies = f" as {mac or source}" if mac or source else ""
    is_allowed = port == ALLOWED and not lies and (sender, receiver) in {("1", "2"), ("1", "3"), ("4", "2"), ("4", "3")}
    name = f"{sender} to {receiver}, port {port}{lies}"
    return Stream(name, f"a.{sender}", f"a.{receiver}" if is_allowed else "", build)


def all_streams() -> list[Stream]:
    return [
        *(stream(sender, receiver, ALLOWED) for sender in "14" for receiver in "23"),
        *(stream(sender, receiver, DENIED) for sender in "14" for receiver in "23"),
        stream("2", "1", ALLOWED),
        stream("3", "1", ALLOWED),
        stream("1", "2", ALLOWED, mac=FOUR.mac),
        stream("1", "3", ALLOWED, source=FOUR.ipv4),
    ]


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    options = ["-etwin_driver=systemd", '-e{"twin_packages": ["nftables"]}']
    fabric = new_fabric(TENANTS, ["hv1", "hv2"], forwarding="learning", options=options)
    predicted = fabric.run("site", "--check", "--diff").changes()
    done = fabric.run("site", "--diff").changes()
    assert predicted == done
    assert {host for host, task in done if "Have flows come back" in task} == {"hv1", "hv2"}
    return fabric


@pytest.fixture(scope="module")
def flood(fabric: Fabric) -> Iterator[Flood]:
    with flooding(fabric.twin, fabric.endpoints(), all_streams()) as flood:
        assert_back(flood, time.monotonic(), "first")
        yield flood


def assert_back(flood: Flood, since: float, event: str, floods: bool = False) -> None:
    """Wait until all that is allowed has been back for a while; nothing else may have arrived, ever.

    ``floods``: the switch gives what is for a guest that it has not heard yet to all who may have it.
    """
    back = wait_until(lambda: all(one.arrived(since) > MANY for one in flood.allowed()), BACK_SECONDS)
    assert {one.name: one.leaks() for one in (flood.denied() if floods else flood.streams) if one.leaks()} == {}, event
    assert back, (event, {one.name: one.arrived(since) for one in flood.allowed()})
    print(f"{event}: allowed again after {max(one.gap(since) for one in flood.allowed()):.2f} s")


def assert_sent_before_the_switch_was_there(fabric: Fabric, flood: Flood) -> None:
    """Check that the guests of hv1 tried from the first moment: a boot gives them new cables."""
    started = int(sh(fabric, "systemctl show -P ExecMainStartTimestampMonotonic ovs-vswitchd")) / 1e6
    ports = fabric.tenants["a"]["ports"]
    here = [when for name, when in flood.since.items() if ports[name.partition(".")[2]]["hypervisor"] == "hv1"]
    assert len(here) == 2
    assert max(here) < started


def sh(fabric: Fabric, command: str) -> str:
    return fabric.twin.run("hv1", "sh", "-c", command)


def failed(fabric: Fabric) -> str:
    """Wait until a unit has failed, and return which, and what it said."""
    said = "systemctl --failed --plain --no-legend | cut -d' ' -f1; journalctl -u tenantry-openflow -p crit -o cat -n 1"
    assert wait_until(lambda: "degraded" in fabric.twin.attempt("hv1", "systemctl", "is-system-running").stdout, 20)
    return sh(fabric, said)


def assert_settled(fabric: Fabric) -> None:
    """Wait until all units are done, else the next event would hit them, and let them be started as often again."""
    settled = "running\n"
    assert wait_until(lambda: fabric.twin.attempt("hv1", "systemctl", "is-system-running").stdout == settled, 20), sh(
        fabric, "systemctl --failed; systemctl list-jobs; journalctl -b -n 40 --no-pager"
    )
    sh(fabric, "systemctl reset-failed ovsdb-server ovs-vswitchd openvswitch-switch")


def power_cycle(fabric: Fabric) -> None:
    keeper = Path(f"/proc/{fabric.twin.pid('hv1')}/root")
    fabric.twin.attempt("hv1", "systemctl", "poweroff")
    assert wait_until(lambda: not keeper.exists(), 20)
    fabric.run("twin_up", *fabric.settings)


EVENTS: dict[str, Callable[[Fabric], Any]] = {
    "poweroff and boot": power_cycle,
    "restart of openvswitch-switch": lambda fabric: sh(fabric, "systemctl restart openvswitch-switch"),
    "kill of ovs-vswitchd": lambda fabric: sh(fabric, "kill -9 $(cat /run/openvswitch/ovs-vswitchd.pid)"),
    "kill of ovsdb-server": lambda fabric: sh(fabric, "kill -9 $(cat /run/openvswitch/ovsdb-server.pid)"),
    "reload of openvswitch-switch": lambda fabric: sh(fabric, "systemctl reload openvswitch-switch"),
}

FLUSHES: dict[str, Callable[[Fabric], Any]] = {  # of all chains
    "restart of nftables": lambda fabric: sh(fabric, "systemctl restart nftables"),
    "reload of nftables": lambda fabric: sh(fabric, "systemctl reload nftables"),
    "stop of nftables, start of the unit": lambda fabric: sh(
        fabric, "systemctl stop nftables; systemctl start tenantry-netfilter"
    ),
    "first start of nftables": lambda fabric: sh(fabric, "systemctl start nftables"),
}


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_denied_never_arrives_and_what_is_allowed_comes_back(fabric: Fabric, flood: Flood, event: str) -> None:
    sent = {one.name: one.sent for one in flood.streams}
    since = time.monotonic()
    EVENTS[event](fabric)
    assert_back(flood, since, event)
    assert_sent_before_the_switch_was_there(fabric, flood)
    assert min(one.sent - sent[one.name] for one in flood.streams) > MANY
    assert_settled(fabric)


def test_a_damaged_file_leaves_the_host_closed_and_loud(fabric: Fabric, flood: Flood) -> None:
    whole = sh(fabric, f"cat {FILE}")
    sh(fabric, f"sed -i 3s/priority=/priority=1/ {FILE} && systemctl restart openvswitch-switch")
    said = f"tenantry-openflow.service\nCLOSED: {FILE} is damaged: its lines are not those that were saved; run site\n"
    assert failed(fabric) == said
    assert_silent(flood)
    fabric.twin.run("hv1", "sh", "-c", f"cat >{FILE}", stdin=whole)
    since = time.monotonic()
    sh(fabric, "systemctl start tenantry-openflow")
    assert_back(flood, since, "start of the unit with the whole file")
    assert_settled(fabric)


def test_a_switch_that_is_held_is_told(fabric: Fabric, flood: Flood) -> None:
    forgetful = r"[Service]\nExecStartPost=\nExecStartPost=-/usr/local/lib/tenantry/restore openflow\n"
    impatient = r"[Service]\nEnvironment=PATIENCE=1\n"
    folder = "/run/systemd/system"
    for unit, text in (("ovs-vswitchd", forgetful), ("tenantry-openflow", impatient)):
        sh(fabric, f"mkdir {folder}/{unit}.service.d; printf '{text}' >{folder}/{unit}.service.d/zz.conf")
    sh(fabric, "systemctl daemon-reload; systemctl restart openvswitch-switch")
    try:
        assert "tenantry-openflow.service\nCLOSED: other_config:flow-restore-wait is set" in failed(fabric)
        assert_silent(flood)
    finally:
        sh(fabric, f"rm -r {folder}/*.service.d; systemctl daemon-reload")
    since = time.monotonic()
    sh(fabric, "/usr/local/lib/tenantry/restore release; systemctl start tenantry-openflow")
    assert_back(flood, since, "release")
    assert_settled(fabric)


FIREWALL = """
    - tenantry.sdn.sg_ipset: {name: lab.web, type: hash:ip, members: [10.9.1.1, 10.9.1.2], saved: true}
    - tenantry.sdn.sg_rules:
        name: lab.forward
        rules: [{sets: [{set: lab.web, direction: src}], target: RETURN}, {target: DROP}]
        jumps: [{chain: FORWARD, out_interface: tap+}]
        saved: true
"""
NO_FIREWALL = """
    - tenantry.sdn.sg_rules: {name: lab.forward, state: absent}
    - tenantry.sdn.sg_ipset: {name: lab.web, state: absent}
"""
WEB = "/var/lib/tenantry/sdn/sets/lab.web"


def play(fabric: Fabric, tasks: str) -> None:
    """Run tasks on hv1."""
    playbook = fabric.folder / "play.yml"
    playbook.write_text(f"- hosts: hv1\n  gather_facts: false\n  tasks:{tasks}")
    run = start(fabric.twin.inventory, fabric.folder / "ansible", str(playbook))
    assert run.succeeded, run.summary()


def test_sets_and_chains_come_back_and_no_flow_does_without_them(fabric: Fabric, flood: Flood) -> None:
    play(fabric, FIREWALL)
    show = "ipset save | sed 's/ initval [^ ]*//' | sort; iptables-save | grep lab"
    before, since = sh(fabric, show), time.monotonic()
    sh(fabric, "systemctl restart openvswitch-switch")
    assert_back(flood, since, "restart, with sets and chains that were saved since the boot")
    since = time.monotonic()
    power_cycle(fabric)
    assert_back(flood, since, "poweroff and boot, with sets and chains")
    assert_settled(fabric)
    assert sh(fabric, show) == before
    whole = sh(fabric, f"cat {WEB}")
    sh(fabric, f"sed -i '$d' {WEB}")
    power_cycle(fabric)
    assert failed(fabric) == (
        "tenantry-netfilter.service\ntenantry-openflow.service\n"
        "CLOSED: the chains of /var/lib/tenantry/sdn/rules are not all there, so no flow is restored: "
        "see systemctl status tenantry-netfilter\n"
    )
    assert f"CLOSED: {WEB} is cut off; run site" in sh(fabric, "journalctl -b -u tenantry-netfilter -p crit -o cat")
    assert_silent(flood)
    fabric.twin.run("hv1", "sh", "-c", f"cat >{WEB}", stdin=whole)
    since = time.monotonic()
    sh(fabric, "systemctl start tenantry-netfilter")
    assert_back(flood, since, "start of the unit with the whole set")
    assert sh(fabric, show) == before
    assert_settled(fabric)
    for verb in ("start", "restart", "reload"):  # each flushes all chains
        since = time.monotonic()
        sh(fabric, f"systemctl {verb} nftables")
        assert_back(flood, since, f"{verb} of nftables")
        assert wait_until(lambda: fabric.twin.attempt("hv1", "sh", "-c", show).stdout == before)  # a job of its own
    since = time.monotonic()
    sh(fabric, "systemctl stop nftables")
    assert_silent(flood)
    play(fabric, NO_FIREWALL)
    sh(fabric, "systemctl start tenantry-openflow")
    assert_back(flood, since, "start of the unit where no chains are saved")
    since = time.monotonic()
    sh(fabric, "for verb in start restart reload stop; do systemctl $verb nftables; done")
    flows = sh(fabric, "ovs-ofctl -OOpenFlow15 dump-flows br-int table=0")
    ages = [float(age) for age in re.findall(r"duration=([0-9.]+)s", flows)]
    assert min(ages, default=0) > time.monotonic() - since, "flows that no chain belongs to went"


def test_static_forwarding_comes_back_too(fabric: Fabric, flood: Flood) -> None:
    fabric.fabric["forwarding"] = "static"
    fabric.run("site")
    since = time.monotonic()
    sh(fabric, "systemctl restart openvswitch-switch")
    assert_back(flood, since, "restart with static forwarding")
    fabric.converged()


def test_a_leak_would_be_seen(fabric: Fabric, flood: Flood) -> None:
    """Of a switch that is open when it starts, and ports that are as usual. The restore does not touch it."""
    sh(
        fabric,
        "for port in $(ovs-vsctl list-ports br-int); do ovs-vsctl remove port $port trunks 4095; done;"
        "ovs-vsctl set-fail-mode br-int standalone; systemctl restart openvswitch-switch",
    )
    denied = [one for one in flood.denied() if one.sender in ("a.1", "a.2") and one.name.endswith("2, port 5009")]
    assert wait_until(lambda: all(one.leaks() > MANY for one in denied), 20)
    assert "tenantry-openflow.service\nCLOSED: bridge br-int is not fail_mode=secure" in failed(fabric)


def test_plugs_and_routed_ports_come_back_behind_their_chains(fabric: Fabric, flood: Flood) -> None:
    sh(fabric, "systemctl enable --now nftables")
    fabric.fabric.update(forwarding="plain", security_driver="ipset")
    add_routed_ports(fabric)
    fabric.run("twin_up", "site", *fabric.settings)
    for one in flood.streams:
        one.heard.clear()
    with flooding(fabric.twin, [f"a.{number}" for number in ROUTED], list(routed_streams())) as routed:
        assert_back(routed, time.monotonic(), "first, of routed ports")
        for event, happen in {**EVENTS, **FLUSHES}.items():
            since = time.monotonic()
            happen(fabric)
            assert_back(flood, since, f"{event}, with plugs", floods=True)
            assert_back(routed, since, f"{event} and routed ports")
            for each in (flood, routed):
                assert_sent_before_the_switch_was_there(fabric, each)
            assert_settled(fabric)
        sh(fabric, "nft flush ruleset")
        open_now = [(flood, "1 to 2, port 5009"), *((routed, f"5 to 6, port 5009 as 5, IPv{one}") for one in EDGE)]
        leaking = [one for where, name in open_now for one in where.denied() if one.name == name]
        assert wait_until(lambda: all(one.leaks() > MANY for one in leaking), 20), "else this test could not fail"
        assert len(leaking) == 3
        sh(fabric, "systemctl disable --now nftables")
        assert_silent(flood)


def test_teardown_leaves_neither_files_nor_units(fabric: Fabric) -> None:
    fabric.run("teardown", "-eteardown=all")
    assert sh(fabric, "ls -d /var/lib/tenantry /usr/local/lib/tenantry /etc/systemd/system/*tenantry* 2>&-; :") == ""
    assert sh(fabric, "find /etc/systemd/system -name '*.d' -o -name '*.next'") == ""
    assert "tenantry" not in sh(fabric, "systemctl cat ovs-vswitchd; systemctl list-unit-files")
    assert "0 loaded units" in sh(fabric, "systemctl list-units --all 'tenantry*'")


def assert_silent(flood: Flood) -> None:
    """Check that nothing goes through hv1, for as long as much is sent."""
    since, sent = time.monotonic(), flood.streams[0].sent
    assert wait_until(lambda: flood.streams[0].sent > sent + 2 * MANY, 20)
    here = {"a.1", "a.2"}
    heard = [(one, who) for one in flood.streams for when, who in one.heard if when > since]
    assert {one.name for one, who in heard if here & {one.sender, who}} == set()

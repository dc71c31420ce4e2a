# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""routed_port with real links, rules and routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from module_runner import call_modules
from plug_lab import sysctl
from routed_lab import DB, FAR, FAR6, NONE, TASK, WEB, converge, host, run, state
from rule_lab import tool
from set_lab import own_namespace
from wrong_calls import cases, wrong

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import routes
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iproute import batch
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import routing_table
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import (
    closing,
    opening,
    recording,
    rejecting,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port_input import parse_routed_ports

TABLE = routing_table("dc1")
WRONG = list(cases("wrong_routed_ports.txt"))


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        host("tap0", "tap1")
        yield


def ours(version: int = 4) -> list[str]:
    return sorted(map(str.strip, tool("ip", f"-{version}", "route", "show", "table", str(TABLE)).splitlines()))


def test_each_guest_has_a_way_and_what_has_none_is_unreachable() -> None:
    assert converge(**TASK)["table"] == TABLE
    assert ours() == [
        "10.9.0.11 dev tap0 scope link",
        "10.9.0.12 dev tap1 scope link",
        "10.9.0.13 dev tap1 scope link",
        "10.9.0.21 via 192.168.1.2 dev eth0",
        "unreachable default",
    ]
    assert [route.partition(" metric")[0] for route in ours(6)] == [
        "fd00:9::11 dev tap0",
        "fd00:9::21 via fd00:1::2 dev eth0",
        "unreachable default dev lo",
    ]
    found = state()
    assert [line for line in found["rules"].splitlines() if line.startswith("300")] == [
        *(f"3000:\tfrom all {selector} lookup {TABLE}" for selector in ("to 10.9.0.0/24", "iif tap0", "iif tap1")),
        f"3000:\tfrom all iif eth0 lookup {TABLE}",
        *(f"3000:\tfrom all iif {name} lookup {TABLE}" for name in ("tap0", "eth0")),
        f"3001:\tnot from all iif lo lookup {rejecting(TABLE)}",
        f"3002:\tfrom all to fd00:9::/64 lookup {TABLE}",
    ]
    assert found["neighbours"] == [
        "10.9.0.11 dev tap0 lladdr 02:00:00:00:00:01 PERMANENT",
        "10.9.0.12 dev tap1 lladdr 02:00:00:00:00:02 PERMANENT",
        "10.9.0.13 dev tap1 lladdr 02:00:00:00:00:02 PERMANENT",
        "fd00:9::11 dev tap0 lladdr 02:00:00:00:00:01 PERMANENT",
        "fe80::ff:fe00:1 dev tap0 lladdr 02:00:00:00:00:01 PERMANENT",
    ]
    no, yes = "0\n", "1\n"
    assert found["links"]["tap0"] == (1400, True, None, "169.254.1.1", "fe80::1", yes, yes, no, no, yes, no)
    assert found["links"]["tap1"] == (1500, True, None, "169.254.1.1", yes, yes, yes, yes, yes, no)
    assert sysctl("ipv4", "eth0", "forwarding").read_text() == "1\n"
    assert sysctl("ipv4", "in-eth0", "forwarding").read_text() == "0\n"


def test_all_goes_and_the_host_is_as_before_but_for_what_nobody_notices() -> None:
    tool("ip", "link", "set", "tap0", "mtu", "1400", "up")
    tool("ip", "link", "set", "tap1", "up")
    tool("ip", "neighbour", "add", "192.168.1.9", "lladdr", "02:00:00:00:00:09", "dev", "eth0")  # somebody's own
    before = state()
    converge(**TASK)
    converge(**NONE)
    after = state()
    for key in ("rules", "routes", "routes6", "neighbours", "hosts6"):
        assert after[key] == before[key]
    assert after["links"]["eth0"] == before["links"]["eth0"]
    assert after["links"]["tap0"] == (1400, True, None, "1\n", "1\n", "1\n", "0\n", "0\n", "0\n")


@pytest.mark.parametrize(
    "spoil",
    [
        "ip route del 10.9.0.11 table {table}",
        "ip route replace 10.9.0.11 dev tap1 table {table}",
        "ip route replace 10.9.0.21 dev tap1 table {table}",
        "ip route add 10.9.0.99 dev tap1 table {table}",
        "ip route flush table {table}",
        "ip rule del iif tap0 lookup {table}",
        "ip rule add iif in-tap0 lookup {table} pref 3000",
        "ip rule add to 10.0.0.0/8 lookup {table} pref 3000",
        "ip address del 169.254.1.1/32 dev tap0",
        "ip neighbour replace 10.9.0.11 lladdr 02:00:00:00:00:99 nud permanent dev tap0",
        "ip neighbour add 10.9.0.12 lladdr 02:00:00:00:00:99 nud permanent dev tap0",
        "ip link set tap0 mtu 1500",
        "ip link set tap0 down",
        "sysctl -qw net.ipv4.conf.tap0.rp_filter=0",
        "sysctl -qw net.ipv4.conf.tap0.arp_ignore=0",
        "sysctl -qw net.ipv4.conf.tap0.forwarding=0",
        "sysctl -qw net.ipv4.conf.eth0.forwarding=0",
        "sysctl -qw net.ipv6.conf.tap0.disable_ipv6=1",
        "sysctl -qw net.ipv6.conf.tap1.disable_ipv6=0",
        "sysctl -qw net.ipv6.conf.tap0.accept_ra=2",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
        "ip -6 route replace fd00:9::11 dev eth0 table {table}",
        "ip -6 route replace fd00:9::21 dev tap0 table {table}",
        "ip -6 route add fd00:9::99 via fd00:1::9 dev eth0 table {table}",
        "ip -6 route flush table {table}",
        "ip -6 rule del iif tap0 lookup {table}",
        "ip -6 route add fd00:9::99 dev eth0 table {rejecting}",
        "ip -6 route flush table {rejecting}",
        "ip -6 rule add to fd00:8::/32 lookup {table} pref 3002",
        "ip -6 rule add iif in-tap0 lookup {table} pref 3000",
        "ip address del fe80::1/128 dev tap0",
        "ip neighbour replace fd00:9::11 lladdr 02:00:00:00:00:99 nud permanent dev tap0",
    ],
)
def test_what_somebody_else_changed_is_put_right(spoil: str) -> None:
    run(**TASK)
    right = state()
    tool(*spoil.format(table=TABLE, rejecting=rejecting(TABLE)).split())
    assert state() != right
    assert converge(**TASK)["changed"]
    assert sorted(state()["rules"].splitlines()) == sorted(right.pop("rules").splitlines())
    assert {key: state()[key] for key in right} == right


def test_what_goes_goes_first_and_what_moves_is_nowhere_meanwhile() -> None:
    run(**TASK)
    moved = {**TASK, "ports": [{**DB, "addresses": ["10.9.0.12", "10.9.0.11"]}]}
    held = converge(**moved, hold_back=True)
    gone = {"forwarding": 0, "disable_ipv6": 1, "gateway": False, "gateway6": False, "neighbours": {}}
    assert held["diff"]["after"]["link tap0"] == gone
    assert held["diff"]["after"]["host ipv6"] == {"forwarding": 0}
    assert [line.split()[0] for line in ours()] == ["10.9.0.12", "10.9.0.21", "unreachable"]
    assert ours(6) == []
    converge(**moved)
    assert [line.split()[:3] for line in ours()][:2] == [["10.9.0.11", "dev", "tap1"], ["10.9.0.12", "dev", "tap1"]]


def test_nothing_of_another_owner_is_touched() -> None:
    theirs = {"owner": "dc2", "subnets": ["10.8.0.0/24"], "ports": [{**DB, "addresses": ["10.8.0.1", "fd00:8::1"]}]}
    run(**theirs)
    before = state()
    converge(subnets=["10.9.0.0/24"], ports=[WEB])
    converge(**NONE)
    after = state()
    assert after["hosts6"][0] == "1\n"
    del before["links"]["tap0"], after["links"]["tap0"]
    assert after == before


def test_a_guest_of_one_ip_family_has_no_gateway_of_the_other() -> None:
    for addresses, gateways in ((["fd00:9::12"], ["fe80::1"]), (DB["addresses"], ["169.254.1.1"])):
        converge(**{**TASK, "ports": [{**DB, "addresses": addresses}], "routes": []})
        assert [value for value in state()["links"]["tap1"] if value in ("169.254.1.1", "fe80::1")] == gateways
    assert state()["hosts6"] == ["0\n"] * 2


def test_a_guest_that_is_not_there_is_awaited_or_required() -> None:
    task = {**TASK, "ports": [{**WEB, "interface": "tap9"}]}
    made = converge(**task)
    assert made["warnings"] == ["Not there yet, run the task again when they are: tap9"]
    assert run(**task, require_devices=True).message == (
        "No such interfaces: tap9. Start the guests that have them, and run the task again."
    )
    tool("ip", "link", "add", "tap9", "type", "veth", "peer", "name", "in-tap9")
    converge(**task)
    assert "10.9.0.11 dev tap9" in " ".join(ours())
    tool("ip", "link", "del", "tap9")
    converge(**NONE)


def test_a_host_without_a_way_to_the_others_is_told_and_left() -> None:
    before = state()
    task = {**TASK, "routes": [FAR, {"destination": "10.9.0.31", "via": "192.168.7.7"}]}
    assert run(**task).message == (
        "There is no way to 192.168.7.7: RTNETLINK answers: Network is unreachable Command failed -:2. Give the host "
        "one, and run the task again."
    )
    assert state() == before


def test_others_behind_a_router_are_reached_by_it() -> None:
    tool("ip", "route", "add", "default", "via", "192.168.1.254")
    converge(**{**TASK, "routes": [{"destination": "10.9.0.31", "via": "192.168.7.7"}]})
    assert "10.9.0.31 via 192.168.1.254 dev eth0" in " ".join(ours())


def test_a_guest_that_a_bridge_has_is_refused() -> None:
    tool("ip", "link", "add", "virbr0", "type", "bridge")
    tool("ip", "link", "set", "tap0", "master", "virbr0")
    before = state()
    assert run(**TASK).message == "interface tap0: it is a port of virbr0; take it out there, or write another"
    assert state() == before


def do(lines: list[tuple[int, str]]) -> None:
    for version, group in itertools.groupby(lines, lambda line: line[0]):
        batch([line for dummy, line in group], routes.TIMEOUT, version)


def test_a_run_after_one_that_was_killed_anywhere_is_as_one_that_was_not() -> None:
    backend = routes.RoutedPorts(parse_routed_ports({**TASK, "allow_empty": False, "owner": "dc1"}), "dc1", False)
    nothing = routes.RoutedPorts(parse_routed_ports({**TASK, **NONE, "routes": [], "owner": "dc1"}), "dc1", False)
    plan = backend.plan()
    made = [(at, line) for part in (recording, opening) for at in (4, 6) for line in part(plan, TABLE, at)]
    of_ipv6 = sum(1 for dummy in opening(plan, TABLE, 6))
    run(**TASK)
    right, last = state(), nothing.plan()
    taken = [(at, line) for at in (6, 4) for line in closing(last, TABLE, at)]
    run(**NONE)
    left = state()
    for done in range(1, len(made)):
        if done > len(made) - of_ipv6:
            sysctl("ipv6", "tap0", "disable_ipv6").write_text("0")
        do(made[:done])
        if done % 2:
            run(**NONE)
            assert state() == left
        run(**TASK)
        assert sorted(state()["rules"].splitlines()) == sorted(right["rules"].splitlines())
        assert [state()[key] for key in ("routes", "routes6")] == [right[key] for key in ("routes", "routes6")]
        for version, name in (("ipv4", "tap0"), ("ipv4", "tap1"), ("ipv4", "eth0"), ("ipv6", "all")):
            sysctl(version, name, "forwarding").write_text("0")
        do(taken[:done])
        if taken[:done][-1][0] == 4:
            sysctl("ipv6", "tap0", "disable_ipv6").write_text("1")
        run(**NONE)
        assert state() == left


def test_tasks_of_one_owner_at_once_prove_their_own_change_each() -> None:
    """Without the lock, a task would find the ways of another where it looks for its own."""
    ways = [[WEB, DB], [{**WEB, "interface": "tap1"}], [{**DB, "interface": "tap0"}], [DB]]
    wanted = [{**TASK, "ports": ports, "routes": [FAR, FAR6][: len(ports)]} for ports in ways]
    results = call_modules("routed_port", [{"owner": "dc1", **task} for task in wanted])
    assert [one.get("msg") for one in results] == [None] * 4
    left = [run(check=True, **task) for task in wanted]
    assert sorted(one["changed"] for one in left) == [False, True, True, True]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[change for change, message in WRONG])
def test_a_wrong_task_is_told_exactly_and_does_nothing(change: str, message: str) -> None:
    before = state()
    assert [run(check, **wrong({**TASK, "ports": [WEB]}, change)).message for check in (True, False)] == [message] * 2
    assert state() == before

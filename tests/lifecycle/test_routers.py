# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual routers of two tenants with the same addresses, on the same hypervisors, asked by real clients.

The outside is the gateway of the external network.
"""

from __future__ import annotations

import copy
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import members
import pytest
from lifecycle_fabric import Fabric
from oracle import Oracle
from packets import pinging, wait_until
from router_clients import (
    PROBED,
    Advertisement,
    advertisement,
    answering,
    assert_refused,
    call,
    dig,
    hearing_offers,
    leased,
    name_server,
    offer,
    seen,
)
from router_tenants import (
    BALANCED,
    CLOSED,
    DEVICE,
    GATEWAY,
    GATEWAY6,
    HOST,
    INTERNET,
    NAMES_AT,
    OPEN,
    OUTSIDE,
    PUBLIC,
    STATIC,
    VLAN,
    WEB_1,
    WEB_2,
    tenants,
)
from router_traces import cables, files, left, make
from tagged_device import tagged_device
from talks import PERIOD, QUIET, compare_heard, heard, talking

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family

PACKAGES = [
    *("dnsmasq-base", "nftables", "keepalived", "conntrackd", "conntrack", "haproxy"),
    *("udhcpc", "isc-dhcp-client", "bind9-dnsutils"),  # of the guests
]
READY = 5  # seconds after which a keepalived that died takes over again: it is started, and hears the other first
FOREIGN = "52:54:00:99:99:99"
GATEWAYS = "iptables-save; find /var/lib/tenantry; true"
RULES = [
    *({"direction": "ingress", "protocol": "tcp", "port": port} for port in (22, 80)),
    {"direction": "ingress", "protocol": "udp", "port": 68},  # DHCP
]


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    packages = ", ".join(f'"{package}"' for package in PACKAGES)
    options = ["-etwin_driver=systemd", f'-e{{"twin_packages": [{packages}]}}']
    fabric = new_fabric(
        tenants(),
        ["hv1", "hv2"],
        ["physnet2"],
        forwarding="learning",
        options=options,
        external_networks={"internet": INTERNET},
        underlay="192.168.1.0/24",
    )
    predicted = fabric.run("site", "--check", "--diff").changes()
    assert fabric.run("site", "--diff").changes() == predicted
    assert wait_until(lambda: holder(fabric) in fabric.hypervisors, 20)
    fabric.converged()
    return fabric


def holder(fabric: Fabric) -> str:
    """Return which hypervisors have red's addresses."""
    show = ("ip", "-n", "tenantry-red.edge", "-oneline", "address")
    return ",".join(host for host in fabric.hypervisors if "10.1.1.1/24" in fabric.twin.run(host, *show))


def test_guests_get_what_the_intent_says_by_dhcp(fabric: Fabric) -> None:
    told = leased(fabric, "red.web-2")
    mtu = fabric.twin.run("red.web-2", "cat", "/sys/class/net/eth0/mtu").strip()
    wanted = {"ip": "10.1.1.12", "mask": "24", "router": "10.1.1.1", "dns": "10.1.1.1", "lease": "1800", "mtu": mtu}
    wanted.update(ntpsrv="10.1.1.9", serverid="10.1.1.1", domain="red.internal")
    assert {name: told.get(name) for name in wanted} == wanted


def test_guests_get_their_address_by_dhcpv6(fabric: Fabric) -> None:
    lease = "/tmp/dhclient6.leases"
    fabric.twin.run(
        "red.web-2", "dhclient", "-6", "-1", "-sf", "/bin/true", "-lf", lease, "-pf", "/tmp/dhclient6.pid", "eth0"
    )
    fabric.twin.run("red.web-2", "sh", "-c", "kill $(cat /tmp/dhclient6.pid)")
    assert "iaaddr fd00:1::12 {" in fabric.twin.run("red.web-2", "cat", lease)


def test_a_foreign_mac_gets_nothing_and_a_known_one_does_in_its_tenant_alone(fabric: Fabric) -> None:
    """Asked as a guest whom the guard lets pass, by its frame's own address; answers are broadcast in its network."""
    for asker, other in (("red.web-1", "blue.web-1"), ("blue.web-1", "red.web-1")):
        own = fabric.twin.run(asker, "cat", "/sys/class/net/eth0/address").strip()
        with hearing_offers(fabric, asker, other) as heard:
            assert offer(fabric, asker, own) == "10.1.1.11"
            assert offer(fabric, asker, FOREIGN) is None
        assert heard == {asker: ["10.1.1.11"], other: []}


def test_a_foreign_mac_gets_an_address_where_there_are_some_for_strangers(fabric: Fabric) -> None:
    assert offer(fabric, "red.db-1", FOREIGN, PROBED) in ("10.1.2.100", "10.1.2.101")


def test_guests_are_told_of_their_router_by_ipv6_and_of_none_where_a_device_routes(fabric: Fabric) -> None:
    mtu = int(fabric.twin.run("red.web-2", "cat", "/sys/class/net/eth0/mtu"))
    told = Advertisement(managed=True, other=True, lifetime=90, mtu=mtu, autonomous=False)
    assert advertisement(fabric, "red.web-2") == told
    assert advertisement(fabric, "green.dmz-1") == replace(told, lifetime=0, mtu=1500)


def test_guests_of_a_device_on_the_wire_have_it_as_their_router(fabric: Fabric) -> None:
    """The talk's F5 and SRX. Our router has addresses and names alone, and asks others by the device."""
    told = leased(fabric, "green.dmz-1")
    wanted = {"ip": "10.7.2.11", "router": DEVICE, "dns": NAMES_AT, "serverid": NAMES_AT}
    assert {name: told.get(name) for name in wanted} == wanted
    with tagged_device(fabric, "physnet2", VLAN, f"{DEVICE}/24"):
        assert fabric.twin.pings("green.dmz-1", GATEWAY)
        with name_server(fabric, "hv1", GATEWAY, "www.world.example", "192.0.2.80"):
            assert dig(fabric, "green.dmz-1", "www.world.example", server=NAMES_AT) == ["192.0.2.80"]
    assert not fabric.twin.pings("green.dmz-1", GATEWAY, patience=1)


def gateway_answers(fabric: Fabric) -> None:
    """Check what guests of green reach of hv1, which has servers at both of its addresses."""
    for guest in ("green.lan-1", "green.lan-2"):
        assert fabric.twin.pings(guest, HOST, patience=10)
        assert seen(fabric, guest, "hv1", HOST, OPEN) == fabric.address(guest)
    assert seen(fabric, "hv1", "green.lan-2", "10.7.1.12", CLOSED) == HOST
    assert_refused(fabric, ("green.lan-2", "hv1", HOST, CLOSED), ("green.lan-2", "hv1", "192.168.1.151", OPEN))


def test_names_are_answered_within_their_tenant_alone(fabric: Fabric) -> None:
    assert dig(fabric, "red.web-1", "web-2.red.internal") == ["10.1.1.12"]
    assert dig(fabric, "red.web-1", "web-2.red.internal", "AAAA") == ["fd00:1::12"]
    assert dig(fabric, "red.web-1", "www.red.internal") == ["10.1.1.12"]
    assert dig(fabric, "red.web-1", "-x", "10.1.1.11") == ["web-1.red.internal."]
    assert "web-1.blue.internal." in dig(fabric, "blue.web-1", "-x", "10.1.1.11")
    foreign = fabric.twin.run("blue.web-1", "dig", "+tries=1", "@10.1.1.1", "web-2.red.internal")
    assert "status: NXDOMAIN" in foreign or "status: REFUSED" in foreign
    assert dig(fabric, "blue.web-1", "web-2.red.internal") == []


def test_other_names_are_asked_of_whom_the_intent_says(fabric: Fabric) -> None:
    with name_server(fabric, "hv1", GATEWAY, "www.world.example", "192.0.2.80"):
        assert dig(fabric, "red.web-1", "www.world.example") == ["192.0.2.80"]
        assert "status: REFUSED" in fabric.twin.run("blue.web-1", "dig", "+tries=1", "@10.1.1.1", "www.world.example")


def assert_seen(fabric: Fabric, calls: Mapping[tuple[Any, ...], str | None]) -> None:
    """Check by real calls, and by traces of their packets, by which addresses servers see who calls them."""
    through = {words: source for words, source in calls.items() if source}
    assert {words: seen(fabric, *words) for words in through} == through
    assert_refused(fabric, *(words for words in calls if words not in through))
    outside = {4: GATEWAY, 6: GATEWAY6}
    asked = [
        {"from": outside[family(address)] if client == OUTSIDE else client, "to": address, "proto": "tcp", "port": port}
        for client, _server, address, port, *_behind in calls
    ]
    traced = [journey.there.last.source if journey.reaches else None for journey in Oracle(fabric).journeys(asked)]
    assert dict(zip(calls, traced)) == calls


def test_who_goes_out_is_seen_with_the_address_of_its_router_or_its_own(fabric: Fabric) -> None:
    assert_seen(
        fabric,
        {
            ("red.web-1", OUTSIDE, GATEWAY, 7001): PUBLIC["red"],
            ("red.db-1", OUTSIDE, GATEWAY, 7001): PUBLIC["red"],
            ("red.web-2", OUTSIDE, GATEWAY, 7001): STATIC,
            ("blue.web-1", OUTSIDE, GATEWAY, 7001): PUBLIC["blue"],
            ("red.web-1", OUTSIDE, GATEWAY6, 7001): WEB_1,
        },
    )
    assert not fabric.twin.pings("blue.web-1", GATEWAY6, patience=1)


def test_what_comes_in_is_what_the_intent_says(fabric: Fabric) -> None:
    forwarded, static = ("10.1.2.11", 22), "10.1.1.12"
    assert_seen(
        fabric,
        {
            (OUTSIDE, "red.db-1", PUBLIC["red"], 2222, forwarded): GATEWAY,
            (OUTSIDE, "blue.db-1", PUBLIC["blue"], 2222, forwarded): GATEWAY,
            (OUTSIDE, "red.web-2", STATIC, 80, (static, 80)): GATEWAY,
            (OUTSIDE, "red.web-2", STATIC, 81, (static, 81)): None,
            (OUTSIDE, "red.db-1", PUBLIC["red"], 2223, ("10.1.2.11", 2223)): None,
            **{
                (OUTSIDE, "red.db-1", PUBLIC["red"], port, ("10.1.2.11", port)): came
                for port, came in ((8999, None), (9000, GATEWAY), (9002, GATEWAY), (9003, None))
            },
            (OUTSIDE, "red.web-2", WEB_2, 80): GATEWAY6,
            (OUTSIDE, "red.web-2", WEB_2, 81): None,
        },
    )
    for address in (STATIC, static, WEB_1):
        assert not fabric.twin.pings(OUTSIDE, address, patience=1)


def test_nothing_else_is_open_to_the_outside(fabric: Fabric) -> None:
    ports = [*range(1, 1025), 2222, 2223, 5353, 7001, 8080, 8081, BALANCED[1], *range(8999, 9004)]
    named = {
        (PUBLIC["red"], socket.SOCK_STREAM): {2222, 8080, BALANCED[1], 9000, 9001, 9002},
        (PUBLIC["red"], socket.SOCK_DGRAM): {53},
        (STATIC, socket.SOCK_STREAM): {80},
        (WEB_2, socket.SOCK_STREAM): {80},
    }
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda asked: answering(fabric, OUTSIDE, asked[0], ports, asked[1]), named))
    assert dict(zip(named, found)) == named


def test_guests_reach_what_is_forwarded_from_inside_too(fabric: Fabric) -> None:
    assert_seen(
        fabric,
        {
            ("red.web-1", "red.db-1", PUBLIC["red"], 2222, ("10.1.2.11", 22)): PUBLIC["red"],
            ("red.web-1", "red.web-2", PUBLIC["red"], 8080, ("10.1.1.12", 80)): PUBLIC["red"],
            ("red.web-1", "red.web-2", STATIC, 80, ("10.1.1.12", 80)): PUBLIC["red"],
            ("blue.web-1", "red.db-1", PUBLIC["red"], 2222, ("10.1.2.11", 22)): PUBLIC["blue"],
        },
    )


def test_networks_of_a_tenant_are_joined_and_nothing_else_is(fabric: Fabric) -> None:
    assert fabric.twin.pings("red.web-1", "10.1.2.11")
    assert fabric.twin.pings("blue.web-1", "10.1.2.11")
    assert seen(fabric, "red.web-1", "red.db-1", "10.1.2.11", 5432) == "10.1.1.11"
    assert not fabric.twin.pings("red.web-1", "169.254.0.1", patience=1)  # a router's own network


def test_no_guest_gets_to_where_hypervisors_are(fabric: Fabric) -> None:
    """The outside routes there, and has an address there itself, as it has one that is nowhere else."""
    fabric.twin.run(OUTSIDE, "ip", "address", "add", "192.168.1.254/24", "dev", "underlay")
    fabric.twin.run(OUTSIDE, "ip", "address", "add", "192.0.2.254/32", "dev", "lo")
    for guest in ("red.web-1", "red.web-2"):  # which has static NAT
        assert fabric.twin.pings(guest, "192.0.2.254")
        for address in ("192.168.1.254", "192.168.1.151"):
            assert not fabric.twin.pings(guest, address, patience=1)
            assert "is in fabric.underlay" in Oracle(fabric).told(guest, address, proto="icmp", port=None)


def test_a_hypervisor_is_the_gateway_of_a_simple_network(fabric: Fabric) -> None:
    gateway_answers(fabric)
    assert not fabric.twin.pings("green.lan-2", GATEWAY, patience=1)  # it does not route
    assert not fabric.twin.pings("blue.web-1", HOST, patience=1)


def test_verify_asks_the_outside_and_is_asked_from_there(fabric: Fabric) -> None:
    """The intent has a forward that the router has not, and opens less than it does: all other ways are right."""
    router = fabric.tenants["red"]["routers"]["edge"]
    before = copy.deepcopy(router)
    router["port_forwards"]["new"] = {"protocol": "udp", "port": 2300, "to": "db-1", "to_port": 23}
    router["firewall"][0]["remote_cidr"] = ["192.0.2.0/24", "2001:db8:9::/48"]
    fault = fabric.refused("verify", "-everify_attack=false")["localhost"]
    fabric.tenants["red"]["routers"]["edge"] = before
    missing = f"udp 2300 to {PUBLIC['red']} (port forward): expected reachable, measured unreachable (no reply)"
    open_to_all = "expected unreachable, measured reachable"
    assert "3 wrong (1 leak, 2 unreachable)." in fault
    assert {line for line in fault.splitlines() if line.startswith("- ")} == {
        f"- internet -> red.web-2 tcp 80 to {STATIC} (static NAT): {open_to_all}",
        f"- internet -> red.web-2 tcp 80 to {WEB_2} (IPv6): {open_to_all}",
        f"- internet -> red.db-1 {missing}",
        f"- red.web-1 -> internet {missing}",
    }


def test_what_its_own_checker_or_the_intent_refuses_changes_no_file(fabric: Fabric, tmp_path: Path) -> None:
    wrong = {
        "nftables.conf": "nonsense\n",
        "dnsmasq.conf": "nonsense\n",
        "keepalived.conf": "vrrp_instance edge {\n  interface nowhere\n}\n",
    }
    edge = fabric.tenants["red"]["routers"]["edge"]
    before = files(fabric)
    told = make(fabric, tmp_path, wrong).output
    for name, checker in zip(wrong, ("nft", "dnsmasq", "keepalived")):
        assert re.search(rf"Router other\.edge: {checker} refuses {name}: .*\. Nothing was changed\.", told)
    edge["port_forwards"]["wrong"] = {"protocol": "tcp", "port": 70000, "to": "db-1"}
    [fault, *_others] = fabric.refused("site").values()
    del edge["port_forwards"]["wrong"]
    assert "tenants.red.routers.edge.port_forwards.wrong.port" in fault
    assert files(fabric) == before
    assert all("/red.edge/nftables.conf" in lines for lines in before.values())


def test_a_forward_and_an_address_that_go_are_cut_and_others_lose_nothing(fabric: Fabric) -> None:
    edge = fabric.tenants["red"]["routers"]["edge"]
    calls = {
        "gone": call(OUTSIDE, "red.db-1", PUBLIC["red"], 2222, ("10.1.2.11", 22)),
        "gone in": call(OUTSIDE, "red.web-2", STATIC, 80, ("10.1.1.12", 80)),
        "gone out": call("red.web-2", OUTSIDE, GATEWAY, 7011),
        "kept": call(OUTSIDE, "red.web-2", PUBLIC["red"], 8080, ("10.1.1.12", 80)),
        "blue": call(OUTSIDE, "blue.db-1", PUBLIC["blue"], 2222, ("10.1.2.11", 22)),
        "out": call("red.db-1", OUTSIDE, GATEWAY, 7002),
    }
    worker = holder(fabric)
    with talking(fabric, calls) as talks, pinging(fabric.twin, {"red.web-1": GATEWAY, "blue.web-1": GATEWAY}) as pings:
        ssh, static = edge["port_forwards"].pop("ssh"), edge.pop("static_nat")
        changed = fabric.run("site").changes()
        assert {task.rpartition(" : ")[2] for _host, task in changed} == {"Make the routers", "Program the pipeline"}
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), {name for name in calls if name.startswith("gone")})
    assert [ping.lost for ping in pings] == [[], []]
    assert holder(fabric) == worker
    edge["port_forwards"]["ssh"], edge["static_nat"] = ssh, static
    fabric.run("site")


@contextmanager
def serving(fabric: Fabric, *guests: str) -> Iterator[None]:
    """Let guests be members of the load balancer meanwhile, which has found out that they serve."""
    started = [members.start_member(fabric, guest) for guest in guests]
    try:
        assert wait_until(lambda: members.ask(fabric, OUTSIDE, BALANCED) is not None, 10)
        yield
    finally:
        for member in started:
            member.kill()


def test_the_other_hypervisor_takes_over_and_connections_go_on(fabric: Fabric) -> None:
    calls = {
        "out": call("red.db-1", OUTSIDE, GATEWAY, 7003),
        "in": call(OUTSIDE, "red.web-2", PUBLIC["red"], 8080, ("10.1.1.12", 80)),
        "ipv6": call("red.web-1", OUTSIDE, GATEWAY6, 7009),
        "east-west": call("red.web-2", "red.db-1", "10.1.2.11", 5433),
    }
    worker = holder(fabric)
    [other] = {"hv1", "hv2"} - {worker}
    with talking(fabric, calls) as talks, serving(fabric, "red.web-1", "red.web-2"):
        time.sleep(QUIET)
        since = time.monotonic()
        fabric.twin.run(worker, "systemctl", "kill", "--signal=KILL", "tenantry-keepalived@red.edge")
        assert wait_until(lambda: holder(fabric) == other, 10)
        assert wait_until(lambda: members.ask(fabric, OUTSIDE, BALANCED) is not None, 10)
        print(f"load balancers answer there after {time.monotonic() - since:.2f} s")
        before = heard(talks)
        assert wait_until(
            lambda: all(now > then for name in talks for now, then in zip(talks[name].heard, before[name])), 10
        )
        gap = time.monotonic() - since
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), set())
    print(f"another hypervisor routes after {gap:.2f} s")
    assert gap < 3
    fabric.converged()


def test_a_hypervisor_that_dies_is_replaced_and_its_routers_come_back_by_themselves(fabric: Fabric) -> None:
    if holder(fabric) == "hv2":
        fabric.twin.run("hv2", "systemctl", "kill", "--signal=KILL", "tenantry-keepalived@red.edge")
        assert wait_until(lambda: holder(fabric) == "hv1", 10)
        time.sleep(READY)
    keeper = Path(f"/proc/{fabric.twin.pid('hv1')}/root")
    with talking(fabric, {"out": call("red.db-1", OUTSIDE, GATEWAY, 7007)}) as talks:
        time.sleep(QUIET)
        since = time.monotonic()
        os.kill(fabric.twin.pid("hv1"), signal.SIGKILL)
        show = ("ip", "-n", "tenantry-red.edge", "-oneline", "address")
        assert wait_until(lambda: "10.1.1.1/24" in fabric.twin.run("hv2", *show), 10)
        gap = time.monotonic() - since
        before = heard(talks)
        assert wait_until(lambda: talks["out"].heard > before["out"], 10)  # TCP tries again less and less often
        assert wait_until(lambda: not keeper.exists(), 20)
        fabric.run("twin_up", *fabric.settings)
        up = ("systemctl", "is-active", "tenantry-dnsmasq@blue.edge", "tenantry-keepalived@red.edge")
        assert wait_until(lambda: fabric.twin.attempt("hv1", *up).stdout.split() == ["active", "active"], 30)
        assert wait_until(lambda: seen(fabric, "blue.db-1", OUTSIDE, GATEWAY, 7008) == PUBLIC["blue"], 30)
        gateway_answers(fabric)
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), set())
    assert holder(fabric) == "hv2"
    print(f"another hypervisor has the addresses after {gap:.2f} s")
    assert gap < 3
    fabric.converged()


@pytest.mark.parametrize(("verb", "seconds"), [("rebuild", 3), ("restart", 1)])
def test_a_router_is_made_anew_and_the_other_tenants_notices_nothing(fabric: Fabric, verb: str, seconds: int) -> None:
    calls = {"out": call("red.db-1", OUTSIDE, GATEWAY, 7005), "blue": call("blue.web-1", OUTSIDE, GATEWAY, 7006)}
    guests = {"red.web-1": GATEWAY, "blue.web-1": GATEWAY}
    with talking(fabric, calls) as talks, pinging(fabric.twin, guests, PERIOD) as (red, blue):
        done = fabric.run("router", "-erouter=red.edge", f"-edo={verb}").changes()
        assert {host for host, _task in done} == {"hv1", "hv2"}
        before = heard(talks)
        assert wait_until(lambda: talks["out"].heard > before["out"], 10)  # TCP tries again less and less often
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), set())
    print(f"{verb}: {red.gap * PERIOD:.2f} s without an answer")
    assert red.gap * PERIOD < seconds
    assert red.answered > 100
    assert blue.lost == []
    fabric.converged()


@pytest.mark.parametrize(("forwarding", "driver"), [("static", "openflow"), ("plain", "ipset")])
def test_however_packets_are_forwarded_and_judged(fabric: Fabric, forwarding: str, driver: str) -> None:
    fabric.fabric.update(forwarding=forwarding, security_driver=driver)
    for tenant in ("red", "blue"):
        fabric.tenants[tenant]["security_groups"] = {"default": {"rules": RULES}}
    fabric.run("site")
    assert wait_until(lambda: seen(fabric, "red.db-1", OUTSIDE, GATEWAY, 7009) == PUBLIC["red"], 30)
    assert "lease of 10.1.1.12 obtained" in fabric.twin.run(
        "red.web-2", "sh", "-c", "udhcpc -i eth0 -nq -s /bin/true 2>&1"
    )
    assert seen(fabric, OUTSIDE, "red.db-1", PUBLIC["red"], 2222, ("10.1.2.11", 22)) == GATEWAY
    assert seen(fabric, OUTSIDE, "red.web-2", STATIC, 80, ("10.1.1.12", 80)) == GATEWAY
    assert seen(fabric, "red.web-1", "red.db-1", "10.1.2.11", 22) == "10.1.1.11"
    assert_refused(
        fabric,
        ("red.web-1", "red.db-1", "10.1.2.11", 5432),  # by the groups
        (OUTSIDE, "red.web-2", STATIC, 81, ("10.1.1.12", 81)),
    )
    assert_seen(
        fabric,
        {
            (OUTSIDE, "blue.db-1", PUBLIC["blue"], 2222, ("10.1.2.11", 22)): GATEWAY,
            ("blue.web-1", "blue.db-1", PUBLIC["blue"], 2222, ("10.1.2.11", 22)): PUBLIC["blue"],
            ("blue.web-1", "blue.db-1", "10.1.2.11", 22): "10.1.1.11",
            ("blue.web-1", "blue.db-1", "10.1.2.11", 5432): None,
            ("blue.web-2", OUTSIDE, GATEWAY, 7010): PUBLIC["blue"],
        },
    )
    gateway_answers(fabric)


def test_a_router_stops_and_starts_and_moves_and_the_other_tenants_goes_on(fabric: Fabric) -> None:
    ends = cables(fabric, "hv1", "blue.edge")
    with pinging(fabric.twin, {"red.web-1": GATEWAY}) as pings:
        fabric.run("router", "-erouter=blue.edge", "-edo=stop")
        assert not fabric.twin.pings("blue.web-1", GATEWAY, patience=1)
        assert "tenantry-blue.edge" not in fabric.twin.run("hv1", "ip", "netns")
        fabric.run("router", "-erouter=blue.edge", "-edo=start")
        assert wait_until(lambda: fabric.twin.pings("blue.web-1", GATEWAY, patience=1))
        assert len(left(fabric, "hv1", "blue.edge", ends)) > 10
        fabric.tenants["blue"]["routers"]["edge"]["hypervisors"] = ["hv2"]
        fabric.run("site")
        assert wait_until(lambda: seen(fabric, "blue.web-1", OUTSIDE, GATEWAY, 7012) == PUBLIC["blue"])
    assert pings[0].gap * PERIOD < 0.05  # as ports go, Open vSwitch in userspace may lose a packet or two of others
    assert left(fabric, "hv1", "blue.edge", ends) == []


def test_a_router_on_two_hypervisors_goes_to_one(fabric: Fabric) -> None:
    fabric.tenants["red"]["routers"]["edge"]["hypervisors"] = ["hv1"]
    fabric.run("site")
    assert seen(fabric, "red.db-1", OUTSIDE, GATEWAY, 7013) == PUBLIC["red"]
    assert seen(fabric, OUTSIDE, "red.db-1", PUBLIC["red"], 2222, ("10.1.2.11", 22)) == GATEWAY
    assert seen(fabric, OUTSIDE, "red.web-2", STATIC, 80, ("10.1.1.12", 80)) == GATEWAY


def test_a_router_that_goes_leaves_nothing(fabric: Fabric) -> None:
    fabric.run("teardown", "-eteardown=red")
    for host in ("hv1", "hv2"):
        shown = fabric.twin.run(
            host, "sh", "-c", "ip netns; ls /etc/tenantry/routers /run/tenantry-routers 2>/dev/null; true"
        )
        assert "red" not in shown
        units = fabric.twin.run(host, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tenantry-*")
        assert "red.edge" not in units
    assert seen(fabric, "blue.web-1", OUTSIDE, GATEWAY, 7004) == PUBLIC["blue"]
    ends = cables(fabric, "hv2", "blue.edge")
    del fabric.tenants["red"], fabric.tenants["blue"]["routers"]
    for network in fabric.tenants["blue"]["networks"].values():
        for key in ("dhcp", "dns"):
            network.pop(key, None)
    fabric.run("site")
    assert left(fabric, "hv2", "blue.edge", ends) == []
    assert "gateways" in fabric.twin.run("hv1", "sh", "-c", GATEWAYS)
    fabric.run("teardown", "-eteardown=all")
    assert "gateways" not in fabric.twin.run("hv1", "sh", "-c", GATEWAYS)
    assert HOST not in fabric.twin.run("hv1", "ip", "address")
    for host in ("hv1", "hv2"):
        assert fabric.twin.run(host, "ip", "netns") == ""
        assert [name for name in fabric.twin.links(host) if name.startswith("rt-")] == []
        files = fabric.twin.run(
            host, "sh", "-c", "ls /etc/tenantry /usr/local/lib/tenantry /etc/systemd/system/tenantry-* 2>&1; true"
        )
        assert "router" not in files.replace("ls: cannot access", "")

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, static routes and the ACL of a router, asked by real clients of real members.

The outside is the gateway of the external network. Members answer HTTP with their name, in mode tcp too.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from lifecycle_fabric import MOST_TASKS, Fabric
from members import HEALTH, PORT, Client, Member, ask, is_cut, start_member
from oracle import Oracle
from packets import wait_until

OUTSIDE, GATEWAY = "underlay", "203.0.113.1"  # the twin's core, and its address there
PUBLIC, OTHER = "203.0.113.10", "203.0.113.12"
SITE, SHOP, LESS, GONE, FAR, LATE = ((PUBLIC, port) for port in range(80, 86))
RAW, SAME, TLS = (OTHER, 443), (OTHER, 444), (OTHER, 445)
TLS_PORT, TLS_NAME = 8443, "shop.example"  # of a member
CLIENTS = [f"203.0.113.{number}" for number in range(100, 108)]  # more addresses of the outside
QUICK = {"interval": 1, "fall": 2, "rise": 1}
FOUND_OUT = 2.5  # seconds after which checks have
MEMBERS = ("web-1", "web-2")


def balancer(port: int, **more: Any) -> dict[str, Any]:
    return {"port": port, "members": list(MEMBERS), "to_port": PORT, "check": QUICK, **more}


TENANT = {
    "networks": {"web": {"type": "gre", "subnet": "10.1.1.0/24"}, "db": {"type": "vxlan", "subnet": "10.1.2.0/24"}},
    "routers": {
        "edge": {
            "hypervisors": "hv1",
            "networks": {"web": {}, "db": {}},
            "external": {"network": "internet", "ip": PUBLIC},
            "load_balancers": {
                "site": balancer(80, mode="http", check={**QUICK, "type": "http", "path": HEALTH}),
                "shop": balancer(81, mode="http", stickiness="cookie"),
                "less": balancer(82, members=["web-1", "db-1"]),
                "gone": balancer(83, algorithm="leastconn"),
                "far": balancer(84, remote_cidr="198.51.100.0/24"),
                "raw": balancer(443, ip=OTHER, members=["web-1", "10.1.1.12"], stickiness="source"),
                "same": balancer(444, ip=OTHER, algorithm="source"),
                "tls": balancer(445, ip=OTHER, members=["web-1"], to_port=TLS_PORT),
            },
            "static_routes": {"10.9.0.0/16": "10.1.2.11"},
            "acl": [{"from": "db", "to": "web", "protocol": "tcp", "port": PORT, "action": "deny"}],
        }
    },
    "ports": {
        "web-1": {"hypervisor": "hv1", "network": "web", "ip": "10.1.1.11"},
        "web-2": {"hypervisor": "hv2", "network": "web", "ip": "10.1.1.12"},
        "db-1": {
            "hypervisor": "hv2",
            "network": "db",
            "ip": "10.1.2.11",
            "allowed_address_pairs": [{"ip": "10.9.0.0/16"}],
        },
    },
}


def names(fabric: Fabric, address: tuple[str, int], count: int = 10, cookie: str = "-") -> Counter[str]:
    """Return how often each member answers the outside."""
    answers = [ask(fabric, OUTSIDE, address, cookie) for _number in range(count)]
    return Counter(answer.name if answer else "" for answer in answers)


@contextmanager
def asking(fabric: Fabric, address: tuple[str, int]) -> Iterator[list[tuple[float, str]]]:
    """Ask from outside all the time; yield when each answer came, and of whom, '' for none."""
    answers: list[tuple[float, str]] = []
    over = threading.Event()

    def loop() -> None:
        while not over.wait(0.1):
            answer = ask(fabric, OUTSIDE, address)
            answers.append((time.monotonic(), answer.name if answer else ""))

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric], tmp_path_factory: pytest.TempPathFactory) -> Fabric:
    outside = {"internet": {"type": "flat", "physical_network": "physnet1", "subnet": "203.0.113.0/24"}}
    options = ['-e{"twin_of_routers": ["dnsmasq-base", "nftables"]}']  # without HAProxy, which the role installs
    made = new_fabric(
        {"acme": TENANT}, ["hv1", "hv2"], forwarding="learning", options=options, external_networks=outside
    )
    offer(made, tmp_path_factory.mktemp("archives"), "hv1", "haproxy")
    run = made.run("site", '-e{"virtual_router_manage_packages": true}')
    assert max(run.tasks().values()) <= MOST_TASKS, run.summary()  # HAProxy is installed, and its service disabled
    made.converged()
    return made


def offer(fabric: Fabric, folder: Path, host: str, package: str) -> None:
    """Have a host, which reaches no mirror, find what the role will install there."""
    (folder / "partial").mkdir()
    apt = ["apt-get", "--quiet=2", "--yes", "--no-install-recommends", "--download-only"]
    apt.append("--option=DPkg::Lock::Timeout=60")  # somebody else may install something
    subprocess.run([*apt, f"--option=Dir::Cache::archives={folder}", "install", package], check=True)
    archives = Path(f"/proc/{fabric.twin.pid(host)}/root/var/cache/apt/archives")
    for file in folder.glob("*.deb"):
        shutil.copy(file, archives)


@pytest.fixture(scope="module")
def members(fabric: Fabric) -> Iterator[dict[str, Member]]:
    found = {name: start_member(fabric, f"acme.{name}") for name in (*MEMBERS, "db-1")}
    for address in (SITE, SHOP, LESS, GONE, RAW, SAME):
        assert wait_until(lambda address=address: set(names(fabric, address, 2)) & {*MEMBERS} != set()), address  # type: ignore[misc]
    time.sleep(FOUND_OUT)
    yield found
    for member in found.values():
        member.kill()


def test_verify_asks_load_balancers_from_outside_and_inside(fabric: Fabric) -> None:
    """Probes are their members. The router lacks a load balancer and a member of the intent, and nothing else."""
    balancers = fabric.tenants["acme"]["routers"]["edge"]["load_balancers"]
    balancers["new"] = balancer(86, mode="http")
    balancers["less"]["members"].append("web-2")
    fault = fabric.refused("verify", "-everify_attack=false")["localhost"]
    del balancers["new"], balancers["less"]["members"][-1]
    told = f"http 86 to {PUBLIC} (load balancer): expected reachable, measured unreachable (no reply)"
    assert "3 wrong (3 unreachable)." in fault
    assert {line for line in fault.splitlines() if line.startswith("- ")} == {
        f"- internet -> acme.web-1 {told}",
        f"- acme.db-1 -> internet {told}",
        f"- internet -> acme.web-2 http 82 to {PUBLIC} (load balancer): expected an answer of acme.web-2, measured "
        "those of acme.db-1, acme.web-1 alone",
    }


def test_a_host_whose_packages_are_not_known_is_told_what_it_lacks(fabric: Fabric) -> None:
    root = Path(f"/proc/{fabric.twin.pid('hv1')}/root")
    release, program = root / "etc/os-release", root / "usr/sbin/haproxy"
    link = release.readlink()
    release.unlink()
    release.write_text("ID=slackware\n")
    program.rename(program.with_suffix(".away"))
    try:
        assert fabric.refused("site", '-e{"virtual_router_manage_packages": true}') == {
            "hv1": "The packages of slackware are not known. Install haproxy yourself, and set "
            "hypervisor_manage_packages, hypervisor_manage_service and virtual_router_manage_packages to false."
        }
    finally:
        program.with_suffix(".away").rename(program)
        release.unlink()
        release.symlink_to(link)


def state_of_host_service(fabric: Fabric) -> str:
    show = "--property=ActiveState,UnitFileState,MainPID"
    return fabric.twin.run("hv1", "systemctl", "show", "--value", show, "haproxy.service")


@pytest.mark.skipif(shutil.which("haproxy") is not None, reason="this machine has HAProxy, and so has its twin")
def test_the_package_starts_no_service_of_the_host(fabric: Fabric) -> None:
    assert state_of_host_service(fabric).split() == ["0", "inactive", "disabled"]


def test_a_service_that_is_reading_its_files_anew_is_left_alone(fabric: Fabric) -> None:
    """As HAProxy does when its router becomes the one that works."""
    unit, folder = "tenantry-haproxy@acme.edge.service", "/run/systemd/system/tenantry-haproxy@.service.d"
    state = ("hv1", "systemctl", "show", "--value", "--property=ActiveState", unit)
    slow = f"mkdir {folder} && printf '[Service]\nExecReload=/bin/sleep 15\n' >{folder}/slow.conf"
    fabric.twin.run("hv1", "sh", "-c", f"{slow} && systemctl daemon-reload && systemctl --no-block reload {unit}")
    assert wait_until(lambda: fabric.twin.run(*state) == "reloading\n")
    fabric.converged()
    assert fabric.twin.run(*state) == "reloading\n"
    fabric.twin.run("hv1", "sh", "-c", f"rm -r {folder} && systemctl daemon-reload && pkill -x sleep -P 1")
    assert wait_until(lambda: fabric.twin.run(*state) == "active\n")


def test_members_share_what_comes_and_see_whom_it_is_from(fabric: Fabric, members: dict[str, Member]) -> None:
    assert names(fabric, SITE) == {"web-1": 5, "web-2": 5}
    assert names(fabric, LESS) == {"web-1": 5, "db-1": 5}
    assert ask(fabric, OUTSIDE, SITE)[1:3] == ("10.1.1.1", GATEWAY)  # type: ignore[index]
    assert ask(fabric, OUTSIDE, FAR) is None
    assert ask(fabric, OUTSIDE, (OTHER, 80)) is None


def test_guests_reach_them_from_inside(fabric: Fabric, members: dict[str, Member]) -> None:
    assert ask(fabric, "acme.db-1", SITE)[2] == "10.1.2.11"  # type: ignore[index]
    assert ask(fabric, "acme.web-1", SITE)[2] == "10.1.1.11"  # type: ignore[index]
    assert ask(fabric, "acme.web-2", RAW) is not None


def test_who_came_once_comes_to_the_same_member(fabric: Fabric, members: dict[str, Member]) -> None:
    first = ask(fabric, OUTSIDE, SHOP)
    assert first
    assert set(names(fabric, SHOP, 4)) == set(MEMBERS)
    assert names(fabric, SHOP, 6, first.cookie) == {first.name: 6}
    assert len(names(fabric, RAW, 6)) == 1


def test_each_client_has_its_member_by_its_address(fabric: Fabric, members: dict[str, Member]) -> None:
    device = json.loads(fabric.twin.run(OUTSIDE, "ip", "-json", "route", "get", PUBLIC))[0]["dev"]
    for own in CLIENTS:
        fabric.twin.run(OUTSIDE, "ip", "address", "add", f"{own}/32", "dev", device)
    found = [[ask(fabric, OUTSIDE, SAME, own=own) for _time in range(2)] for own in CLIENTS]
    assert all(first and first == second for first, second in found)
    assert {first.name for first, _second in found if first} == {*MEMBERS}


def test_who_has_the_fewest_connections_gets_the_next(fabric: Fabric, members: dict[str, Member]) -> None:
    clients = [Client(fabric, OUTSIDE, GONE) for _number in range(4)]
    served = [client.ask().name for client in clients]
    assert Counter(served) == {"web-1": 2, "web-2": 2}
    for client, name in zip(clients, served):
        if name == "web-2":
            client.close()
    time.sleep(0.5)
    later = [Client(fabric, OUTSIDE, GONE) for _number in range(2)]
    assert [client.ask().name for client in later] == ["web-2", "web-2"]
    for client in (*clients, *later):
        client.close()


def test_a_member_that_says_it_is_sick_gets_nothing_more(fabric: Fabric, members: dict[str, Member]) -> None:
    members["web-2"].sick = True
    try:
        assert wait_until(lambda: set(names(fabric, SITE, 4)) == {"web-1"}, 2 * FOUND_OUT)
        assert set(names(fabric, GONE, 4)) == {*MEMBERS}  # which is checked by TCP
    finally:
        members["web-2"].sick = False
    assert wait_until(lambda: set(names(fabric, SITE, 4)) == {*MEMBERS}, 2 * FOUND_OUT)


def test_tls_is_between_client_and_member(fabric: Fabric, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    words = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -addext subjectAltName=DNS:{TLS_NAME}"
    make = ["openssl", *words.split(), "-keyout", key, "-out", certificate]
    subprocess.run(make, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    member = start_member(fabric, "acme.web-1", TLS_PORT, server)
    try:
        assert wait_until(lambda: asked_by_tls(fabric, certificate) == "web-1", 2 * FOUND_OUT)
    finally:
        member.kill()


def asked_by_tls(fabric: Fabric, certificate: Path) -> str | None:
    """Return who answers with this certificate."""
    with suppress(OSError):
        client = Client(fabric, OUTSIDE, TLS)
        try:
            client.secure(ssl.create_default_context(cafile=str(certificate)), TLS_NAME)
            return client.ask().name
        finally:
            client.close()
    return None


def test_a_member_that_is_killed_costs_nothing_after_its_check(fabric: Fabric, members: dict[str, Member]) -> None:
    with asking(fabric, SITE) as http, asking(fabric, GONE) as tcp:
        assert wait_until(lambda: min(len(http), len(tcp)) > 10)
        members["web-2"].kill()
        time.sleep(FOUND_OUT)
        found_out = time.monotonic()
        assert wait_until(lambda: min(len(after(http, found_out)), len(after(tcp, found_out))) > 10)
        again = time.monotonic()
        members["web-2"] = start_member(fabric, "acme.web-2")
        assert wait_until(lambda: "web-2" in after(http, again) and "web-2" in after(tcp, again))
    for answers in (http, tcp):
        assert set(after(answers, found_out)[: -len(after(answers, again))]) == {"web-1"}
        assert "" not in after(answers, found_out)


def after(answers: list[tuple[float, str]], moment: float) -> list[str]:
    """Return who answered since."""
    return [name for when, name in list(answers) if when > moment]


def test_networks_are_joined_as_the_acl_says(fabric: Fabric, members: dict[str, Member]) -> None:
    assert ask(fabric, "acme.web-1", ("10.1.2.11", PORT)) == ("db-1", "10.1.1.11", "-", "-")
    assert ask(fabric, "acme.db-1", ("10.1.1.11", PORT)) is None
    assert fabric.twin.pings("acme.db-1", "10.1.1.11")


def test_traces_say_the_same(fabric: Fabric, members: dict[str, Member]) -> None:
    told, to_members = Oracle(fabric).told, {"proto": "tcp", "port": PORT}
    assert told("acme.web-1", "acme.db-1", **to_members) == ("acme.web-1 reaches acme.db-1, and the answer comes back.")
    assert told("acme.db-1", "acme.web-1", **to_members) == (
        "acme.db-1 does not reach acme.web-1: router acme.edge is between them, and tenants.acme.routers.edge.acl[0] "
        "denies it."
    )
    assert told("acme.db-1", "acme.web-1", proto="icmp", port=None) == (
        "acme.db-1 reaches acme.web-1, and the answer comes back."
    )
    assert told("acme.web-1", "internet", proto="icmp", port=None) == (
        f"acme.web-1 gets out to internet as {PUBLIC} by router acme.edge, and the answer comes back."
    )
    for asker in (GATEWAY, "acme.db-1"):
        assert told(asker, PUBLIC, proto="tcp", port=SITE[1]) == (
            f"{asker} reaches acme.web-1 by {PUBLIC}, and the answer comes back."
        )
    run = fabric.run("trace", f"-efrom={GATEWAY}", f"-eto={PUBLIC}", "-eproto=tcp", f"-eport={FAR[1]}")  # asks nobody
    assert (
        f"\n{GATEWAY} does not reach acme.web-1: router acme.edge is between them, and "
        f"tenants.acme.routers.edge.load_balancers.far is not open to {GATEWAY}."
    ) in run.output
    run = fabric.run("trace", "-efrom=acme.web-2", "-eto=acme.db-1")  # both on hv2, the router on hv1
    assert "\nacme.web-2 reaches acme.db-1, and the answer comes back." in run.output
    passed = "  hv1: router acme.edge passes it on: tenants.acme.routers.edge.acl does not speak of it, by the intent; "
    assert run.output.count(passed) == 1
    assert run.output.count("  hv1: router acme.edge passes it on, by the intent; the router is not asked") == 1


def test_what_is_behind_a_guest_is_reached_and_reaches_the_outside(fabric: Fabric) -> None:
    fabric.twin.run("acme.db-1", "ip", "address", "add", "10.9.0.1/32", "dev", "lo")
    assert fabric.twin.pings("acme.web-1", "10.9.0.1")
    fabric.twin.run("acme.db-1", "ping", "-c1", "-W2", "-I10.9.0.1", GATEWAY)


def test_a_change_cuts_what_goes_and_nothing_else(fabric: Fabric, members: dict[str, Member]) -> None:
    router = fabric.tenants["acme"]["routers"]["edge"]
    clients = {"kept": Client(fabric, OUTSIDE, RAW), "gone": Client(fabric, OUTSIDE, GONE)}
    clients["east"] = Client(fabric, "acme.web-1", ("10.1.2.11", PORT))
    for client in (Client(fabric, OUTSIDE, LESS), Client(fabric, OUTSIDE, LESS)):
        clients[client.ask().name] = client
    assert {name for name, client in clients.items() if is_cut(client)} == set()
    assert clients.keys() >= {"web-1", "db-1"}
    fabric.twin.run("hv1", "systemctl", "enable", "--now", "--quiet", "haproxy")  # now it is the user's
    users = state_of_host_service(fabric)
    assert users.split()[1:] == ["active", "enabled"]
    del router["load_balancers"]["gone"], router["static_routes"]
    router["load_balancers"]["less"]["members"] = ["web-1"]
    router["load_balancers"]["late"] = balancer(85)
    router["acl"].append({"from": "web", "to": "db", "protocol": "tcp", "action": "deny"})
    with asking(fabric, SITE) as answers:
        run = fabric.run("site")
    assert {task.rpartition(" : ")[2] for _host, task in run.changes()} == {"Make the routers"}
    assert {name for _when, name in answers} == {*MEMBERS}
    assert {name for name, client in clients.items() if is_cut(client)} == {"gone", "db-1", "east"}
    assert set(names(fabric, LATE)) == {*MEMBERS}
    assert set(names(fabric, LESS)) == {"web-1"}
    assert names(fabric, RAW, 6) == {clients["kept"].ask().name: 6}
    assert ask(fabric, OUTSIDE, GONE) is None
    assert ask(fabric, "acme.web-1", ("10.1.2.11", PORT)) is None
    assert fabric.twin.pings("acme.web-1", "10.1.2.11")
    assert not fabric.twin.pings("acme.web-1", "10.9.0.1", patience=1)
    assert state_of_host_service(fabric) == users

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin's life: what it is made of, how it follows its list, how it heals, and that it goes without a trace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packets import wait_until
from twin_lab import SECONDS, TwinLab, endpoint, hypervisor, result_of, succeeded

from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import kill

TWO = [hypervisor(1, physnet1="eth1"), hypervisor(2, physnet1="eth1")]
PAIR = [endpoint(1, on=1), endpoint(2, on=2)]


def test_a_second_run_changes_nothing_and_check_mode_predicts_the_first(twin: TwinLab) -> None:
    options: dict[str, Any] = {"hypervisors": TWO, "endpoints": PAIR, "intent": {"fabric": {"name": "dc1"}}}
    predicted = twin.check(**options)
    assert predicted["changed"]
    assert twin.leftovers() == []
    done = succeeded(twin.call(**options))
    assert (done["changed"], done["diff"]) == (predicted["changed"], predicted["diff"])
    again = succeeded(twin.call(**options))
    assert not again["changed"]
    assert again["state_dir"] == str(twin.folder)
    assert again["inventory"] == str(twin.inventory)
    assert twin.check(state="absent")["changed"]
    assert twin.folder.stat().st_mode & 0o777 == 0o700
    assert succeeded(twin.call(state="absent"))["changed"]
    assert not succeeded(twin.call(state="absent"))["changed"]
    assert twin.leftovers() == []


def test_an_endpoint_has_the_address_mac_and_mtu_of_the_list(twin: TwinLab) -> None:
    twin.up(TWO, [endpoint(1, on=1, mtu=1400, addresses=["10.1.1.1/24", "fd00:1::1/64"])])
    nic = twin.links("acme.web-1")["eth0"]
    found = {f"{address['local']}/{address['prefixlen']}": address for address in nic["addr_info"]}
    assert {"10.1.1.1/24", "fd00:1::1/64"} <= found.keys()
    assert not any(address.get("tentative") for address in found.values()), "it would not serve at once"
    assert (nic["address"], nic["mtu"], nic["operstate"]) == ("52:54:00:00:00:01", 1400, "UP")
    assert twin.links("hv1")["tap1"]["mtu"] == 1400
    assert "tx-checksumming: off" in twin.run("acme.web-1", "ethtool", "-k", "eth0")
    assert twin.run("acme.web-1", "ping", "-c1", "-W1", "127.0.0.1")
    assert twin.links("acme.web-1").keys() == {"lo", "eth0"}
    assert {"lo", "eth0"} <= set(twin.run("acme.web-1", "ls", "/sys/class/net").split()), "sysfs is not its own"
    assert "tap1" in twin.run("hv1", "ls", "/sys/class/net").split(), "sysfs is not its own"


def test_a_hypervisor_looks_like_a_real_one(twin: TwinLab) -> None:
    twin.up([hypervisor(1, physnet1="eth1", physnet2="eth2"), hypervisor(2)], PAIR, mtu=9000)
    links = twin.links("hv1")
    assert links.keys() == {"lo", "underlay0", "eth1", "eth2", "br-phy", "ovs-netdev", "tap1"}
    assert {links[nic]["mtu"] for nic in ("underlay0", "eth1", "eth2", "br-phy")} == {9000}
    assert [address["local"] for address in links["br-phy"]["addr_info"]] == ["192.168.1.151"]
    assert twin.run("hv1", "hostname", "-f").strip() == "hv1"
    assert twin.run("hv1", "ovs-vsctl", "list-ports", "br-phy").split() == ["underlay0"]
    assert twin.run("hv1", "ovs-vsctl", "get", "Open_vSwitch", ".", "external_ids:system-id").strip() == "hv1"
    assert twin.run("hv1", "ovs-vsctl", "get", "Open_vSwitch", ".", "ovs_version").strip() != "[]"
    silent = [f"net.ipv6.conf.{port}.disable_ipv6=1" for port in ("tap1", "eth1")]
    silent += [f"net.ipv4.conf.{port}.arp_ignore=8" for port in ("tap1", "eth1")]
    shown = twin.run("hv1", "sysctl", *(setting.split("=")[0] for setting in silent)).replace(" ", "")
    assert shown.split() == silent, "the host's own stack would answer the guest"


def test_what_a_host_writes_stays_with_it(twin: TwinLab) -> None:
    twin.up(TWO, PAIR)
    for place in ("/etc", "/usr/local", "/var/lib", "/run", "/tmp", "/root", "/etc/openvswitch"):
        path = f"{place}/{twin.name}"
        twin.run("hv1", "touch", path)
        assert not os.path.exists(path), "the machine has it"
        assert twin.attempt("hv2", "test", "-e", path).returncode != 0, "the other hypervisor has it"
    assert twin.run("hv1", "cat", "/etc/hosts").endswith("\n::1 localhost ip6-localhost ip6-loopback\n")


def test_orphans_are_reaped(twin: TwinLab) -> None:
    twin.up(TWO)
    twin.run("hv1", "sh", "-c", "(sleep 0.1 &) ; sleep 0.3")
    assert "Z" not in twin.run("hv1", "ps", "-eo", "stat=")


def test_a_disk_below_the_root_is_seen_and_not_written(twin: TwinLab, tmp_path: Path) -> None:
    """Debian's installer offers /var and /home on file systems of their own; an overlay of / does not hold them."""
    (tmp_path / "seen").write_text("from the disk")
    mount = f'mount --bind {tmp_path} /srv && exec "$@"'
    succeeded(twin.call("unshare", "--mount", "sh", "-c", mount, "sh", hypervisors=TWO))
    assert twin.run("hv1", "cat", "/srv/seen") == "from the disk"
    twin.run("hv1", "touch", "/srv/new")
    assert os.listdir(tmp_path) == ["seen"]


def test_packages_are_in_the_twin_and_not_on_the_machine(twin: TwinLab) -> None:
    assert shutil.which("hello") is None, "the test needs a package that the machine has not"
    twin.up(TWO, PAIR)
    assert twin.up(TWO, PAIR, packages=["hello"])["changed"]
    assert not twin.up(TWO, PAIR, packages=["hello"])["changed"]
    for host in ("hv1", "acme.web-2"):
        assert twin.run(host, "hello") == "Hello, world!\n"
        assert "install ok installed" in twin.run(host, "dpkg", "--status", "hello")
    assert "hello" not in os.listdir("/usr/bin")
    layer = twin.pid("layer")
    twin.up([*TWO, hypervisor(3)], PAIR, packages=["hello"])
    assert twin.run("hv3", "hello") == "Hello, world!\n"
    assert twin.pid("layer") == layer, "it was installed again"
    wrong = twin.call(hypervisors=TWO, packages=["no-such-package"])["msg"]
    assert "Unable to locate package no-such-package" in wrong
    assert twin.up(TWO, PAIR)["changed"]
    assert twin.attempt("hv1", "hello").returncode != 0
    assert not twin.up(TWO, PAIR)["changed"]


CHANGES = {  # what changes: (hypervisors, endpoints)
    "an endpoint moves": (TWO, [endpoint(1, on=2), endpoint(2, on=2)]),
    "an endpoint moves to the interface of another that leaves": (TWO, [endpoint(1, on=2, interface="tap2")]),
    "two endpoints change places": (TWO, [endpoint(1, on=2, interface="tap2"), endpoint(2, on=1, interface="tap1")]),
    "an address": (TWO, [endpoint(1, on=1, addresses=["10.9.9.9/16"]), endpoint(2, on=2)]),
    "an MTU": (TWO, [endpoint(1, on=1, mtu=1300), endpoint(2, on=2)]),
    "an endpoint comes": (TWO, [*PAIR, endpoint(3, on=1)]),
    "the endpoints go": (TWO, []),
    "a hypervisor comes": ([*TWO, hypervisor(3)], PAIR),
    "a hypervisor goes": (TWO[:1], PAIR[:1]),
    "a VTEP": ([hypervisor(1, vtep="10.0.0.1"), TWO[1]], PAIR),
    "an uplink comes, another goes": ([hypervisor(1, physnet9="eth9"), TWO[1]], PAIR),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_twin_follows_its_list_and_leaves_the_rest_running(twin: TwinLab, change: tuple[Any, Any]) -> None:
    """Faucet's law: the change and its reverse lead back to the same state."""
    twin.up(TWO, PAIR)
    before = shape(twin)
    hypervisors, endpoints = change
    assert twin.up(hypervisors, endpoints)["changed"]
    assert not twin.up(hypervisors, endpoints)["changed"]
    after = shape(twin)
    staying = before.keys() & after.keys()
    assert {host: after[host][0] for host in staying} == {host: before[host][0] for host in staying}, "restarted"
    assert devices_of(after) == {**expected(hypervisors, endpoints), "underlay": devices(twin, "underlay")}
    assert twin.up(TWO, PAIR)["changed"]
    # the kernel takes the cables of a host that is gone a moment later
    wait_until(lambda: devices_of(shape(twin)) == devices_of(before))
    assert devices_of(shape(twin)) == devices_of(before)


def test_a_guest_keeps_its_nic_when_the_mtu_changes_unless_ipv6_would_not(twin: TwinLab) -> None:
    nics = []
    for mtu in (1458, 1280, 1200):
        twin.up(TWO, [endpoint(1, on=1, mtu=mtu)])
        near, far = twin.links("acme.web-1")["eth0"], twin.links("hv1")["tap1"]
        assert (near["mtu"], far["mtu"]) == (mtu, mtu)
        nics.append((near["ifindex"], far["ifindex"]))
    assert nics[0] == nics[1] != nics[2]


def test_segments_are_joined_by_a_core_that_follows_its_list(twin: TwinLab) -> None:
    """Guests have no switch here: hypervisors ask each other, over the NIC of their uplink."""
    hosts = [{**hypervisor(at, physnet1="eth1"), "segments": {"physnet1": f"physnet1@p{at}"}} for at in (1, 2)]
    core = [{"segment": f"physnet1@p{at}", "addresses": [f"10.{at}.0.1/16", f"fd0{at}::1/64"]} for at in (1, 2)]
    core[0]["routes"] = {"fd09::/64": "fd01::2"}
    moved = [{**core[0], "routes": {}}, {"segment": "physnet1@p2", "addresses": ["10.3.0.1/16"]}]
    twin.up(hosts, gateways=core)
    assert not twin.up(hosts, gateways=core)["changed"]
    for at in (1, 2):
        twin.run(f"hv{at}", "sysctl", "-qw", "net.ipv4.conf.eth1.arp_ignore=0", "net.ipv6.conf.eth1.disable_ipv6=0")
        for family, address, every in (("-4", f"10.{at}.0.2/16", "10.0.0.0/8"), ("-6", f"fd0{at}::2/64", "fd00::/8")):
            twin.run(f"hv{at}", "ip", family, "address", "add", address, "dev", "eth1")
            gateway = f"{address.rpartition('2/')[0]}1"
            twin.run(f"hv{at}", "ip", family, "route", "add", every, "via", gateway, "dev", "eth1")
    assert twin.pings("hv1", "10.2.0.2")
    assert twin.pings("hv1", "fd02::2")
    addressed = devices(twin, "underlay")
    assert route_to(twin, "fd09::/64") == "fd01::2"
    assert twin.up(hosts, gateways=moved)["changed"]
    assert not twin.up(hosts, gateways=moved)["changed"]
    assert route_to(twin, "fd09::/64") is None
    assert not twin.pings("hv1", "10.2.0.2", patience=1)
    assert twin.up(hosts)["changed"]
    assert [addresses for _mtu, addresses in devices(twin, "underlay").values() if addresses] == []
    assert twin.up(hosts, gateways=core)["changed"]
    assert devices(twin, "underlay") == addressed
    assert twin.pings("hv1", "fd02::2")


def route_to(twin: TwinLab, network: str) -> str | None:
    """Return by which address the core reaches a network."""
    routes = json.loads(twin.run("underlay", "ip", "-6", "-json", "route"))
    return next((route["gateway"] for route in routes if route["dst"] == network), None)


def shape(twin: TwinLab) -> dict[str, tuple[int, dict[str, Any]]]:
    """Return of each host its PID and its devices with MTU and addresses."""
    hosts = {path.parent.name for path in twin.folder.glob("*/*/pid")}
    return {host: (twin.pid(host), devices(twin, host)) for host in hosts}


def devices_of(hosts: dict[str, tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    return {host: devices for host, (_pid, devices) in hosts.items()}


def devices(twin: TwinLab, host: str) -> dict[str, Any]:
    return {
        name: (link["mtu"], [a["local"] for a in link["addr_info"] if a["scope"] == "global"])
        for name, link in twin.links(host).items()
        if name not in ("lo", "ovs-netdev")
    }


def expected(hypervisors: list[Any], endpoints: list[Any]) -> dict[str, Any]:
    hosts: dict[str, Any] = {}
    for host in hypervisors:
        hosts[host["name"]] = {"underlay0": (1500, []), "br-phy": (1500, [host["vtep"]])}
        hosts[host["name"]].update({nic: (1500, []) for nic in host["uplinks"].values()})
    for guest in endpoints:
        hosts[guest["name"]] = {"eth0": (guest["mtu"], [address.split("/")[0] for address in guest["addresses"]])}
        hosts[guest["hypervisor"]][guest["interface"]] = (guest["mtu"], [])
    return hosts


@pytest.mark.parametrize("victim", ["hv1", "acme.web-1", "underlay", "Open vSwitch"])
def test_what_died_is_started_and_passes_packets_again(twin: TwinLab, victim: str) -> None:
    twin.up(TWO, PAIR)
    twin.switch_by_hand("hv1", ["tap1"], ("192.168.1.151", "192.168.1.152"))
    twin.switch_by_hand("hv2", ["tap2"], ("192.168.1.152", "192.168.1.151"))
    assert twin.pings("acme.web-1", "10.1.1.2")
    if victim == "Open vSwitch":
        die = "pid=$(cat /run/openvswitch/ovs-vswitchd.pid); while kill -9 $pid; do sleep 0.01; done"
        twin.run("hv1", "sh", "-c", die)
    else:
        kill(twin.pid(victim))
    assert twin.up(TWO, PAIR)["changed"]
    assert not twin.up(TWO, PAIR)["changed"]
    assert twin.pings("acme.web-1", "10.1.1.2")


def test_a_nic_that_somebody_changed_or_removed_is_restored(twin: TwinLab) -> None:
    twin.up(TWO, PAIR)
    twin.run("acme.web-1", "ip", "link", "set", "eth0", "mtu", "1280")
    twin.run("hv2", "ip", "link", "delete", "eth1")
    assert twin.up(TWO, PAIR)["changed"]
    assert twin.links("acme.web-1")["eth0"]["mtu"] == 1458
    assert "eth1" in twin.links("hv2")


MOMENTS = {  # of a first run, each a path that is there from then on
    "the folder is made": "",
    "one host is started": "fabric/underlay/pid",
    "all hosts are started": "endpoint/acme.web-2/pid",
    "cables are laid": "hypervisor/hv1: sys/class/net/eth1",
    "Open vSwitch is starting": "hypervisor/hv1: run/openvswitch/db.sock",
    "the VTEP has its bridge": "hypervisor/hv2: sys/class/net/br-phy",
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
@pytest.mark.parametrize("then", ["up", "down"])
def test_a_run_that_is_killed_leaves_nothing_that_the_next_does_not_clean(
    twin: TwinLab, moment: str, then: str
) -> None:
    process = twin.start(hypervisors=TWO, endpoints=PAIR)
    until = time.monotonic() + SECONDS
    while not has_come(twin, moment):
        assert time.monotonic() < until, f"it never came: {moment}"
        time.sleep(0.001)
    process.kill()
    process.communicate()
    if then == "down":
        twin.down()
        assert twin.leftovers() == []
    else:
        twin.up(TWO[:1], PAIR[:1])  # at once, and with another list
        assert not twin.up(TWO[:1], PAIR[:1])["changed"]
        assert devices(twin, "hv1") == expected(TWO[:1], PAIR[:1])["hv1"]


def has_come(twin: TwinLab, moment: str) -> bool:
    host, _colon, path = moment.partition(": ")
    try:
        return (not path and (twin.folder / host).exists()) or Path(
            f"/proc/{int((twin.folder / host / 'pid').read_text())}/root/{path}"
        ).exists()
    except (OSError, ValueError):  # there is no PID yet
        return False


def test_what_is_left_when_somebody_removed_the_folder_is_still_found(twin: TwinLab) -> None:
    twin.up(TWO, PAIR)
    strays = twin.processes()
    shutil.rmtree(twin.folder)
    assert twin.up(TWO, PAIR)["changed"]
    assert not set(strays) & set(twin.processes())
    shutil.rmtree(twin.folder)
    assert twin.down()["changed"]
    assert twin.leftovers() == []


def test_two_twins_at_once_do_not_meet(new_twin: Callable[[], TwinLab]) -> None:
    one, other = new_twin(), new_twin()
    runs = [twin.start(hypervisors=TWO, endpoints=PAIR) for twin in (one, other)]
    assert [succeeded(result_of(run))["changed"] for run in runs] == [True, True]
    for twin in (one, other):
        twin.switch_by_hand("hv1", ["tap1"], ("192.168.1.151", "192.168.1.152"))
    one.switch_by_hand("hv2", ["tap2"], ("192.168.1.152", "192.168.1.151"))
    assert one.pings("acme.web-1", "10.1.1.2")
    assert not other.pings("acme.web-1", "10.1.1.2", patience=2)
    one.down()
    assert one.leftovers() == []
    assert not other.up(TWO, PAIR)["changed"]


def test_two_runs_on_one_twin_take_turns(twin: TwinLab) -> None:
    runs = [twin.start(hypervisors=TWO, endpoints=PAIR) for dummy in range(3)]
    assert sorted(succeeded(result_of(run))["changed"] for run in runs) == [False, False, True]
    runs = [twin.start(state="absent") for dummy in range(3)]
    assert [succeeded(result_of(run)).get("failed") for run in runs] == [None] * 3


def test_the_inventory_is_ordinary(twin: TwinLab) -> None:
    twin.up(TWO, PAIR, intent={"fabric": {"name": "dc1"}})
    shown = subprocess.run(
        ["ansible-inventory", "-i", twin.inventory, "--list"], capture_output=True, text=True, check=True
    )
    inventory = json.loads(shown.stdout)
    assert inventory["hypervisors"]["hosts"] == ["hv1", "hv2"]
    assert inventory["endpoints"]["hosts"] == ["acme.web-1", "acme.web-2"]
    variables = inventory["_meta"]["hostvars"]["acme.web-1"]
    assert variables["fabric"] == {"name": "dc1"}
    assert variables["tenantry_netns_pid_file"] == str(twin.pid_file("acme.web-1"))


def test_who_is_not_root_is_told_so(twin: TwinLab) -> None:
    message = "A twin is made of namespaces, and only root may make them. Run the task as root."
    assert twin.call("setpriv", "--reuid=65534", hypervisors=TWO)["msg"] == message


def test_missing_programs_are_named_by_their_packages(twin: TwinLab) -> None:
    hide = 'mount --bind /dev/null "$(command -v ethtool)" && mount --bind /dev/null "$(command -v ip)" && exec "$@"'
    assert twin.call("unshare", "--mount", "sh", "-c", hide, "sh", hypervisors=TWO)["msg"] == (
        "A twin needs packages that are not installed. Install them: apt-get install ethtool iproute2"
    )


def test_a_kernel_without_the_datapath_is_named_before_anything_is_built(twin: TwinLab) -> None:
    hide = 'mount --bind /bin/false "$(command -v ovs-dpctl)" && exec "$@"'
    message = twin.call("unshare", "--mount", "sh", "-c", hide, "sh", hypervisors=TWO, datapath_type="system")["msg"]
    assert message.strip() == (
        "The kernel of this machine has no Open vSwitch datapath, and no module openvswitch to load. Write "
        "datapath_type: netdev, or run the twin in a guest that has it, as scripts/kernel of the collection's checkout "
        "does. 'ovs-dpctl dump-dps' failed (1):"
    )
    assert twin.leftovers() == []

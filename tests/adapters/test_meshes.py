# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnels of a host on a real Open vSwitch: check, apply, again, and what the switch made of them."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result

REMEDIES = "give it another key, or remove the other one"
REMOTES = ["10.0.0.2", "10.0.0.3"]


@pytest.fixture(autouse=True)
def bridges(request: pytest.FixtureRequest) -> None:
    for fixture, datapath in (("host", "system"), ("real_host", "netdev")):
        if fixture in request.fixturenames:
            host: Host = request.getfixturevalue(fixture)
            for bridge in ("br0", "br1"):
                host.ovs.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, f"datapath_type={datapath}")


def converge(host: Host, **options: Any) -> Result:
    return host.converge("ovs_gre_mesh", **{"bridge": "br0", **options})


def refusal(host: Host, **options: Any) -> str:
    """Return what the task says, in check mode and in earnest, and hold it to change nothing."""
    before = host.ovs.dump()
    messages = {host.mesh(check, **{"bridge": "br0", **options}).message for check in (True, False)}
    assert host.ovs.dump() == before
    (message,) = messages
    return message


def tunnels(host: Host, bridge: str = "br0") -> dict[tuple[str, str], dict[str, Any]]:
    """Return the tunnel interfaces of a bridge by mesh and remote."""
    rows = {}
    for name in sorted(host.ports(bridge)):
        interface, mesh = host.interface(name), host.port(name)["external_ids"].get("tenantry-mesh")
        if mesh is not None:
            rows[mesh, interface["options"]["remote_ip"]] = interface
    return rows


def test_a_mesh_comes_changes_and_goes(host: Host) -> None:
    made = converge(host, name="web", remotes=REMOTES, local_ip="10.0.0.1", key=5001, tag=12)
    assert (made["changed"], made["tunnels"]) == (True, 2)
    assert tunnels(host).keys() == {("web", "10.0.0.2"), ("web", "10.0.0.3")}
    kept = tunnels(host)["web", "10.0.0.3"]
    changed = converge(host, name="web", remotes=["10.0.0.3", "10.0.0.4"], local_ip="10.0.0.1", key=5001, tag=12)
    assert (len(changed["diff"]["before"]["ports"]), len(changed["diff"]["after"]["ports"])) == (1, 1)
    assert tunnels(host)["web", "10.0.0.3"]["_uuid"] == kept["_uuid"]
    gone = converge(host, name="web", state="absent")
    assert (gone["changed"], gone["tunnels"], tunnels(host)) == (True, 0, {})


@pytest.mark.parametrize("kind", ["gre", "vxlan", "geneve"])
def test_encapsulations_with_all_their_options(real_host: Host, kind: str) -> None:
    options = {"local_ip": "10.0.0.1", "key": 5001, "csum": True, "df_default": False}
    ports = {} if kind == "gre" else {"dst_port": 4799}
    converge(real_host, name="web", type=kind, remotes=REMOTES, tag=12, **options, **ports)
    row = tunnels(real_host)["web", "10.0.0.2"]
    assert (row["type"], row["error"]) == (kind, None)
    assert row["ofport"] >= 1
    assert row["options"] == {
        "local_ip": "10.0.0.1",
        "remote_ip": "10.0.0.2",
        "key": "5001",
        "csum": "true",
        "df_default": "false",
        **{name: str(number) for name, number in ports.items()},
    }
    shown = real_host.ovs.appctl("dpif/show")
    assert f"({kind}: csum=true, df_default=false" in shown


def test_tunnels_are_access_ports_that_do_not_hear_each_other(host: Host) -> None:
    host.ovs.vsctl("add-port", "br0", "vm", "tag=12", "--", "add-port", "br0", "other", "tag=13")
    converge(host, name="web", remotes=REMOTES, tag=12)
    (first, second) = sorted(host.ports("br0") - {"vm", "other"})
    assert host.flood("br0", first).keys() == {"vm", "br0"}
    assert host.flood("br0", "vm").keys() == {first, second, "br0"}
    converge(host, name="web", remotes=REMOTES, tag=12, protected=False)
    assert host.flood("br0", first).keys() == {second, "vm", "br0"}
    converge(host, name="web", remotes=REMOTES, tag="")
    assert host.port(first)["tag"] is None


@pytest.mark.parametrize("kind", ["gre", "vxlan", "geneve"])
def test_ipv6_underlay(real_host: Host, kind: str) -> None:
    converge(real_host, name="web", type=kind, local_ip="fd00::1", remotes=["FD00:0:0::2", "fd00::3"], key=7)
    row = tunnels(real_host)["web", "fd00::2"]
    assert (row["error"], row["options"]["local_ip"]) == (None, "fd00::1")


def test_a_key_set_by_flows(real_host: Host) -> None:
    converge(real_host, name="any", remotes=["10.0.0.2"], key="flow")
    converge(real_host, name="one", remotes=["10.0.0.2"], key=7)
    assert {row["options"]["key"] for row in tunnels(real_host).values()} == {"flow", "7"}
    assert {row["error"] for row in tunnels(real_host).values()} == {None}


def test_bidirectional_forwarding_detection(host: Host) -> None:
    converge(host, name="web", remotes=["10.0.0.2"], bfd={"enable": True, "min_rx": 500})
    assert tunnels(host)["web", "10.0.0.2"]["bfd"] == {"enable": "true", "min_rx": "500"}
    assert "Forwarding: false" in host.ovs.appctl("bfd/show")
    converge(host, name="web", remotes=["10.0.0.2"], bfd={"min_rx": None, "enable": False})
    assert tunnels(host)["web", "10.0.0.2"]["bfd"] == {"enable": "false"}


def test_an_omitted_option_is_left_alone_on_tunnels_that_exist(host: Host) -> None:
    converge(host, name="web", remotes=["10.0.0.2"], csum=True, tag=12, bfd={"enable": True})
    host.ovs.vsctl("set", "Interface", next(iter(host.ports("br0"))), "options:tos=inherit")
    assert not converge(host, name="web", remotes=["10.0.0.2"])["changed"]
    assert tunnels(host)["web", "10.0.0.2"]["options"] == {"remote_ip": "10.0.0.2", "csum": "true", "tos": "inherit"}


NETWORKS = [
    {"name": "acme.web", "key": 5001, "tag": 12, "remotes": REMOTES},
    {"name": "globex.lab", "type": "vxlan", "key": 5002, "tag": 13, "remotes": ["10.0.0.3"]},
]


def test_all_networks_of_an_owner_are_one_transaction_and_a_complete_list(host: Host) -> None:
    host.ovs.vsctl("add-port", "br0", "by-hand")
    converge(host, name="theirs", remotes=["10.0.0.9"], owner="dc2")
    assert converge(host, owner="dc1", local_ip="10.0.0.1", networks=NETWORKS)["tunnels"] == 3
    converge(host, owner="dc1", local_ip="10.0.0.1", networks=NETWORKS[1:])
    assert tunnels(host).keys() == {("theirs", "10.0.0.9"), ("globex.lab", "10.0.0.3")}
    assert refusal(host, owner="dc1", networks=[]) == (
        "networks: an empty list would remove every tunnel of the owner; if you mean it, set allow_empty: true"
    )
    converge(host, owner="dc1", networks=[], allow_empty=True)
    assert host.ports("br0") == {"by-hand", next(iter(tunnels(host).values()))["name"]}


def test_without_an_owner_only_the_named_networks_are_managed_whoever_made_them(host: Host) -> None:
    converge(host, owner="dc1", networks=NETWORKS)
    converge(host, networks=[{"name": "acme.web", "key": 5001, "tag": 14, "remotes": ["10.0.0.2"]}])
    assert tunnels(host).keys() == {("acme.web", "10.0.0.2"), ("globex.lab", "10.0.0.3")}
    name = tunnels(host)["acme.web", "10.0.0.2"]["name"]
    assert (host.port(name)["tag"], host.port(name)["external_ids"]["tenantry-owner"]) == (14, "dc1")
    converge(host, networks=[{"name": "acme.web"}], state="absent")
    assert tunnels(host).keys() == {("globex.lab", "10.0.0.3")}


def test_named_networks_of_an_owner_are_removed_alone(host: Host) -> None:
    converge(host, owner="dc1", networks=NETWORKS)
    converge(host, owner="dc1", networks=[{"name": "acme.web"}], state="absent")
    assert tunnels(host).keys() == {("globex.lab", "10.0.0.3")}


def test_an_owners_mesh_is_not_emptied_by_a_mistyped_variable(host: Host) -> None:
    assert refusal(host, owner="dc1", name="web", remotes=[]) == (
        "remotes: an empty list would remove every tunnel of the mesh; if you mean it, set allow_empty: true"
    )


def test_a_mesh_of_another_owner_is_in_the_way_unless_adopted(host: Host) -> None:
    converge(host, name="web", remotes=["10.0.0.2"], owner="dc2")
    (name,) = host.ports("br0")
    assert refusal(host, name="web", remotes=["10.0.0.2"], owner="dc1") == (
        f"port {name}: it exists on bridge br0 and belongs to mesh 'web' of owner 'dc2'; "
        "choose another name, remove it by hand, or take it over with adopt: true"
    )
    converge(host, name="web", remotes=["10.0.0.2"], owner="dc1", adopt=True)
    assert host.port(name)["external_ids"] == {"tenantry-mesh": "web", "tenantry-owner": "dc1"}


def test_two_networks_swap_their_keys_in_one_task(real_host: Host) -> None:
    def networks(web: int, lab: int) -> list[dict[str, Any]]:
        return [{"name": "web", "key": web, "remotes": REMOTES}, {"name": "lab", "key": lab, "remotes": REMOTES}]

    for keys, transactions in (((1, 2), 1), ((2, 1), 2)):  # the second makes ovs-vswitchd look again
        converge(real_host, owner="dc1", networks=networks(*keys), transactions=transactions)
        rows = tunnels(real_host)
        assert [rows[name, "10.0.0.2"]["options"]["key"] for name in ("web", "lab")] == [str(key) for key in keys]
        assert {row["error"] for row in rows.values()} == {None}
        assert all(row["ofport"] >= 1 for row in rows.values())


def test_a_tunnel_that_is_on_another_bridge_already_is_refused(host: Host) -> None:
    host.ovs.vsctl(
        "add-port", "br1", "gre1", "--", "set", "Interface", "gre1", "type=gre", "options:remote_ip=10.0.0.2"
    )
    host.ovs.vsctl("set", "Interface", "gre1", "options:key=0x10")
    message = refusal(host, name="web", remotes=["10.0.0.2"], key=16)
    assert message.endswith(
        "of mesh 'web' on bridge br0: gre from any address to 10.0.0.2 with key 16 is gre1 on bridge br1 already; "
        + REMEDIES
    )
    converge(host, name="web", remotes=["10.0.0.2"], key=17)


def test_a_tunnel_is_not_edited_into_the_place_of_another(host: Host) -> None:
    converge(host, name="web", remotes=["10.0.0.2"], key=16)
    (mesh,) = host.ports("br0")
    host.ovs.vsctl(
        "add-port", "br1", "gre1", "--", "set", "Interface", "gre1", "type=gre", "options:remote_ip=10.0.0.2"
    )
    edited = host.bridge(name="br1", ports=[{"name": "gre1", "options": {"key": "16"}}])
    assert edited.message.endswith(f"with key 16 is {mesh} of mesh 'web' on bridge br0 already; {REMEDIES}")


def test_a_mesh_moves_with_its_owner_to_another_bridge(real_host: Host) -> None:
    converge(real_host, name="web", remotes=REMOTES, owner="dc1")
    converge(real_host, name="web", remotes=REMOTES, owner="dc1", bridge="br1", transactions=2)
    assert tunnels(real_host) == {}
    assert [row["error"] for row in tunnels(real_host, "br1").values()] == [None, None]


def test_a_tunnel_that_open_vswitch_failed_to_add_is_healed_by_running_again(real_host: Host) -> None:
    converge(real_host, name="web", remotes=["10.0.0.2"])
    (name,) = real_host.ports("br0")
    port = real_host.ovs.vsctl("get", "Port", name, "_uuid")
    real_host.ovs.vsctl("remove", "Bridge", "br0", "ports", port, "--", "add", "Bridge", "br1", "ports", port)
    assert "File exists" in real_host.interface(name)["error"]
    assert not real_host.mesh(bridge="br1", name="web", remotes=["10.0.0.2"])["changed"]
    assert real_host.interface(name)["error"] is None


def test_a_mesh_without_an_owner_stays_on_its_bridge(host: Host) -> None:
    converge(host, name="web", remotes=["10.0.0.2"])
    (name,) = host.ports("br0")
    assert refusal(host, name="web", remotes=["10.0.0.2"], bridge="br1") == (
        f"port {name}: it is on bridge br0; remove it there first, or set owner and adopt: true to move it"
    )


def test_removing_thousands_is_asked_for(host: Host) -> None:
    remotes = [f"10.0.1.{number}" for number in range(1, 6)]
    converge(host, name="web", remotes=remotes)
    for options in ({"remotes": remotes[4:]}, {"state": "absent"}):
        assert refusal(host, name="web", max_removed=3, **options).startswith("bridge br0: this would remove ")
    converge(host, name="web", remotes=remotes[3:], max_removed=3)
    converge(host, name="web", state="absent", max_removed=2)


def test_a_bridge_that_is_missing(host: Host) -> None:
    task = {"bridge": "br9", "name": "web", "remotes": REMOTES}
    assert host.mesh(**task).message == "Bridge br9 does not exist. Create it first, with tenantry.sdn.ovs_bridge."
    predicted = host.mesh(check=True, **task)  # the play may make it first
    assert (predicted["changed"], len(predicted["diff"]["after"]["ports"])) == (True, 2)
    assert not host.mesh(bridge="br9", name="web", state="absent")["changed"]


def test_a_thousand_tunnels_are_one_task(host: Host) -> None:
    remotes = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    assert host.mesh(bridge="br0", name="big", remotes=remotes, key=9)["tunnels"] == 1000
    writes = host.ovs.writes()
    again = host.mesh(bridge="br0", name="big", remotes=remotes, key=9)
    assert (again["changed"], host.ovs.writes()) == (False, writes)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors of a bridge on a real Open vSwitch: where copies go, whose they are, and what stays when one leaves."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result


@pytest.fixture
def bridge(host: Host) -> Host:
    """A host with br0, three ports of virtual machines, and two that hear nothing but what is mirrored to them."""
    deaf = [{"name": name, "tag": 999} for name in ("out0", "out1")]
    host.bridge(name="br0", ports=[{"name": name} for name in ("tap0", "tap1", "tap2")] + deaf, flood_vlans=[900])
    return host


def converge(host: Host, *mirrors: dict[str, Any], **options: Any) -> Result:
    listed = {"mirrors": list(mirrors)} if mirrors else {}
    return host.converge("ovs_mirror", bridge="br0", **listed, **options)


def mirror(name: str = "m", output_port: str = "out0", **options: Any) -> dict[str, Any]:
    return {"name": name, "output_port": output_port, **options}


def reached(host: Host, source: str, vlan: int | None = None) -> set[str]:
    """Return the ports for mirrors that hear a broadcast which enters at a port."""
    return {"out0", "out1"} & host.flood("br0", source, vlan).keys()


def row(host: Host, name: str = "m") -> dict[str, Any]:
    """Return what is set of a mirror, but for its ports."""
    (found,) = [row for row in host.ovs.rows("Mirror") if row["name"] == name]
    unset = {"external_ids": ["map", []]}
    return {column: value for column, value in found.items() if value not in (["set", []], unset.get(column))}


def names(host: Host) -> set[str]:
    return {row["name"] for row in host.ovs.rows("Mirror")}


@pytest.mark.parametrize(
    ("selected", "mirrored"),
    [
        ({"select_all": True}, {"tap0", "tap1", "tap2", "br0"}),
        ({"select_src_port": ["tap0"]}, {"tap0"}),
        ({"select_dst_port": ["tap0"]}, {"tap1", "tap2", "br0"}),
        ({"select_src_port": ["tap0", "tap1"], "select_dst_port": ["tap0"]}, {"tap0", "tap1", "tap2", "br0"}),
        ({"select_src_port": ["tap0"], "select_vlan": [5]}, set()),
    ],
)
def test_what_is_selected_goes_to_the_output_port_and_nothing_else(
    bridge: Host, selected: dict[str, Any], mirrored: set[str]
) -> None:
    converge(bridge, **mirror(**selected))
    sources = ("tap0", "tap1", "tap2", "br0")
    assert {source for source in sources if reached(bridge, source)} == mirrored
    for source in sources:
        assert bridge.flood("br0", source).keys() - {"out0"} == {*sources} - {source}


def test_only_the_vlan_that_is_meant(bridge: Host) -> None:
    converge(bridge, **mirror(select_all=True, select_vlan=[5, 6], snaplen=64))
    assert [reached(bridge, "tap0", vlan) for vlan in (5, 6, 7, None)] == [{"out0"}, {"out0"}, set(), set()]
    assert row(bridge)["snaplen"] == 64
    converge(bridge, **mirror(select_vlan=[], snaplen=""))
    assert reached(bridge, "tap0", 7) == {"out0"}


def test_copies_travel_on_a_vlan_which_no_bridge_learns_on(bridge: Host) -> None:
    remote = {"name": "far", "select_src_port": ["tap0"]}
    assert not converge(bridge, **remote, output_vlan=900)["warnings"]
    bridge.bridge(name="br0", flood_vlans=[])
    task = {"bridge": "br0", **remote, "output_vlan": 900}
    said = [bridge.run("ovs_mirror", check, **task)["warnings"] for check in (True, False)]
    assert (
        said[0]
        == said[1]
        == [
            "mirror far: bridge br0 learns addresses on VLAN 900, so that copies and other frames go astray; "
            "set flood_vlans: [900] on every bridge on the way, with tenantry.sdn.ovs_bridge"
        ]
    )
    bridge.converge("ovs_bridge", name="br0", flood_vlans=[901, 900])
    assert converge(bridge, **remote, output_vlan=901)["warnings"] == []


def test_a_mirror_has_one_output_and_the_new_one_takes_the_place_of_the_other(bridge: Host) -> None:
    converge(bridge, **mirror(select_src_port=["tap0"]))
    converge(bridge, name="m", output_vlan=900)
    assert ("output_port" in row(bridge), row(bridge)["output_vlan"]) == (False, 900)
    converge(bridge, name="m", output_port="out1")
    assert ("output_vlan" in row(bridge), reached(bridge, "tap0")) == (False, {"out1"})


def test_a_mirror_into_a_tunnel(bridge: Host) -> None:
    tunnel = {"name": "gre0", "type": "gre", "options": {"remote_ip": "192.0.2.9"}}
    bridge.bridge(name="br0", ports=[tunnel])
    assert not converge(bridge, **mirror(output_port="gre0", select_all=True))["warnings"]


def test_the_port_of_the_host_is_given_away_with_a_warning(bridge: Host) -> None:
    (warning,) = converge(bridge, **mirror(output_port="br0", select_all=True))["warnings"]
    assert warning == "mirror m: the host itself no longer receives or sends by br0, as it is an output port"


def test_removing_one_takes_no_other_away(bridge: Host) -> None:
    by_hand = "--id=@m create Mirror name=by-hand select_all=true -- set Bridge br0 mirrors=@m"
    bridge.ovs.vsctl(*by_hand.split())
    converge(bridge, mirror("a", select_src_port=["tap0"]), mirror("b", "out1", select_src_port=["tap0"]))
    assert reached(bridge, "tap0") == {"out0", "out1"}
    converge(bridge, name="a", state="absent")
    assert (names(bridge), reached(bridge, "tap0")) == ({"b", "by-hand"}, {"out1"})
    converge(bridge, {"name": "b", "state": "absent"}, mirror("c", select_src_port=["tap1"]))
    assert names(bridge) == {"c", "by-hand"}
    assert not converge(bridge, name="never", state="absent")["changed"]


def test_a_mirror_whose_port_is_gone_is_reported(bridge: Host) -> None:
    task = mirror(select_src_port=["tap0", "tap1"])
    converge(bridge, **task)
    bridge.ovs.vsctl("del-port", "tap0")
    before = bridge.ovs.dump()
    what = "mirror m: select_src_port tap0 does not exist; add it first, with tenantry.sdn.ovs_bridge, or leave it out"
    assert bridge.run("ovs_mirror", bridge="br0", **task).message == what
    assert bridge.run("ovs_mirror", check=True, bridge="br0", **task)["changed"], "an earlier task may bring it back"
    assert bridge.ovs.dump() == before
    bridge.bridge(name="br0", ports=[{"name": "tap0"}])
    converge(bridge, **task)
    assert reached(bridge, "tap0") == {"out0"}


def test_the_check_of_a_bridge_that_a_task_before_would_have_made(bridge: Host) -> None:
    task = {"bridge": "br9", "name": "m", "select_all": True, "output_port": "tap9"}
    assert bridge.run("ovs_mirror", check=True, **task)["changed"]
    what = "Bridge br9 does not exist. Create it first, with tenantry.sdn.ovs_bridge."
    assert bridge.run("ovs_mirror", **task).message == what
    assert not bridge.run("ovs_mirror", bridge="br9", name="m", state="absent")["changed"]


def test_an_owners_list_is_complete_for_the_owner_alone(bridge: Host) -> None:
    before = bridge.ovs.state()
    theirs = mirror("theirs", select_all=True)
    converge(bridge, theirs, owner="dc2")
    converge(bridge, mirror("a", select_all=True), mirror("b", select_all=True), owner="dc1")
    converge(bridge, owner="dc1", **mirror("c", select_all=True))
    assert names(bridge) == {"a", "b", "c", "theirs"}
    converge(bridge, mirror("b", select_src_port=["tap0"], select_all=False), owner="dc1")
    assert names(bridge) == {"b", "theirs"}
    assert row(bridge, "b")["external_ids"] == ["map", [["tenantry-owner", "dc1"]]]
    message = bridge.run("ovs_mirror", bridge="br0", owner="dc1", **theirs).message
    assert message.startswith(
        "mirror theirs: it exists on bridge br0 and belongs to owner 'dc2'; choose another name, "
    )
    assert not converge(bridge, **theirs)["changed"], "without an owner a task manages what it names"
    converge(bridge, theirs, owner="dc1", adopt=True)
    assert names(bridge) == {"theirs"}
    converge(bridge, owner="dc1", mirrors=[], allow_empty=True)
    assert bridge.ovs.state() == before


def test_a_mirror_that_bridges_share_is_copied(bridge: Host) -> None:
    bridge.bridge(name="br1")
    shared = "--id=@m create Mirror name=m select_all=true -- set Bridge br0 mirrors=@m -- set Bridge br1 mirrors=@m"
    uuid = bridge.ovs.vsctl(*shared.split()).strip()
    converge(bridge, name="m", output_port="out0")
    rows = {row["_uuid"][1]: row["output_port"] for row in bridge.ovs.rows("Mirror")}
    assert (len(rows), rows[uuid]) == (2, ["set", []])
    assert reached(bridge, "tap0") == {"out0"}


def test_where_ovs_vswitchd_cannot_be_told_a_warning_says_what_follows(bridge: Host) -> None:
    (bridge.ovs.directory / "ovs-vswitchd.0.ctl").unlink()
    (warning,) = bridge.run("ovs_mirror", bridge="br0", **mirror(select_all=True))["warnings"]
    assert warning == (
        "Only what starts to flow now follows the change of bridge br0. "
        f"No ovs-vswitchd answers at {bridge.ovs.directory}/ovs-vswitchd.*.ctl. Is it running (package "
        "openvswitch-switch; systemctl status ovs-vswitchd), and is database right?"
    )

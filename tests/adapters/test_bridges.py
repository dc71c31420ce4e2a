# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge as a whole on a real Open vSwitch: its own columns, its controllers, its life."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result

FLOW_FLUSH = "drops all its OpenFlow flows."


def converge(host: Host, **options: Any) -> Result:
    return host.converge("ovs_bridge", **{"name": "br0", **options})


def test_a_bridge_comes_and_goes(host: Host) -> None:
    made = converge(host)
    assert (made["changed"], made["ofports"]) == (True, {"br0": 65534})
    assert made["diff"]["after"] == {"bridges": {"br0": {}}, "ports": {"br0": {"bridge": "br0", "type": "internal"}}}
    gone = converge(host, state="absent")
    assert (gone["changed"], gone["ofports"]) == (True, {})
    assert not host.ovs.rows("Bridge") + host.ovs.rows("Port") + host.ovs.rows("Interface")


def test_all_columns_of_a_bridge(host: Host) -> None:
    columns = {
        "datapath_type": "netdev",
        "fail_mode": "secure",
        "protocols": ["OpenFlow15", "OpenFlow13"],
        "rstp_enable": True,
        "mcast_snooping_enable": True,
        "external_ids": {"bridge-id": "br0"},
        "other_config": {"mac-aging-time": 60, "mcast-snooping-disable-flood-unregistered": True},
    }
    converge(host, **columns)
    row = host.row("Bridge", "br0")
    assert (row["datapath_type"], row["fail_mode"], row["protocols"]) == (
        "netdev",
        "secure",
        frozenset({"OpenFlow13", "OpenFlow15"}),
    )
    assert (row["rstp_enable"], row["mcast_snooping_enable"]) == (True, True)
    assert row["other_config"] == {"mac-aging-time": "60", "mcast-snooping-disable-flood-unregistered": "true"}
    assert host.ovs.appctl("rstp/show", "br0").startswith("---- br0 ----")
    assert not converge(host)["changed"]
    cleared = {name: type(value)() if isinstance(value, (list, dict)) else "" for name, value in columns.items()}
    converge(host, **{**cleared, "rstp_enable": False, "mcast_snooping_enable": False})
    row = host.row("Bridge", "br0")
    assert (row["datapath_type"], row["fail_mode"], row["protocols"]) == ("", None, frozenset())
    assert (row["external_ids"], row["other_config"]) == ({}, {})


def test_spanning_tree(host: Host) -> None:
    converge(host, stp_enable=True)
    assert host.ovs.appctl("stp/show", "br0").startswith("---- br0 ----")


def test_system_is_what_an_empty_type_means_whoever_wrote_it(host: Host) -> None:
    host.ovs.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=system")
    host.ovs.vsctl("add-port", "br0", "p", "--", "set", "Interface", "p", "type=system")
    for spelling in ("system", ""):
        ports = [{"name": "p", "type": spelling}]
        assert not converge(host, datapath_type=spelling, ports=ports)["changed"]
    assert converge(host, datapath_type="netdev")["changed"]


def test_fail_mode_comes_with_the_bridge_so_that_it_is_never_open(host: Host) -> None:
    assert converge(host, fail_mode="secure", ports=[{"name": "p"}])["warnings"] == []
    assert not host.flood("br0", "p")


def test_a_change_that_drops_the_flows_says_so(host: Host) -> None:
    converge(host, fail_mode="secure")
    assert converge(host, fail_mode="standalone")["warnings"] == [f"Changing fail_mode of bridge br0 {FLOW_FLUSH}"]
    controllers = [{"target": "ptcp:16653"}]
    said = converge(host, controllers=controllers)["warnings"]
    assert said == [f"Changing the controllers of bridge br0 {FLOW_FLUSH}"]


def test_controllers_with_their_connection_mode(host: Host) -> None:
    near = {
        "target": "tcp:127.0.0.1:6653",
        "connection_mode": "out-of-band",
        "inactivity_probe": 0,
        "max_backoff": 8000,
    }
    far = {"target": "tcp:[fd00::33]:6653", "connection_mode": "in-band"}
    result = converge(host, controllers=[{**near, "controller_rate_limit": 100, "controller_burst_limit": 25}, far])
    assert set(result["diff"]["after"]["controllers"]) == {"br0 tcp:127.0.0.1:6653", "br0 tcp:[fd00::33]:6653"}
    row = host.row("Controller", "tcp:127.0.0.1:6653")
    assert [row[column] for column in ("connection_mode", "inactivity_probe", "max_backoff")] == [
        "out-of-band",
        0,
        8000,
    ]
    assert [row[column] for column in ("controller_rate_limit", "controller_burst_limit")] == [100, 25]
    assert host.row("Controller", "tcp:[fd00::33]:6653")["connection_mode"] == "in-band"


def test_controllers_are_a_complete_list_but_only_if_given(host: Host) -> None:
    one, other = {"target": "tcp:127.0.0.1:6653"}, {"target": "tcp:127.0.0.1:6654", "max_backoff": 1000}
    converge(host, controllers=[one])
    assert not converge(host, ports=[])["changed"]
    converge(host, controllers=[other])
    assert host.ovs.vsctl("get-controller", "br0") == "tcp:127.0.0.1:6654"
    converge(host, controllers=[{**other, "max_backoff": ""}])
    assert host.row("Controller", other["target"])["max_backoff"] is None
    converge(host, controllers=[])
    assert not host.ovs.rows("Controller")


def test_the_same_controller_serves_two_bridges_by_two_rows(host: Host) -> None:
    for bridge in ("br0", "br1"):
        converge(host, name=bridge, controllers=[{"target": "tcp:127.0.0.1:6653"}])
    converge(host, name="br1", controllers=[])
    assert host.ovs.vsctl("get-controller", "br0") == "tcp:127.0.0.1:6653"


def test_the_bridges_own_port_can_be_configured_like_any_other(host: Host) -> None:
    port = {"name": "br0", "tag": 7, "mac": "02:00:00:00:00:01", "mtu_request": 1400}
    converge(host, ports=[port, {"name": "p", "tag": 7}], owner="dc1")
    assert host.flood("br0", "p") == {"br0": ""}
    assert host.port("br0")["external_ids"] == {}
    assert host.interface("br0")["mac"] == "02:00:00:00:00:01"


@pytest.mark.parametrize("wanted", [{"name": "br1", "ports": [{"name": "br0"}]}, {"name": "p"}, {"name": "eth1"}])
def test_no_bridge_or_port_takes_the_name_of_what_is_there(host: Host, wanted: dict[str, Any]) -> None:
    converge(host, ports=[{"name": "p"}, {"name": "bond0", "interfaces": ["eth1", "eth2"]}])
    before = host.ovs.dump()
    refused = [host.bridge(check, **options, **wanted) for check in (True, False) for options in ({}, ADOPTING)]
    assert host.ovs.dump() == before
    assert {result.message for result in refused} <= {
        "port br0: it is bridge br0's own port; connect bridges by a patch port on each",
        "bridge p: the name is taken by port p of bridge br0; choose another name, or remove that port first",
        "bridge eth1: the name is taken by port bond0 of bridge br0; choose another name, or remove that port first",
    }


ADOPTING = {"owner": "dc1", "adopt": True}


def test_a_bridge_that_the_datapath_does_not_have_fails_on_every_run(real_host: Host) -> None:
    failed = [real_host.bridge(name="br0", datapath_type="system") for dummy in range(2)]  # --disable-system
    what = "interface br0: Open vSwitch has no datapath for it; see datapath_type and ovs-vswitchd.log"
    assert [what in result.message for result in failed] == [True, True]
    assert [result["changed"] for result in failed] == [True, False]
    converge(real_host, datapath_type="netdev")

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of port, as a real Open vSwitch takes it: check, apply, again, and then what a packet would meet."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result
from private_ovs import eventually


def converge(host: Host, *ports: dict[str, Any], **options: Any) -> Result:
    return host.converge("ovs_bridge", **{"name": "br0", "ports": list(ports), **options})


def test_access_ports_of_one_vlan_hear_each_other_untagged(host: Host) -> None:
    converge(host, {"name": "a", "tag": 5}, {"name": "b", "tag": 5, "vlan_mode": "access"}, {"name": "c", "tag": 6})
    assert (host.port("b")["tag"], host.port("b")["vlan_mode"]) == (5, "access")
    assert host.flood("br0", "a") == {"b": "", "br0": "5"}


def test_a_trunk_carries_its_vlans_tagged_and_no_others(host: Host) -> None:
    converge(host, {"name": "t", "trunks": [5, 7]}, {"name": "a", "tag": 5}, {"name": "c", "tag": 6})
    assert host.port("t")["trunks"] == frozenset({5, 7})
    assert host.flood("br0", "a") == {"t": "5", "br0": "5"}
    assert host.flood("br0", "c") == {"br0": "6"}
    assert host.flood("br0", "t", 6) == {}


def test_a_trunk_with_an_empty_list_carries_all_and_one_of_4095_none(host: Host) -> None:
    converge(host, {"name": "t", "vlan_mode": "trunk", "trunks": [4095]})
    assert host.flood("br0", "t", 9) == {}
    converge(host, {"name": "t", "vlan_mode": "trunk", "trunks": []})
    assert host.flood("br0", "t", 9) == {"br0": "9"}


@pytest.mark.parametrize(("mode", "tags"), [("native-untagged", ""), ("native-tagged", "5")])
def test_native_vlan_of_a_trunk(host: Host, mode: str, tags: str) -> None:
    converge(host, {"name": "t", "vlan_mode": mode, "tag": 5, "trunks": [7]}, {"name": "a", "tag": 5})
    assert host.flood("br0", "a") == {"t": tags, "br0": "5"}
    assert host.flood("br0", "br0", 7) == {"t": "7"}


def test_a_dot1q_tunnel_adds_a_service_tag_around_the_customers(host: Host) -> None:
    port = {"name": "q", "vlan_mode": "dot1q-tunnel", "tag": 100, "other_config": {"qinq-ethtype": "802.1q"}}
    converge(host, port, {"name": "t", "vlan_mode": "trunk"})
    host.ovs.vsctl("set", "Open_vSwitch", ".", "other_config:vlan-limit=0")
    assert host.port("q")["other_config"] == {"qinq-ethtype": "802.1q"}
    assert host.flood("br0", "q", 7) == {"t": "100 7", "br0": "100 7"}


def test_an_internal_port_takes_a_mac_address_and_an_mtu(real_host: Host) -> None:
    port = {"name": "int0", "type": "internal", "mac": "02:00:00:00:00:AA", "mtu_request": 1400}
    converge(real_host, port, datapath_type="netdev")
    assert "link/ether 02:00:00:00:00:aa" in (link := real_host.ovs.run("ip", "link", "show", "int0"))
    assert "mtu 1400" in link
    converge(real_host, {"name": "int0", "mac": "", "mtu_request": ""})
    assert (real_host.interface("int0")["mac"], real_host.interface("int0")["mtu_request"]) == (None, None)


def test_a_system_port_is_a_device_of_the_host(real_host: Host) -> None:
    real_host.ovs.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    result = converge(real_host, {"name": "veth0", "type": "system", "mtu_request": 1400}, datapath_type="netdev")
    assert result["ofports"]["veth0"] == 1
    assert "mtu 1400" in real_host.ovs.run("ip", "link", "show", "veth0")


def test_patch_ports_join_two_bridges_whichever_is_made_first(real_host: Host) -> None:
    def warnings(name: str, peer: str) -> list[str]:
        """Make a bridge with one of the two, which never fails, and return what the task warns of."""
        port = {"name": f"to-{peer}", "type": "patch", "options": {"peer": f"to-{name}"}}
        result = real_host.bridge(name=name, datapath_type="netdev", ports=[port])
        assert "failed" not in result
        return result["warnings"]

    lonely = (
        "Not there yet, Open vSwitch takes them in when they appear: "
        "interface to-br1: No usable peer 'to-br0' exists in 'netdev' datapath"
    )
    assert warnings("br0", "br1") in ([], [lonely])  # Open vSwitch does not always report it
    eventually(lambda: not warnings("br1", "br0") + warnings("br0", "br1"), "the pair", seconds=30)
    assert real_host.flood("br0", "br0") == {"br1": ""}


BOND = {"name": "bond0", "interfaces": ["eth1", "eth2"], "bond_mode": "balance-tcp", "lacp": "active"}


def test_a_bond_speaks_lacp(host: Host) -> None:
    other_config = {"lacp-time": "fast", "lacp-fallback-ab": True}
    converge(host, {**BOND, "bond_updelay": 100, "bond_downdelay": 200, "other_config": other_config})
    assert host.port("bond0")["other_config"] == {"lacp-time": "fast", "lacp-fallback-ab": "true"}
    bond = host.ovs.appctl("bond/show", "bond0")
    for line in ("bond_mode: balance-tcp", "updelay: 100 ms", "downdelay: 200 ms", "lacp_fallback_ab: true"):
        assert line in bond
    assert "status: active" in (lacp := host.ovs.appctl("lacp/show", "bond0"))
    assert "lacp_time: fast" in lacp


def test_a_bond_gains_and_loses_members(host: Host) -> None:
    converge(host, BOND)
    converge(host, {**BOND, "interfaces": ["eth2", "eth3"]})
    assert set(host.ovs.vsctl("list-ifaces", "br0").split()) == {"eth2", "eth3"}


def test_a_bond_gives_a_member_to_a_port_of_the_same_task(host: Host) -> None:
    converge(host, {**BOND, "interfaces": ["eth1", "eth2", "eth3"]})
    converge(host, BOND, {"name": "eth3", "tag": 7})
    assert host.ports("br0") == {"bond0", "eth3"}


def test_ports_become_a_bond_and_ports_again(host: Host) -> None:
    converge(host, {"name": "eth1", "tag": 5}, {"name": "eth2"})
    converge(host, {"name": "eth1", "state": "absent"}, {"name": "eth2", "state": "absent"}, BOND)
    assert (host.ports("br0"), host.port("bond0")["tag"]) == ({"bond0"}, None)
    converge(host, {"name": "bond0", "state": "absent"}, {"name": "eth1"}, {"name": "eth2"})
    assert host.ports("br0") == {"eth1", "eth2"}


def test_a_bond_named_without_its_interfaces_keeps_them(host: Host) -> None:
    converge(host, BOND)
    result = converge(host, {"name": "bond0", "tag": 5, "lacp": "passive"})
    assert result["ofports"].keys() == {"br0", "eth1", "eth2"}
    assert set(host.ovs.vsctl("list-ifaces", "br0").split()) == {"eth1", "eth2"}


def test_the_members_of_a_bond_have_columns_of_their_own(host: Host) -> None:
    members = [{"name": "eth1", "external_ids": {"cable": "7"}, "mtu_request": 9000}, "eth2"]
    converge(host, {"name": "bond0", "interfaces": members})
    assert host.interface("eth1")["external_ids"] == {"cable": "7"}
    assert (host.interface("eth1")["mtu_request"], host.interface("eth2")["mtu_request"]) == (9000, None)


def test_a_single_interface_takes_its_own_external_ids_as_libvirt_and_neutron_write_them(host: Host) -> None:
    ids = {"attached-mac": "52:54:00:12:34:56", "iface-id": "a=b c,d", "iface-status": "active"}
    converge(host, {"name": "tap0", "interfaces": [{"name": "tap0", "external_ids": ids}]})
    assert host.interface("tap0")["external_ids"] == ids


def test_an_openflow_port_number_is_given_or_refused(host: Host) -> None:
    result = converge(host, {"name": "a", "ofport_request": 100}, {"name": "b"})
    assert result["ofports"] == {"a": 100, "b": 1, "br0": 65534}
    before = host.ovs.dump()
    for check in (True, False):
        refused = host.bridge(check, name="br0", ports=[{"name": "c", "ofport_request": 100}])
        assert refused.message == (
            "interface c: ofport_request 100 is the port number of a; write another number, or remove that port first"
        )
    assert host.ovs.dump() == before


def test_a_port_number_that_is_free_on_its_own_bridge_is_given(host: Host) -> None:
    converge(host, {"name": "a", "ofport_request": 100})
    converge(host, {"name": "b", "ofport_request": 100}, name="br1")


def test_two_ports_swap_their_openflow_port_numbers(host: Host) -> None:
    converge(host, {"name": "a", "ofport_request": 40001}, {"name": "b", "ofport_request": 40002})
    result = converge(host, {"name": "a", "ofport_request": 40002}, {"name": "b", "ofport_request": 40001})
    assert (result["ofports"]["a"], result["ofports"]["b"]) == (40002, 40001)


def test_a_wish_that_open_vswitch_did_not_fulfil_is_told_on_every_run(host: Host) -> None:
    converge(host, {"name": "a"})
    host.ovs.vsctl("add-port", "br0", "b", "--", "set", "Interface", "b", "ofport_request=1")
    refused = host.bridge(name="br0", ports=[{"name": "b", "ofport_request": 1}])
    assert refused.message.startswith("interface b: ofport_request 1 is the port number of a;")


def test_protected_ports_do_not_hear_each_other(host: Host) -> None:
    converge(host, {"name": "a", "protected": True}, {"name": "b", "protected": True}, {"name": "c"})
    assert host.flood("br0", "a").keys() == {"br0", "c"}
    converge(host, {"name": "a", "protected": False})
    assert host.flood("br0", "a").keys() == {"br0", "b", "c"}


def test_a_tunnel_port_by_hand_is_the_talks_gre1(host: Host) -> None:
    converge(host, {"name": "gre1", "type": "gre", "options": {"remote_ip": "192.168.1.152"}})
    assert (host.interface("gre1")["type"], host.interface("gre1")["options"]) == (
        "gre",
        {"remote_ip": "192.168.1.152"},
    )
    converge(host, {"name": "gre1", "options": {"key": 7}})
    assert host.interface("gre1")["options"] == {"remote_ip": "192.168.1.152", "key": "7"}


def test_of_a_map_only_the_given_keys_are_managed(host: Host) -> None:
    converge(host, {"name": "p", "other_config": {"a": "1", "b": "2"}, "external_ids": {"x": "1"}})
    converge(host, {"name": "p", "other_config": {"b": None, "c": "3"}})
    assert host.port("p")["other_config"] == {"a": "1", "c": "3"}
    assert host.port("p")["external_ids"] == {"x": "1"}
    converge(host, {"name": "p", "other_config": {}})
    assert host.port("p")["other_config"] == {}


def test_an_omitted_option_is_left_alone_and_an_empty_one_cleared(host: Host) -> None:
    converge(host, {"name": "p", "tag": 5, "trunks": [1, 2], "vlan_mode": "native-untagged", "ofport_request": 9})
    assert not converge(host, {"name": "p"})["changed"]
    converge(host, {"name": "p", "tag": "", "trunks": [], "vlan_mode": "", "ofport_request": ""})
    port = host.port("p")
    assert (port["tag"], port["trunks"], port["vlan_mode"]) == (None, frozenset(), None)


def test_a_device_that_is_not_there_is_an_error_or_a_warning(real_host: Host) -> None:
    device = "interface nodev: could not open network device nodev (No such device)"
    failed = real_host.bridge(name="br0", datapath_type="netdev", ports=[{"name": "nodev"}])
    assert failed.message == (
        f"Open vSwitch has the configuration but could not apply all of it: {device}. "
        "Create the missing devices or correct names, types and options, and run the task again."
    )
    warned = real_host.bridge(name="br0", ports=[{"name": "nodev"}], require_devices=False)
    assert (warned["changed"], warned["ofports"]["nodev"]) == (False, None)
    assert warned["warnings"] == [f"Not there yet, Open vSwitch takes them in when they appear: {device}"]
    real_host.ovs.run("ip", "link", "add", "nodev", "type", "veth", "peer", "name", "other")
    healed = real_host.bridge(name="br0", ports=[{"name": "nodev"}])
    assert (healed["changed"], healed["ofports"]["nodev"]) == (False, 1)


def test_an_mtu_that_the_device_does_not_take_fails(real_host: Host) -> None:
    real_host.ovs.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    real_host.ovs.run("ip", "link", "add", "link", "veth0", "name", "mac0", "type", "macvlan")
    failed = real_host.bridge(name="br0", datapath_type="netdev", ports=[{"name": "mac0", "mtu_request": 9000}])
    assert "interface mac0: its MTU is 1500, as the device does not take 9000" in failed.message

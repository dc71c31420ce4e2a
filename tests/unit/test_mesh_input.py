# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of ovs_gre_mesh says, as the wanted tunnel ports; what it says wrongly is in adapters/."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mesh_input import parse_meshes
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY, is_tunnel_name


def parse(**options: Any) -> tuple[Port, ...]:
    defaults = {"bridge": "br0", "type": "gre", "state": "present", "protected": True}
    wanted = parse_meshes({**defaults, **options})
    assert wanted.name == options.get("bridge", "br0")
    return wanted.ports or ()


def parse_one(**options: Any) -> Port:
    (port,) = parse(name="web", remotes=["10.0.0.2"], **options)
    return port


def test_the_talks_own_tunnel() -> None:
    port = parse_one()
    (interface,) = port.interfaces
    assert is_tunnel_name(port.name)
    assert interface.name == port.name
    assert (port.columns, port.marks) == ({"protected": True}, {MESH_KEY: "web"})
    assert interface.columns == {"type": "gre", "options": {"remote_ip": "10.0.0.2"}}


@pytest.mark.parametrize(
    ("option", "given_value", "options"),
    [
        ("local_ip", "10.0.0.1", {"local_ip": "10.0.0.1"}),
        ("key", "5001", {"key": "5001"}),
        ("key", 4294967295, {"key": "4294967295"}),
        ("key", "flow", {"key": "flow"}),
        ("key", "", {}),
        ("csum", True, {"csum": "true"}),
        ("df_default", False, {"df_default": "false"}),
        ("psk", "s3cret", {"psk": "s3cret"}),
        ("psk", "", {"psk": None}),
    ],
)
def test_options_of_a_tunnel(option: str, given_value: Any, options: dict[str, Any]) -> None:
    (interface,) = parse_one(**{option: given_value}).interfaces
    assert interface.columns["options"] == {"remote_ip": "10.0.0.2", **options}


@pytest.mark.parametrize("kind", ["vxlan", "geneve"])
def test_a_udp_port_is_for_udp_tunnels(kind: str) -> None:
    (interface,) = parse_one(type=kind, dst_port=4790).interfaces
    assert interface.columns["options"]["dst_port"] == "4790"


def test_port_and_bfd_columns() -> None:
    port = parse_one(tag="12", protected=False, bfd={"enable": True, "min_rx": None})
    assert port.columns == {"tag": 12, "protected": False}
    assert port.interfaces[0].columns["bfd"] == {"enable": "true", "min_rx": None}
    assert parse_one(tag="").columns == {"tag": None, "protected": True}


def test_networks_take_the_tasks_values_as_defaults() -> None:
    networks = [
        {"name": "web", "remotes": ["fd00::2"], "key": "1"},
        {"name": "db", "remotes": ["fd00::2"], "key": "2", "type": "vxlan", "tag": "9"},
    ]
    web, db = parse(networks=networks, owner="dc1", local_ip="fd00::1", tag="8")
    assert (web.columns["tag"], db.columns["tag"]) == (8, 9)
    assert [port.interfaces[0].columns["type"] for port in (web, db)] == ["gre", "vxlan"]
    assert {port.interfaces[0].columns["options"]["local_ip"] for port in (web, db)} == {"fd00::1"}
    assert db.marks == {MESH_KEY: "db", OWNER_KEY: "dc1"}


def test_an_absent_mesh_has_no_tunnels() -> None:
    assert parse(name="web", state="absent") == ()
    assert parse(networks=[{"name": "web"}], state="absent") == ()


@given(st.permutations([f"10.0.0.{host}" for host in range(2, 8)]))
def test_tunnels_do_not_depend_on_the_order_of_remotes(remotes: list[str]) -> None:
    assert set_of(parse(name="web", remotes=remotes)) == set_of(parse(name="web", remotes=sorted(remotes)))


def set_of(ports: tuple[Port, ...]) -> dict[str, Port]:
    return {port.name: port for port in ports}


def test_spellings_of_one_address_are_one_tunnel() -> None:
    with pytest.raises(InvalidInput, match=r"^remotes\[1\]: fd00::2 is listed twice; list each remote once$"):
        parse(name="web", remotes=["fd00::2", "FD00:0::2"])


def test_a_key_that_cannot_be_read_is_not_taken_for_a_duplicate() -> None:
    networks = [{"name": name, "remotes": ["10.0.0.2"], "key": "x"} for name in ("web", "db")]
    with pytest.raises(InvalidInput) as caught:
        parse(networks=networks)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["networks[0].key", "networks[1].key"]


def test_a_secret_is_not_quoted() -> None:
    with pytest.raises(InvalidInput, match=r"^psk: the pre-shared key \(not shown\) holds a control character"):
        parse_one(psk="s3cret\n")

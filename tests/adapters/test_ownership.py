# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only what is ours is changed or removed, and what is in our way is told before anything is touched."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from host import Host
from module_runner import Result
from private_ovs import STATUS

REMEDIES = "choose another name, remove it by hand, or take it over with adopt: true"
NOBODY = "nobody (no tenantry-owner in its external_ids)"


def converge(host: Host, *ports: str | dict[str, Any], transactions: int = 1, **options: Any) -> Result:
    return host.converge("ovs_bridge", transactions, **task(*ports, **options))


def task(*ports: str | dict[str, Any], **options: Any) -> dict[str, Any]:
    listed = [{"name": port} if isinstance(port, str) else port for port in ports]
    return {"name": "br0", "owner": "dc1", "ports": listed, **options}


def refusal(host: Host, **options: Any) -> str:
    """Return what the task says, in check mode and in earnest, and hold it to change nothing."""
    before = host.ovs.dump()
    messages = {host.bridge(check, **options).message for check in (True, False)}
    assert host.ovs.dump() == before
    (message,) = messages
    return message


def test_an_owner_marks_what_it_makes(host: Host) -> None:
    converge(host, "p", external_ids={"a": "b"})
    assert host.port("p")["external_ids"] == {"tenantry-owner": "dc1"}
    assert host.row("Bridge", "br0")["external_ids"] == {"tenantry-owner": "dc1", "a": "b"}


def test_an_owners_list_is_complete_for_the_owner_alone(host: Host) -> None:
    converge(host, "a", "b")
    host.ovs.vsctl("add-port", "br0", "by-hand")
    host.ovs.vsctl("add-port", "br0", "theirs", "--", "set", "Port", "theirs", "external_ids:tenantry-owner=dc2")
    result = converge(host, "b", "c", transactions=2)
    assert host.ports("br0") == {"b", "c", "by-hand", "theirs"}
    assert set(result["diff"]["before"]["ports"]) == {"a"}


def test_without_purge_or_ports_nothing_of_the_owner_is_removed(host: Host) -> None:
    converge(host, "a", "b")
    converge(host, "c", purge=False)
    assert not converge(host, ports=None)["changed"]
    assert host.ports("br0") == {"a", "b", "c"}


def test_without_an_owner_nothing_is_removed_that_is_not_named(host: Host) -> None:
    converge(host, "a", "b", owner=None)
    converge(host, "c", {"name": "a", "state": "absent"}, owner=None, transactions=2)
    assert host.ports("br0") == {"b", "c"}


def test_an_empty_list_empties_only_when_told_to(host: Host) -> None:
    converge(host, "a")
    assert refusal(host, **task()) == (
        "ports: an empty list would remove every port of the owner; if you mean it, set allow_empty: true"
    )
    converge(host, allow_empty=True)
    assert host.ports("br0") == set()


def test_tunnels_of_the_owner_are_not_ports_to_purge(host: Host) -> None:
    converge(host, "a")
    host.mesh(bridge="br0", name="web", remotes=["10.0.0.2"], owner="dc1")
    converge(host, "b", transactions=2)
    assert len(host.ports("br0")) == 2


def test_without_an_owner_a_task_manages_what_it_names_whoever_made_it(host: Host) -> None:
    host.ovs.vsctl("add-br", "br0", "--", "add-port", "br0", "p", "--", "set", "Port", "p", "external_ids:x=y")
    converge(host, {"name": "p", "tag": 5}, owner=None, fail_mode="secure")
    assert host.port("p")["external_ids"] == {"x": "y"}


def test_with_an_owner_what_is_not_ours_is_in_the_way_unless_adopted(host: Host) -> None:
    host.ovs.vsctl("add-br", "br0", "--", "add-port", "br0", "p", "--", "add-port", "br0", "q")
    host.ovs.vsctl("set", "Port", "p", "external_ids:tenantry-owner=dc2", "external_ids:x=y")
    assert refusal(host, **task("p", {"name": "q", "state": "absent"})) == (
        "3 faults, nothing was changed:\n"
        f"- bridge br0: it exists and belongs to {NOBODY}; {REMEDIES}\n"
        f"- port p: it exists on bridge br0 and belongs to owner 'dc2'; {REMEDIES}\n"
        f"- port q: it exists on bridge br0 and belongs to {NOBODY}; {REMEDIES}"
    )
    converge(host, "p", adopt=True)
    assert host.port("p")["external_ids"] == {"tenantry-owner": "dc1", "x": "y"}
    assert host.ports("br0") == {"p", "q"}


def test_a_tunnel_of_a_mesh_is_named_as_such(host: Host) -> None:
    converge(host, "a")
    host.mesh(bridge="br0", name="web", remotes=["10.0.0.2"], owner="dc1")
    (tunnel,) = host.ports("br0") - {"a"}
    assert f"port {tunnel}: it exists on bridge br0 and belongs to mesh 'web' of owner 'dc1'" in refusal(
        host, **task(tunnel)
    )
    converge(host, tunnel, adopt=True)
    assert host.port(tunnel)["external_ids"] == {"tenantry-owner": "dc1"}


def test_clearing_external_ids_does_not_disown(host: Host) -> None:
    converge(host, {"name": "p", "external_ids": {"x": "y"}}, external_ids={"x": "y"})
    for owner in ("dc1", None):
        converge(host, {"name": "p", "external_ids": {}}, external_ids={}, owner=owner)
        assert host.port("p")["external_ids"] == {"tenantry-owner": "dc1"}
        assert host.row("Bridge", "br0")["external_ids"] == {"tenantry-owner": "dc1"}


def test_our_port_moves_to_another_bridge_with_what_it_has(host: Host) -> None:
    converge(host, {"name": "p", "tag": 5, "other_config": {"a": "b"}}, "q")
    result = converge(host, "p", name="br1")
    assert (host.ports("br0"), host.ports("br1")) == ({"q"}, {"p"})
    assert (host.port("p")["tag"], host.port("p")["other_config"]) == (5, {"a": "b"})
    assert result["diff"]["after"]["ports"]["p"] == {"bridge": "br1"}


def test_a_port_of_nobody_is_moved_by_adopting_alone(host: Host) -> None:
    host.ovs.vsctl("add-br", "br1", "--", "add-port", "br1", "p")
    assert refusal(host, **task("p", owner=None)) == (
        "port p: it is on bridge br1; remove it there first, or set owner and adopt: true to move it"
    )
    assert refusal(host, **task("p")) == f"port p: it exists on bridge br1 and belongs to {NOBODY}; {REMEDIES}"
    converge(host, "p", adopt=True)
    assert (host.ports("br0"), host.ports("br1")) == ({"p"}, set())


def test_a_port_that_is_absent_here_may_be_on_another_bridge(host: Host) -> None:
    host.ovs.vsctl("add-br", "br1", "--", "add-port", "br1", "p")
    converge(host, {"name": "p", "state": "absent"}, {"name": "never", "state": "absent"})
    assert host.ports("br1") == {"p"}


@pytest.mark.parametrize(
    ("holder", "remedy"),
    [
        ("br0", "list that port too, with its other interfaces or with state: absent"),
        ("br1", "take it out of there first"),
    ],
)
def test_an_interface_is_not_taken_out_of_a_port_that_stays(host: Host, holder: str, remedy: str) -> None:
    converge(host, {"name": "bond0", "interfaces": ["eth1", "eth2"]}, name=holder)
    options = task("eth1", name="br0", purge=False, owner="dc1" if holder == "br0" else None)
    assert refusal(host, **options) == (f"port eth1: interface eth1 is in port bond0 of bridge {holder}; {remedy}")


def test_an_interface_is_taken_out_of_our_port_that_the_same_task_purges(host: Host) -> None:
    converge(host, {"name": "bond0", "interfaces": ["eth1", "eth2"]})
    converge(host, "eth1")
    assert host.ports("br0") == {"eth1"}


def test_an_owner_removes_only_its_own_bridge_with_its_own_ports(host: Host) -> None:
    converge(host, "a")
    host.mesh(bridge="br0", name="web", remotes=["10.0.0.2"], owner="dc1")
    host.ovs.vsctl("add-port", "br0", "by-hand")
    gone = {"name": "br0", "state": "absent", "owner": "dc1"}
    assert refusal(host, **gone) == (
        "bridge br0: it holds ports that are not of owner 'dc1': by-hand; "
        "remove them first, or remove everything with adopt: true"
    )
    assert refusal(host, **{**gone, "owner": "dc2"}).startswith(
        "2 faults, nothing was changed:\n- bridge br0: it exists"
    )
    host.ovs.vsctl("del-port", "by-hand")
    host.converge("ovs_bridge", **gone)
    assert not host.ovs.rows("Port")


def test_a_bridge_is_removed_with_everything_when_told_to(host: Host) -> None:
    host.ovs.vsctl("add-br", "br0", "--", "add-port", "br0", "by-hand")
    host.converge("ovs_bridge", name="br0", state="absent", owner="dc1", adopt=True)
    assert not host.ovs.rows("Bridge")


FOREIGN = """
add-br br-ex -- set Bridge br-ex fail_mode=secure external_ids:bridge-id=br-ex other_config:hwaddr=02:00:00:00:00:0e
-- add-port br-ex phy0 trunks=1,2,3
-- add-bond br-ex bond-ex e0 e1 lacp=active
-- add-port br-ex vx-ex -- set Interface vx-ex type=vxlan options:remote_ip=10.9.9.9 options:key=77
-- set-controller br-ex ptcp:16653
-- set Port phy0 qos=@q -- --id=@q create QoS type=linux-htb queues=0=@u -- --id=@u create Queue other_config:max-rate=9
-- --id=@p get Port phy0 -- --id=@m create Mirror name=m0 select_all=true output_port=@p -- set Bridge br-ex mirrors=@m
-- --id=@s create sFlow targets='"127.0.0.1:9"' agent=lo -- set Bridge br-ex sflow=@s
-- add-port br0 by-hand tag=9 -- set Port by-hand external_ids:note='"made by hand"'
-- add-port br0 dc2-port -- set Port dc2-port external_ids:tenantry-owner=dc2
"""


def test_foreign_state_is_untouched_byte_for_byte(host: Host) -> None:
    converge(host, "a", name="br0")
    host.ovs.vsctl(*shlex.split(FOREIGN))
    before = foreign_rows(host)
    assert len(before) == 19
    networks = [
        {"name": name, "remotes": ["10.0.0.2", "10.0.0.3"], "key": key} for name, key in (("web", 1), ("db", 2))
    ]
    for listed in (networks, networks[1:], []):
        host.converge("ovs_gre_mesh", bridge="br0", owner="dc1", networks=listed, allow_empty=True)
        converge(host, "a", {"name": "b", "tag": 5}, external_ids={"x": "y"})
        converge(host, "b", name="br1")
    converge(host, allow_empty=True)
    host.converge("ovs_bridge", name="br1", owner="dc1", state="absent")
    assert foreign_rows(host) == before


def foreign_rows(host: Host) -> list[dict[str, Any]]:
    """Return every row, UUID included, but for those of bridges br0 and br1, of our ports, and the root's."""
    tunnels = host.ovs.vsctl("--bare", "--columns=name", "find", "Interface", "type=gre").split()
    rows = []
    for table in ("Bridge", "Port", "Interface", "Controller", "QoS", "Queue", "Mirror", "sFlow"):
        reports = {"_version", *STATUS.get(table, ())}
        for row in host.ovs.rows(table):
            if row.get("name") not in {"br0", "br1", "a", "b", *tunnels}:
                rows.append({column: value for column, value in row.items() if column not in reports})
    return sorted(rows, key=lambda row: str(row["_uuid"]))

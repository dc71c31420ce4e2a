# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wrong task that we know of: what is said, word for word, in check mode and in earnest, and nothing done.

The messages that Ansible itself gives for options of a wrong type are not here: they differ from version to version.
"""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flow_lab import tables, task
from host import Host
from private_ovs import PrivateOvs
from wrong_calls import cases, wrong

BASES: dict[str, dict[str, Any]] = {
    "ovs_bridge": {"name": "br0"},
    "ovs_gre_mesh": {"bridge": "br0", "name": "web", "remotes": ["10.0.0.3"]},
    "of_flow": task("table=7,actions=drop"),
    "ovs_qos": {"interface": "p", "max_rate": "1Mbit"},
    "ovs_mirror": {"bridge": "br0", "name": "m", "select_all": True, "output_port": "p"},
    "ovs_flow_export": {"bridge": "br0", "sflow": {"targets": ["192.0.2.9:6343"]}},
}
TABLES = {
    "ovs_bridge": "wrong_bridges.txt",
    "ovs_gre_mesh": "wrong_meshes.txt",
    "of_flow": "wrong_flows.txt",
    "ovs_qos": "wrong_qos.txt",
    "ovs_mirror": "wrong_mirrors.txt",
    "ovs_flow_export": "wrong_exports.txt",
}
ENOUGH = {"ovs_mirror": 35, "ovs_flow_export": 35}


WRONG = [(module, change, message) for module, table in TABLES.items() for change, message in cases(table)]


@pytest.fixture(scope="module")
def crowd() -> Iterator[Host]:
    """A host that has something of everybody; no wrong task changes it, so that one is enough for all."""
    with tempfile.TemporaryDirectory(prefix="ovs-") as directory:
        switch = PrivateOvs(Path(directory))
        try:
            host = Host(switch.start())
            populate(host)
            yield host
        finally:
            switch.stop()


RECORDS = """
add-port br3 pt -- set Interface pt type=patch options:peer=pt2 -- add-port br3 dp -- set Interface dp type=dpdk
-- set Port q qos=@q -- --id=@q create QoS type=linux-htb other_config:max-rate=1000000
-- set Interface q ingress_policing_rate=1000
-- --id=@p get Port p -- --id=@h create Mirror name=by-hand select_all=true output_port=@p
-- --id=@t1 create Mirror name=twin select_all=true output_port=@p
-- --id=@t2 create Mirror name=twin select_all=true output_port=@p -- set Bridge br0 mirrors=@h,@t1,@t2
-- set Bridge br0 netflow=@n -- --id=@n create NetFlow targets='"192.0.2.7:2055"'
"""


def populate(host: Host) -> None:
    gre1 = {"name": "gre1", "type": "gre", "options": {"remote_ip": "10.0.0.9", "key": 9}}
    bond = {"name": "bond0", "interfaces": ["eth1", "eth2"]}
    host.bridge(name="br0", ports=[{"name": "p", "tag": 5, "ofport_request": 100}, bond, gre1])
    host.bridge(name="br1", ports=[{"name": "q"}])
    host.bridge(name="br2", owner="dc2", ports=[{"name": "r"}])
    by_hand = "add-port br1 vx1 -- set Interface vx1 type=vxlan options:remote_ip=FD00:0::9 options:key=0x10"
    host.ovs.vsctl(*by_hand.split())
    host.mesh(bridge="br0", name="theirs", owner="dc2", remotes=["10.0.0.2"], key=1)
    host.mesh(bridge="br0", name="ours", owner="dc1", remotes=["10.0.0.2", "10.0.0.5", "10.0.0.6"], key=2)
    host.mesh(bridge="br1", name="nobodys", remotes=["10.0.0.2"], key=3)
    for group in (50, 150):  # the second is one of the owner's numbers, and used by another
        host.ovs.ofctl("add-group", "br0", f"group_id={group},type=all,bucket=output:100")
        host.ovs.ofctl("add-flow", "br0", f"cookie=0x5,table=1,priority={group},actions=group:{group}")
    host.bridge(name="br3", datapath_type="netdev", ports=[{"name": "u"}, {"name": "s"}])
    host.bridge(name="br4", ports=[{"name": "p4"}])
    host.ovs.vsctl(*shlex.split(RECORDS))
    host.run("ovs_qos", interface="r", owner="dc2", max_rate="1Mbit", ingress_policing_rate="1Mbit")
    host.run("ovs_qos", interface="s", owner="dc1", max_rate="1Mbit", queues={})
    by_hand = f"--id=@q create Queue dscp=1 -- add QoS {host.ovs.vsctl('get', 'Port', 's', 'qos')} queues 5=@q"
    host.ovs.vsctl(*by_hand.split(), "--", "set", "Interface", "s", "ingress_policing_rate=1")
    host.run("ovs_mirror", bridge="br0", name="theirs", owner="dc2", select_all=True, output_port="p")
    many = [{"name": f"m{number}", "select_all": True, "output_port": "p4"} for number in range(32)]
    host.run("ovs_mirror", bridge="br4", mirrors=many)
    samples = [{"id": 9, "ipfix": {"targets": ["192.0.2.9:4739"]}}]
    host.run("ovs_flow_export", bridge="br0", owner="dc2", samples=samples)


def state(host: Host, module: str) -> tuple[str, Any]:
    """Return the whole database, and what of_flow could change beside it."""
    return host.ovs.dump(), tables(host) if module == "of_flow" else None


@pytest.mark.parametrize("module", TABLES)
def test_there_are_enough_of_them_and_none_twice(module: str) -> None:
    said = [change for name, change, message in WRONG if name == module]
    assert len(said) == len(set(said)) >= ENOUGH.get(module, 60)
    assert all(message for name, change, message in WRONG)


@pytest.mark.parametrize("module", TABLES)
def test_the_task_that_is_made_wrong_is_right(crowd: Host, module: str) -> None:
    assert "failed" not in crowd.run(module, check=True, **BASES[module])


@pytest.mark.parametrize(("module", "change", "message"), WRONG, ids=[change for module, change, message in WRONG])
def test_a_wrong_task_is_told_exactly_and_does_nothing(crowd: Host, module: str, change: str, message: str) -> None:
    before = state(crowd, module)
    said = [crowd.run(module, check=check, **wrong(BASES[module], change)).message for check in (True, False)]
    assert state(crowd, module) == before
    assert said == [message, message]

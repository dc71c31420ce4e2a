# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many writers of limits, mirrors and exports: no update is lost, and no plan is carried out that a rival outdated."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from host import Host
from module_runner import Result, run_module

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.backend import DatabaseBackend
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_exports import FlowExports
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.mirrors import Mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.shaping import Shaping
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import ConflictError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import parse_exports
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mirror import parse_mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping_input import parse_limits
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import reconcile

WRITERS, TASKS = 4, 5
Task = tuple[str, dict[str, Any]]


def run_tasks(tasks: list[Task]) -> list[Result]:
    return [run_module(module, {"timeout": 60, **options}) for module, options in tasks]


def test_writers_lose_no_update_of_one_bridge_and_one_port(host: Host) -> None:
    host.bridge(name="br0", ports=[{"name": "p"}, {"name": "out", "tag": 9}])
    config = {"database": host.ovs.remote}

    def tasks(writer: int) -> list[Task]:
        mine: list[Task] = []
        for number in range(TASKS):
            name = f"w{writer}-{number}"
            mirror = {"bridge": "br0", "name": name, "select_all": True, "output_port": "out"}
            mine.append(("ovs_mirror", {**config, **mirror}))
            mine.append(("ovs_qos", {**config, "interface": "p", "type": "linux-htb", "other_config": {name: "kept"}}))
            samples = [{"id": 10 * writer + number, "ipfix": {"targets": ["192.0.2.9:4739"]}}]
            mine.append(("ovs_flow_export", {**config, "bridge": "br0", "samples": samples}))
        return mine

    with ProcessPoolExecutor(WRITERS, mp_context=get_context("fork")) as pool:
        results = [each for done in pool.map(run_tasks, map(tasks, range(WRITERS))) for each in done]
    assert [result["msg"] for result in results if result.get("failed")] == []
    names = {f"w{writer}-{number}" for writer in range(WRITERS) for number in range(TASKS)}
    assert {row["name"] for row in host.ovs.rows("Mirror")} == names
    (qos,) = host.ovs.rows("QoS")
    assert dict(qos["other_config"][1]).keys() == names
    assert len(host.ovs.rows("Flow_Sample_Collector_Set")) == len(names)


def limits(**options: Any) -> Task:
    return "ovs_qos", {"owner": "dc1", "interface": "p", **options}


def mirror(**options: Any) -> Task:
    return "ovs_mirror", {"owner": "dc1", "bridge": "br0", "name": "m", **options}


def exports(**options: Any) -> Task:
    return "ovs_flow_export", {"owner": "dc1", "bridge": "br0", **options}


THEIRS = "external_ids:tenantry-owner=dc2"
SAMPLE = [{"id": 1, "ipfix": {"targets": ["192.0.2.8:4739"]}}]
RACES: dict[str, tuple[Task, str]] = {
    "the rate that we change": (limits(ingress_policing_rate=5), "set Interface p ingress_policing_rate=6"),
    "whose the policing is": (limits(ingress_policing_rate=5), "set Interface p external_ids:tenantry-policing=dc2"),
    "the QoS that we change": (limits(max_rate=5), "set QoS {qos} other_config:max-rate=6"),
    "whose the QoS is": (limits(max_rate=5), "set QoS {qos} " + THEIRS),
    "the QoS of the port that we shape": (limits(interface="q", max_rate=5), "set Port q qos={qos}"),
    "the QoS that we remove": (limits(type=""), "clear Port p qos"),
    "who else has the QoS that we remove": (limits(type=""), "set Port q qos={qos}"),
    "the queue that we change": (limits(queues={0: {"dscp": 5}}), "set Queue {queue} dscp=6"),
    "whose the queue is that we remove": (limits(queues={}), "set Queue {queue} " + THEIRS),
    "the queues that we add to": (
        limits(queues={0: {}, 1: {}}),
        "--id=@u create Queue dscp=1 -- add QoS {qos} queues 1=@u",
    ),
    "the mirror that we change": (mirror(select_vlan=[5]), "set Mirror m select_vlan=6"),
    "the ports of the mirror that we change": (mirror(select_src_port=["q"]), "clear Mirror m select_src_port"),
    "whose the mirror is that we remove": (mirror(state="absent"), "set Mirror m " + THEIRS),
    "the mirrors that we add to": (
        mirror(name="n", select_all=True, output_port="out"),
        "--id=@m create Mirror name=n select_all=true -- add Bridge br0 mirrors @m",
    ),
    "the mirrors that we take from": (mirror(state="absent"), "clear Bridge br0 mirrors"),
    "the export that we change": (exports(netflow={"engine_id": 5}), "set NetFlow br0 engine_id=6"),
    "the export that we add": (
        exports(sflow={"targets": ["192.0.2.9:6343"]}),
        "set Bridge br0 sflow=@s -- --id=@s create sFlow polling=1 targets=x",
    ),
    "whose the export is that we stop": (exports(netflow={}), "set NetFlow br0 " + THEIRS),
    "the sample that we add": (
        exports(samples=[*SAMPLE, {**SAMPLE[0], "id": 2}]),
        "--id=@b get Bridge br0 -- --id=@s create Flow_Sample_Collector_Set id=2 bridge=@b",
    ),
    "the collectors of the sample that we change": (
        exports(samples=SAMPLE),
        "clear Flow_Sample_Collector_Set {sample} ipfix",
    ),
    "whose the sample is that we remove": (
        exports(samples=[{"id": 1, "state": "absent"}]),
        "set Flow_Sample_Collector_Set {sample} " + THEIRS,
    ),
}


def backend_of(host: Host, task: Task) -> DatabaseBackend:
    module, params = task
    ovsdb, claim = Ovsdb(host.ovs.remote, 10), Claim("dc1", purge=False)
    if module == "ovs_qos":
        return Shaping(ovsdb, parse_limits(params), claim, "a test")
    if module == "ovs_mirror":
        return Mirrors(ovsdb, parse_mirrors(params), claim, "a test")
    return FlowExports(ovsdb, parse_exports(params), claim, "a test")


@pytest.mark.parametrize(("task", "rival"), RACES.values(), ids=RACES)
def test_a_plan_is_not_carried_out_once_a_rival_changed(host: Host, task: Task, rival: str) -> None:
    host.bridge(name="br0", ports=[{"name": name} for name in ("p", "q", "out")])
    for module, options in (
        limits(max_rate=4, queues={0: {}}, ingress_policing_rate=1),
        mirror(select_src_port=["p"], output_port="out"),
        exports(netflow={"targets": ["192.0.2.9:2055"]}, samples=[{"id": 1, "ipfix": {"targets": ["192.0.2.9:4739"]}}]),
    ):
        assert host.run(module, **options)["changed"]
    tables = {"qos": "QoS", "queue": "Queue", "sample": "Flow_Sample_Collector_Set"}
    uuids = {name: host.ovs.rows(table)[0]["_uuid"][1] for name, table in tables.items()}
    backend = backend_of(host, task)
    plan = backend.plan()
    assert plan
    host.ovs.vsctl(*rival.format(**uuids).split())
    after_rival = host.ovs.state()
    with pytest.raises(ConflictError, match="Another writer keeps changing the same rows"):
        backend.apply(plan)
    assert host.ovs.state() == after_rival
    try:
        reconcile(backend, check_mode=False)
    except OwnershipError:
        assert host.ovs.state() == after_rival
    else:
        assert not backend.plan()

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many writers on one bridge: no update is lost, and whoever loses a race reads again and plans anew."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from host import Host
from module_runner import Result, run_module

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.bridges import Bridges
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, ConflictError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch_input import parse_bridge
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import reconcile
from ansible_collections.tenantry.sdn.plugins.modules.ovs_bridge import claim_of

WRITERS = 8
TASKS = 12
Task = dict[str, Any]


def run_tasks(tasks: list[Task]) -> list[Result]:
    modules = ["ovs_gre_mesh" if "bridge" in task else "ovs_bridge" for task in tasks]
    return [run_module(module, {"timeout": 60, **task}) for module, task in zip(modules, tasks)]


def run_together(host: Host, writers: list[list[Task]]) -> list[Result]:
    """Run each writer's tasks in a process of its own, all at once, and return all results."""
    for tasks in writers:
        for task in tasks:
            task["database"] = host.ovs.remote
    with ProcessPoolExecutor(len(writers), mp_context=get_context("fork")) as pool:
        return [result for results in pool.map(run_tasks, writers) for result in results]


def test_eight_writers_lose_no_update_of_the_same_rows(host: Host) -> None:
    host.bridge(name="br0", ports=[{"name": "shared"}])
    writers = [
        [
            {
                "name": "br0",
                "external_ids": {f"w{writer}-{task}": "kept"},
                "ports": [
                    {"name": f"p{writer}-{task}"},
                    {"name": "shared", "other_config": {f"w{writer}-{task}": "kept"}},
                ],
            }
            for task in range(TASKS)
        ]
        for writer in range(WRITERS)
    ]
    results = run_together(host, writers)
    assert [result["msg"] for result in results if result.get("failed")] == []
    assert all(result["changed"] for result in results)
    keys = {f"w{writer}-{task}" for writer in range(WRITERS) for task in range(TASKS)}
    assert host.row("Bridge", "br0")["external_ids"].keys() == keys
    assert host.port("shared")["other_config"].keys() == keys
    assert host.ports("br0") == {"shared"} | {key.replace("w", "p") for key in keys}


def test_owners_on_one_bridge_each_have_in_the_end_what_they_wanted_last(host: Host) -> None:
    def task(owner: int, remotes: list[int]) -> Task:
        networks = [{"name": "web", "key": owner, "remotes": [f"10.0.0.{remote}" for remote in remotes]}]
        return {"bridge": "br0", "owner": f"dc{owner}", "networks": networks}

    host.bridge(name="br0")
    wishes = [[2, 3], [4], [], [3, 5, 6]]
    results = run_together(host, [[task(owner, remotes) for remotes in wishes] for owner in range(1, 5)])
    assert [result["msg"] for result in results if result.get("failed")] == []
    tunnels = [host.interface(name)["options"] for name in host.ports("br0")]
    wanted = {(str(owner), f"10.0.0.{remote}") for owner in range(1, 5) for remote in wishes[-1]}
    assert {(options["key"], options["remote_ip"]) for options in tunnels} == wanted


@pytest.mark.parametrize("controllers", [[], [{"target": "ptcp:16653"}]])
def test_writers_that_want_the_same_make_it_once(host: Host, controllers: list[Task]) -> None:
    task = {"name": "br0", "fail_mode": "secure", "controllers": controllers, "ports": [{"name": "p"}]}
    results = run_together(host, [[dict(task)] for dummy in range(4)])
    assert sorted(result["changed"] for result in results) == [False, False, False, True]
    assert len(host.ovs.rows("Controller")) == len(controllers)
    assert len(host.ovs.rows("Port")) == 2


def test_writers_that_want_the_opposite_are_told_or_obeyed(host: Host) -> None:
    host.bridge(name="br0", ports=[{"name": "p"}])
    writers = [[{"name": "br0", "ports": [{"name": "p", "tag": tag}]} for dummy in range(10)] for tag in (5, 6)]
    results = run_together(host, writers)
    assert host.port("p")["tag"] in (5, 6)
    for result in results:
        if result.get("failed"):
            assert "reading it back shows another state. Is another program managing the same things?" in result["msg"]
            assert result["msg"].endswith("Differing: Port p.")


OURS = "external_ids:tenantry-owner=dc1"
MOVE_P = "-- --id=@p get Port p -- remove Bridge br0 ports @p -- add Bridge br1 ports @p"
RACES: dict[str, tuple[Task, str]] = {
    "the column that we change": ({"ports": [{"name": "p", "tag": 6}]}, "set Port p tag=7"),
    "a key of the map that we change": ({"external_ids": {"a": "1"}}, "set Bridge br0 external_ids:b=2"),
    "a column of the interface that we change": (
        {"ports": [{"name": "p", "mtu_request": 1400}]},
        "set Interface p mtu_request=9000",
    ),
    "whose the port is": ({"ports": [{"name": "p", "tag": 6}]}, "set Port p external_ids:tenantry-owner=dc2"),
    "whose the bridge is": ({"rstp_enable": True}, "set Bridge br0 external_ids:tenantry-owner=dc2"),
    "whose the port is that we remove": (
        {"ports": [{"name": "p", "state": "absent"}]},
        "set Port p external_ids:tenantry-owner=dc2",
    ),
    "where the port is that we change": ({"ports": [{"name": "p", "state": "absent"}]}, MOVE_P),
    "where the port is that we move": ({"name": "br2", "ports": [{"name": "p"}]}, MOVE_P),
    "the bridge that we add to": ({"ports": [{"name": "q"}], "purge": False}, "del-br br0"),
    "the members of the bond that we change": (
        {"ports": [{"name": "bond", "interfaces": ["e1", "e2", "e3"]}], "purge": False},
        "--id=@e create Interface name=e9 -- add Port bond interfaces @e",
    ),
    "the ports of the bridge that we remove": ({"state": "absent"}, "add-port br0 theirs"),
    "the controllers that we change": ({"controllers": [{"target": "ptcp:16653"}]}, "set-controller br0 ptcp:16653"),
    "the name of our new bridge": ({"name": "br3"}, "add-br br3"),
    "the name of our new port": ({"ports": [{"name": "q"}], "purge": False}, "add-port br1 q"),
}


@pytest.mark.parametrize(("task", "rival"), RACES.values(), ids=RACES)
def test_a_plan_is_not_carried_out_once_a_rival_changed(host: Host, task: Task, rival: str) -> None:
    bond = {"name": "bond", "interfaces": ["e1", "e2"]}
    for bridge, ports in (("br0", [{"name": "p", "tag": 5}, bond]), ("br1", None), ("br2", None)):
        host.bridge(name=bridge, owner="dc1", ports=ports)
    params = {"name": "br0", "owner": "dc1", **task}
    claim = claim_of("dc1", params.get("purge", False), adopt=False)
    present = params.get("state") != "absent"
    backend = Bridges(Ovsdb(host.ovs.remote, 10), parse_bridge(params), claim, "a test", present)
    plan = backend.plan()
    assert plan
    host.ovs.vsctl(*rival.split())
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


@pytest.mark.parametrize(
    ("rival", "told"),
    [("del-port br0 p", None), ("set Port p external_ids:a=b", "Is another program managing the same things?")],
)
def test_a_rival_between_the_ports_that_come_and_those_that_leave(
    host: Host, monkeypatch: pytest.MonkeyPatch, rival: str, told: str | None
) -> None:
    host.bridge(name="br0", owner="dc1", ports=[{"name": "p"}])
    commit = Bridges._commit

    def interrupted(backend: Bridges, plan: RowPlan) -> None:
        if plan.delete:
            host.ovs.vsctl(*rival.split())
        commit(backend, plan)

    monkeypatch.setattr(Bridges, "_commit", interrupted)
    result = host.bridge(name="br0", owner="dc1", ports=[{"name": "q"}])
    assert "q" in host.ports("br0")
    if told:
        assert told in result.message
    else:
        assert (set(result["diff"]["before"]["ports"]), set(result["diff"]["after"]["ports"])) == ({"p"}, {"q"})
    monkeypatch.undo()
    host.bridge(name="br0", owner="dc1", ports=[{"name": "q"}])
    assert host.ports("br0") == {"q"}


def test_a_value_that_the_database_refuses_is_no_race(host: Host) -> None:
    ovsdb = Ovsdb(host.ovs.remote, 10)
    insert = {"op": "insert", "table": "Port", "row": {"name": "p", "tag": 5000}}
    with pytest.raises(BackendError, match=r"^ovsdb-server refused to insert Port: constraint violation: ") as caught:
        ovsdb.transact([insert])
    assert not isinstance(caught.value, ConflictError)
    ovsdb.close()

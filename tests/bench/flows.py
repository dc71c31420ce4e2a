# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow on a real ovs-vswitchd (userspace datapath) against ovs-ofctl with the same flows.

What is counted of ours is the process that Ansible starts on the host, and all that it starts, less the same process of
a module that does nothing; of ovs-ofctl the whole process. What ovs-vswitchd needs is part of both.

ovs-ofctl alone neither looks first whether a flow would lose a field, nor whether it is there afterwards; what those
two steps cost by its own hand is the third contender of a load.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import Cost, medians, run, together
from payload import HOST_PYTHON, payload
from private_ovs import PrivateOvs
from table import Row
from tunnels import daemons, switch

FLOWS, MANY = 10_000, 100_000
RUNS, RUNS_OF_MANY = 9, 3
# Of replace-flows, which looks neither before nor afterwards: with both looks, ovs-ofctl alone takes 2.0 times as much.
# It was 3.0 (docs/scale.md has the parts), not the 1.2 that were hoped for.
LOAD = 3.5
COOKIE = "0x7e4a000000000000"
BRIDGE = "br-int"


def flows(count: int) -> list[str]:
    """Return four kinds of flows for each of many VMs, in the words in which the switch prints them."""
    found = []
    for vm in range(count // 4):
        mac, ip = (
            f"52:54:00:{vm >> 16:02x}:{vm >> 8 & 255:02x}:{vm & 255:02x}",
            f"10.{vm >> 16}.{vm >> 8 & 255}.{vm & 255}",
        )
        port = vm + 1
        found += [
            f"priority=100,in_port={port},actions=set_field:{port:#x}->reg1,set_field:0x7->reg2,goto_table:10",
            f"table=10,priority=100,arp,in_port={port},vlan_tci=0x0000/0x1fff,dl_src={mac},arp_spa={ip},arp_op=1,"
            f"arp_sha={mac},actions=goto_table:30",
            f"table=61,priority=100,ct_state=-inv+trk,ct_nw_src={ip},ip,reg0=0x4/0x4,reg1=0x1,"
            f"actions=set_field:{port:#x}->xxreg3,resubmit(,62)",
            f"table=70,priority=100,reg1=0x1,dl_dst={mac},actions=set_field:{port:#x}->reg3,resubmit(,80)",
        ]
    return found


def otherwise(flow: str) -> str:
    """Return a flow in words that people use too."""
    words = {"arp_op=1,": "", "/0x1fff": "", "-inv+trk": "+trk-inv", "reg1=0x1": "reg1=1", "arp,": "arp,arp_op=1,"}
    for word, other in words.items():
        flow = flow.replace(word, other)
    return flow


class Commands:
    """The command lines that are compared. The payloads name the socket of a switch that is started later."""

    def __init__(self, directory: Path) -> None:
        self.host = directory / "host"
        self.empty = [HOST_PYTHON, str(payload(directory, "empty", "empty", {}))]
        self._directory = directory
        self._target = f"unix:{self.host}/{BRIDGE}.mgmt"

    def task(self, name: str, listed: list[str]) -> list[str]:
        options: dict[str, Any] = {"bridge": BRIDGE, "cookie": f"{COOKIE}/0xffff000000000000", "flows": listed}
        options.update(database=f"unix:{self.host}/db.sock", timeout=120)
        return [HOST_PYTHON, str(payload(self._directory, name, "tenantry.sdn.of_flow", options))]

    def file(self, name: str, listed: list[str]) -> str:
        path = self._directory / f"{name}.flows"
        path.write_text("".join(f"cookie={COOKIE},{flow}\n" for flow in listed))
        return str(path)

    def ofctl(self, command: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        return ["ovs-ofctl", "-O", "OpenFlow15", *options, command, self._target, *arguments]

    def offline(self, command: str, *arguments: str) -> list[str]:
        return ["ovs-ofctl", "-O", "OpenFlow15", command, *arguments]


def rows(directory: Path) -> Iterator[Row]:
    commands = Commands(directory)
    listed = flows(FLOWS)
    ours, file = commands.task("flows", listed), commands.file("flows", listed)
    differently = commands.task("otherwise", [otherwise(flow) for flow in listed])
    with switch(commands.host) as ovs:
        yield from _load(commands, ovs, ours, file)
        yield from _nothing_to_do(commands, ovs, ours, differently, file)
        yield from _nothing_to_do_with_many(commands, ovs)


def _load(commands: Commands, ovs: PrivateOvs, ours: list[str], file: str) -> Iterator[Row]:
    def fresh(*command: list[str]) -> Callable[[], Cost]:
        def load() -> Cost:
            subprocess.run(commands.ofctl("del-flows"), check=True, timeout=60)
            return together(run(each, daemons(ovs)) for each in command)

        return load

    dump = commands.ofctl("dump-flows", options=("--no-stats", "--no-names"))
    costs = medians(
        RUNS,
        {
            "empty": lambda: run(commands.empty),
            "ours": fresh(ours),
            "bare": fresh(commands.ofctl("replace-flows", file, options=("--bundle",))),
            "careful": fresh(
                commands.offline("parse-flows", file), commands.ofctl("add-flows", file, options=("--bundle",)), dump
            ),
        },
    )
    yield _ratio(f"load {FLOWS:,} flows, CPU", costs, "bare", "replace-flows", bound=LOAD)
    yield _ratio("  against reading before and after, too", costs, "careful", "parse, add, dump", bound=2)


def _nothing_to_do(
    commands: Commands, ovs: PrivateOvs, ours: list[str], differently: list[str], file: str
) -> Iterator[Row]:
    run(ours, daemons(ovs))
    costs = medians(
        2 * RUNS + 1,
        {
            "empty": lambda: run(commands.empty),
            "ours": lambda: run(ours, daemons(ovs)),
            "differently": lambda: run(differently, daemons(ovs)),
            "bare": lambda: run(commands.ofctl("diff-flows", file), daemons(ovs)),
        },
    )
    yield _ratio(f"no change, {FLOWS:,} flows, CPU", costs, "bare", "diff-flows", bound=1.5)
    written = {**costs, "ours": costs["differently"]}
    yield _ratio("  written otherwise than of_flow_info does", written, "bare", "diff-flows")


def _nothing_to_do_with_many(commands: Commands, ovs: PrivateOvs) -> Iterator[Row]:
    listed = flows(MANY)
    ours, file = commands.task("many", listed), commands.file("many", listed)
    subprocess.run(commands.ofctl("del-flows"), check=True, timeout=60)
    loaded = run(ours, daemons(ovs))
    costs = medians(
        RUNS_OF_MANY,
        {
            "empty": lambda: run(commands.empty),
            "ours": lambda: run(ours, daemons(ovs)),
            "bare": lambda: run(commands.ofctl("diff-flows", file), daemons(ovs)),
        },
    )
    cpu, memory = costs["ours"].cpu - costs["empty"].cpu, costs["ours"].peak - costs["empty"].peak
    yield Row(f"load {MANY:,} flows, CPU", f"{loaded.client:.2f} + {loaded.daemons:.2f} s", "", loaded.cpu, "s")
    yield Row(
        f"no change, {MANY:,} flows, CPU", _shown(costs["ours"]), f"empty {costs['empty'].client:.2f} s", cpu, "s", 1.5
    )
    yield _ratio("  the same against ovs-ofctl", costs, "bare", "diff-flows")
    yield Row(
        "  memory of the module", f"{costs['ours'].peak:.0f} MB", f"empty {costs['empty'].peak:.0f} MB", memory, "MB"
    )


def _ratio(what: str, costs: dict[str, Cost], other: str, called: str, bound: float | None = None) -> Row:
    ours, empty, against = costs["ours"], costs["empty"], costs[other]
    mine = Cost(ours.client - empty.client, ours.daemons, ours.peak)
    return Row(what, _shown(mine), f"{called} {_shown(against)}", mine.cpu / against.cpu, "x", bound)


def _shown(cost: Cost) -> str:
    return f"{cost.client:.3f} + {cost.daemons:.3f} s"

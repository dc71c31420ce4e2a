# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_rules on the kernel's own chains against iptables-restore with the same rules, likewise as in sets.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import Cost, medians, run
from payload import HOST_PYTHON, payload
from rule_lab import tool
from set_lab import ipset, own_namespace
from table import Row

CHAINS, RULES_OF_ONE = 100, 10
COUNT = CHAINS * RULES_OF_ONE
RUNS = 7


def chains(changed: bool = False) -> list[dict[str, Any]]:
    """Return what a hundred guests have; one of them may have another port."""
    return [
        {
            "name": f"dc1.guest-{number}",
            "rules": [
                {"ctstate": ["ESTABLISHED", "RELATED"], "target": "RETURN"},
                *(_rule(port + (9000 if changed and not number else 8000)) for port in range(RULES_OF_ONE - 2)),
                {"target": "DROP"},
            ],
        }
        for number in range(CHAINS)
    ]


def _rule(port: int) -> dict[str, Any]:
    return {
        "protocol": "tcp",
        "destination_ports": [port],
        "sets": [{"set": "web", "direction": "src"}],
        "target": "RETURN",
    }


class Commands:
    """The command lines that are compared."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "rules"
        self._directory.mkdir()
        self.empty = [HOST_PYTHON, str(payload(self._directory, "empty", "empty", {}))]
        self.ours, self.changed = self._task("before", chains()), self._task("after", chains(changed=True))
        self._script = self._directory / "script"
        self.bare = ["iptables-nft-restore", "--noflush", str(self._script)]

    def keep(self) -> None:
        """Keep what the module has made as a script, which makes the same."""
        self._script.write_text(tool("iptables-nft-save", "-t", "filter"))

    def _task(self, name: str, wanted: list[dict[str, Any]]) -> list[str]:
        options = {"owner": "dc1", "backend": "nf_tables", "chains": wanted}
        return [HOST_PYTHON, str(payload(self._directory, name, "tenantry.sdn.sg_rules", options))]


def rows(directory: Path) -> Iterator[Row]:
    with own_namespace():
        ipset("create", "web", "hash:ip")
        commands = Commands(directory)
        run(commands.ours)
        commands.keep()
        yield from _measured(commands)


def _measured(commands: Commands) -> Iterator[Row]:
    def prepared(command: list[str], *before: list[str]) -> Callable[[], Cost]:
        def measure() -> Cost:
            tool("iptables-nft", "-F")
            tool("iptables-nft", "-X")
            for other in before:
                run(other)
            return run(command)

        return measure

    costs = medians(
        RUNS,
        {
            "empty": lambda: run(commands.empty),
            "load": prepared(commands.ours),
            "bare": prepared(commands.bare),
            "no change": prepared(commands.ours, commands.bare),
            "changed": prepared(commands.changed, commands.bare),
            "save": prepared(["iptables-nft-save", "-t", "filter"], commands.bare),
        },
    )
    empty, bare = costs["empty"].client, costs["bare"].client
    load, unchanged, changed = (costs[name].client - empty for name in ("load", "no change", "changed"))
    save = f"iptables-save {costs['save'].client:.3f} s"
    yield Row(f"load {COUNT:,} rules, CPU", f"{load:.3f} s", f"iptables-restore {bare:.3f} s", load / bare, "x")
    yield Row(f"no change, {COUNT:,} rules, CPU", f"{unchanged:.3f} s", save, unchanged, "s")
    yield Row(f"one chain changed of {CHAINS}, CPU", f"{changed:.3f} s", save, changed, "s")
    peak = costs["no change"].peak
    yield Row("  memory of the module", f"{peak:.0f} MB", f"empty {costs['empty'].peak:.0f} MB", peak, "MB")

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric of ``inventory`` as a twin on the kernel's datapath. All of this runs in the guest of scripts/kernel."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_lab import TwinLab

INVENTORY = Path(__file__).parent.parent / "inventory"


@dataclass
class Fabric:
    twin: TwinLab
    forwarding: str = ""  # what it has converged to

    @classmethod
    def up(cls, name: str) -> Fabric:
        fabric = cls(TwinLab(name))
        _play("twin_up", INVENTORY, {"twin_name": name, "twin_datapath_type": "system"})
        return fabric

    def converge(self, forwarding: str) -> str:
        self.forwarding = forwarding
        return self._play("site")

    def verify(self) -> str:
        return self._play("verify", verify_timeout=10, verify_deadline=1800)

    def _play(self, playbook: str, **variables: Any) -> str:
        inventory = json.loads(self.twin.inventory.read_text())
        fabric = {**inventory["all"]["vars"]["fabric"], "forwarding": self.forwarding}
        return _play(playbook, self.twin.inventory, {"fabric": fabric, **variables})

    def ovs(self, hypervisor: str, *argv: str) -> str:
        """Run one of Open vSwitch's programs on a hypervisor."""
        return self.twin.run(hypervisor, argv[0], "--timeout=20", *argv[1:])


def _play(playbook: str, inventory: Path, variables: dict[str, Any]) -> str:
    """Run a playbook of the collection, show what it prints as it comes, and return it."""
    argv = ["ansible-playbook", "-i", str(inventory), "-e", json.dumps(variables), f"tenantry.sdn.{playbook}"]
    lines = []
    started = time.monotonic()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            lines.append(line)
            print(line, end="", flush=True)
    print(f"{playbook}: {time.monotonic() - started:.0f} s", flush=True)
    assert process.returncode == 0, f"{playbook} failed, see above"
    return "".join(lines)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric of ``inventory`` as a twin on the kernel's datapath. All of this runs in the guest of scripts/kernel."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playbook_run import start
from twin_lab import TwinLab

INVENTORY = Path(__file__).parent.parent / "inventory"


@dataclass
class Fabric:
    twin: TwinLab
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def up(cls, name: str, folder: Path) -> Fabric:
        fabric = cls(TwinLab(name), folder)
        fabric._play("twin_up", INVENTORY, {"twin_name": name, "twin_datapath_type": "system"})
        return fabric

    def converge(self, **settings: str) -> None:
        """Give the hosts the fabric with these settings, unless it has them: a run takes long."""
        if settings == self.settings:
            return
        described = json.loads(self.twin.inventory.read_text())["all"]["vars"]["fabric"]
        self._play("site", self.twin.inventory, {"fabric": {**described, **settings}})
        self.settings = settings

    def ovs(self, hypervisor: str, *argv: str) -> str:
        """Run one of Open vSwitch's programs on a hypervisor."""
        return self.twin.run(hypervisor, argv[0], "--timeout=20", *argv[1:])

    def _play(self, playbook: str, inventory: Path, variables: dict[str, Any]) -> None:
        """Run a playbook of the collection, and show how long it took."""
        started = time.monotonic()
        run = start(inventory, self.folder / "ansible", "-e", json.dumps(variables), f"tenantry.sdn.{playbook}")
        run.process.join()  # the guest has a time limit
        assert run.succeeded, run.summary()
        print(f"{playbook}: {time.monotonic() - started:.0f} s", flush=True)

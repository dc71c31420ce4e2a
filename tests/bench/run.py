# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure speed and memory, print one table, and fail if a bound is missed. Usage: run.py [GROUP...]

Everything is a ratio within this run, or CPU seconds of all processes that take part, so that what else the machine
does matters little. Results are kept in tests/output/bench.json.
"""
# ruff: noqa: E402 - the measurements import labs of the tests

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parent / folder) for folder in ("adapters", "twin", "lifecycle")]
sys.path.append(str(HERE.parent.parent / ".cache/farm"))

import features
import flows
import forwarding
import groups
import hosts
import intents
import modes
import peer
import peer_site
import plans
import routers
import rules
import sets
import simulated
import sizes
import small
import table
import topology
import tunnels

GROUPS = {
    "tunnels": tunnels.rows,
    "flows": flows.rows,
    "sets": sets.rows,
    "rules": rules.rows,
    "modes": modes.rows,
    "forwarding": forwarding.rows,
    "groups": groups.rows,
    "peer": peer.rows,
    "peer_site": peer_site.rows,
    "sizes": sizes.rows,
    "small": small.rows,
    "topology": topology.rows,
    "intents": intents.rows,
    "plans": plans.rows,
    "hosts": hosts.rows,
    "simulated": simulated.rows,
    "features": features.rows,
    "routers": routers.rows,
}


def main() -> int:
    rows = []
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as directory:
        for name in sys.argv[1:] or GROUPS:
            started = time.monotonic()
            rows += GROUPS[name](Path(directory))
            print(f"{name}: measured in {time.monotonic() - started:.0f} s", flush=True)
    print(table.render(rows))
    output = HERE.parent / "output/bench.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps([table.record(row) for row in rows], indent=2) + "\n")
    missed = [row.what.strip() for row in rows if not row.passed]
    if missed:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

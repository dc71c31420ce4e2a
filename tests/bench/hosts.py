# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``site`` costs the controller for each host, with real Open vSwitch on twins of three sizes.

First where nothing is there, then where all is. In one run with several numbers of forks, of which more than hosts are
no use, and in slices at once, which take the states of their hosts from a plan that was made before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fleet import Done, Fleet, ring
from table import Row

SIZES = (3, 10, 50)
FORKS = (5, 50, 200)
SLICES = 5
EACH = 3  # tenants of a host
LARGE = 10_000


def rows(directory: Path) -> Iterator[Row]:
    costs: dict[tuple[str, int], float] = {}  # of a run with most forks
    for size in SIZES:
        with Fleet(directory, size, ring(size, EACH), forwarding="static").up() as fleet:
            for forks in sorted({min(forks, size) for forks in FORKS}):
                first = fleet.run("site", forks=forks)
                again = fleet.run("site", forks=forks)
                assert (len(first.changed), len(again.changed)) == (size, 0)
                yield _row("first", fleet, f"{forks} forks", first, at_most=8)
                yield _row("no-op", fleet, f"{forks} forks", again, at_most=4)
                costs["first", size], costs["no-op", size] = first.cpu, again.cpu
                fleet.run("teardown", "-eteardown=all", forks=size)
            fleet.run("plan", fleet.plan)
            slices = min(SLICES, size)
            for what, most in (("first", 8), ("no-op", 4)):
                sliced = fleet.slices(slices, "site", fleet.plan, "-etenantry_everywhere=true")
                assert len(sliced.changed) == (size if what == "first" else 0)
                yield _row(what, fleet, f"{slices} slices at once", sliced, at_most=most)
    for what in ("first", "no-op"):
        small, large = SIZES[-2:]
        each = (costs[what, large] - costs[what, small]) / (large - small)
        text = f"{each:.3f} s a host, of {small} and {large}"
        yield Row(f"{what} site of {LARGE:,} hosts, extrapolated, controller CPU", text, "", each * LARGE / 3600, "h")


def _row(what: str, fleet: Fleet, how: str, done: Done, at_most: int) -> Row:
    size = len(fleet.hosts)
    if done.most_modules > at_most:
        raise SystemExit(f"{what} site ran {done.most_modules} modules on a host, not {at_most} at most")
    ours = f"{done.wall:.0f} s in all, {done.most_modules} modules a host", f"memory {done.memory:.0f} MB"
    return Row(f"{what} site of {size} hosts, {how}, controller CPU a host", *ours, done.cpu / size, "s")

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw what rate_limit_guest.py measured. Usage: rate_limit_plot.py DATA PICTURE, in an environment with matplotlib"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

RATE = 1  # Mbit/s
SLIDE = ("rate=1000", "burst=100")
# protocol and burst: Mbit/s of each second, and whether all of it was policed
Rates = dict[tuple[str, int], list[tuple[float, bool]]]
COLOURS = {"UDP": "#c44e52", "TCP": "#4c72b0"}


def main() -> None:
    rates: Rates = defaultdict(list)
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["protocol"], int(row["ingress_policing_burst"])
            rates[key].append((float(row["kbit_per_second"]) / 1000, row["policed"] == "1"))
    figure, (slide, bursts) = plt.subplots(1, 2, figsize=(12, 4.8), width_ratios=(3, 2), layout="constrained")
    over_time(slide, rates)
    by_burst(bursts, rates)
    figure.savefig(sys.argv[2], dpi=110, metadata={"Software": None})


def over_time(axes: Any, rates: Rates) -> None:
    axes.axvspan(0, sum(policed for _rate, policed in rates["UDP", 100]), color="#eeeeee", label="policed")
    axes.axhline(RATE, color="black", linewidth=1, linestyle=":")
    for protocol, colour in COLOURS.items():
        series = [rate for rate, _policed in rates[protocol, 100]]
        before = [policed for _rate, policed in rates[protocol, 100]].index(True)
        ends = [second - before for second in range(1, len(series) + 1)]
        axes.step(ends, series, where="pre", color=colour, linewidth=2, label=protocol)
    axes.set(
        title="\n".join(f"ovs-vsctl set Interface tap0 ingress_policing_{limit}" for limit in SLIDE),
        xlabel="seconds since the first that was policed from beginning to end",
        ylabel="received, Mbit/s",
        xlim=(-10, 18),
        ylim=(0, 6),  # when the limit is lifted TCP makes up for what it was kept from, in a second
    )
    axes.legend(loc="lower left")


def by_burst(axes: Any, rates: Rates) -> None:
    axes.axhline(RATE, color="black", linewidth=1, linestyle=":")
    for protocol, colour in COLOURS.items():
        for burst, style in ((100, "--"), (800, "-")):
            series = [rate for rate, policed in rates[protocol, burst] if policed]
            axes.plot(
                range(1, len(series) + 1), series, style, color=colour, linewidth=2, label=f"{protocol}, {burst} kbit"
            )
    axes.set(
        title="While policed to 1 Mbit/s, by ingress_policing_burst",
        xlabel="the same seconds",
        xlim=(0, 10),
        ylim=(0, 2),
    )
    axes.legend(loc="upper right")


if __name__ == "__main__":
    main()

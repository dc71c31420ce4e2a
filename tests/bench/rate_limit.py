# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make docs/rate-limit.csv and docs/rate-limit.png anew: what the rate limit of the talk's slide does to UDP and TCP.

The kernel's datapath polices, so rate_limit_guest.py measures in the guest of scripts/kernel; the picture is drawn by
matplotlib, which is installed for it and removed again.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
DATA = "rate-limit.csv"
SECONDS = 1700  # a guest on a busy machine takes its time


def main() -> None:
    subprocess.run([REPOSITORY / "scripts/setup", "kernel"], check=True)
    measure = ["scripts/kernel", "-t", str(SECONDS), "python", HERE / "rate_limit_guest.py", f"tests/output/{DATA}"]
    subprocess.run(measure, cwd=REPOSITORY, check=True)
    data = REPOSITORY / "docs" / DATA
    shutil.move(REPOSITORY / "tests/output" / DATA, data)
    with tempfile.TemporaryDirectory(prefix="tenantry-plot-") as venv:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([f"{venv}/bin/python", "-m", "pip", "install", "-qq", "matplotlib >= 3.8, < 4"], check=True)
        subprocess.run([f"{venv}/bin/python", HERE / "rate_limit_plot.py", data, data.with_suffix(".png")], check=True)


if __name__ == "__main__":
    main()

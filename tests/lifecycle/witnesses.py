# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that nobody here wrote, on a host of a twin: controllers that switches obey, collectors that they report to.

``scripts/setup witnesses`` fetches them. They run in the host's network namespace and are otherwise the machine's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playbook_run import COLLECTIONS
from twin_lab import TwinLab

CACHE = Path(COLLECTIONS).parent
PYTHON = CACHE / "witnesses/bin"  # of faucet and its libraries
PACKAGES = CACHE / "witness-packages/usr/bin"
SECONDS = 20  # for a program to end


def program(name: str) -> str:
    """Return the path of a witness."""
    for folder in (PYTHON, PACKAGES):
        if (folder / name).exists():
            return str(folder / name)
    raise AssertionError(f"there is no {name}; run scripts/setup witnesses")


@contextmanager
def witness(
    twin: TwinLab, host: str, output: Path, *argv: str, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on a host meanwhile; what it prints goes to a file."""
    enter = ["nsenter", f"--net=/proc/{twin.pid(host)}/ns/net", "--", program(argv[0]), *argv[1:]]
    with output.open("ab") as log:
        process = subprocess.Popen(enter, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)

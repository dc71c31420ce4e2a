# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to run a program: an argument vector, never a shell; a time limit; messages in English."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

TIMEOUT = 10.0  # seconds


def run(
    argv: Sequence[str], timeout: float = TIMEOUT, stdin: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run a program and return what it printed; BackendError if it is missing, fails or takes too long.

    The environment is our own unless another is given.
    """
    variables = {**(os.environ if environment is None else environment), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            list(argv), input=stdin, capture_output=True, text=True, timeout=timeout, env=variables, check=False
        )
    except FileNotFoundError:
        raise BackendError(
            f"The program '{argv[0]}' is missing on this host; install the package that has it."
        ) from None
    except subprocess.TimeoutExpired:
        raise BackendError(f"'{' '.join(argv)}' gave no answer within {timeout:g} s.") from None
    if done.returncode:
        raise BackendError(
            f"'{' '.join(argv)}' failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way to run a program: an argument vector, never a shell; a time limit; messages in English.

Input is a file in memory that is whole before the program starts. Through a pipe, a program whose feeder is killed
reads the end early and applies what it got: half of a ruleset, or an address that lost its last digit. Output is one
too: of a pipe we would be woken for each few kilobytes of megabytes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

TIMEOUT = 10.0  # seconds


class NoAnswerError(BackendError):
    """A program that did not end in time, and was killed."""


def run(
    argv: Sequence[str],
    timeout: float = TIMEOUT,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a program and return what it printed; BackendError if it is missing, fails or takes too long."""
    done = attempt(argv, timeout, stdin, environment)
    if done.returncode:
        raise BackendError(
            f"'{' '.join(argv)}' failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout


def attempt(
    argv: Sequence[str],
    timeout: float = TIMEOUT,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    pass_fds: Collection[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program and return how it ended; BackendError if it is missing or takes too long.

    The environment is our own unless another is given. ``pass_fds`` are files that stay open in the program.
    """
    variables = {**(os.environ if environment is None else environment), "LC_ALL": "C"}
    with open(os.memfd_create("stdin"), "wb+") as whole, open(os.memfd_create("stdout"), "rb") as printed:
        whole.write(stdin.encode())
        whole.seek(0)
        try:
            done = subprocess.run(
                list(argv),
                stdin=whole,
                stdout=printed,
                stderr=subprocess.PIPE,
                timeout=timeout,
                env=variables,
                pass_fds=tuple(pass_fds),
                check=False,
            )
        except FileNotFoundError:
            raise BackendError(
                f"The program '{argv[0]}' is missing on this host; install the package that has it."
            ) from None
        except OSError as error:  # an argument that is too long, or no permission
            raise BackendError(f"The program '{argv[0]}' could not be started: {error.strerror}.") from None
        except subprocess.TimeoutExpired:
            raise NoAnswerError(f"'{' '.join(argv)}' gave no answer within {timeout:g} s.") from None
        printed.seek(0)  # the program has moved where it writes, which is where we read
        said = (each.decode(errors="replace") for each in (printed.read(), done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, *said)

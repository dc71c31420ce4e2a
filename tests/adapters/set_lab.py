# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's IP sets in a network namespace of a test's own, and the promises of sg_ipset."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from module_runner import Result, run_module

CLONE_NEWNET = 0x40000000  # linux/sched.h
NOTHING: dict[str, Any] = {"before": {}, "after": {}}
_LIBC = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_namespace() -> Iterator[None]:
    """Be in a new network namespace, and so is every program that is started meanwhile."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        assert _LIBC.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert _LIBC.setns(home, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        os.close(home)


def ipset(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(["ipset", *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def members(name: str) -> list[str]:
    """Return what a set has, as ipset prints it."""
    start = f"add {name} "
    return sorted(line.removeprefix(start) for line in ipset("save", name).splitlines() if line.startswith(start))


def header(name: str) -> str:
    return ipset("save", name).splitlines()[0].removeprefix(f"create {name} ").partition(" bucketsize")[0]


def run(check: bool = False, **params: Any) -> Result:
    return run_module("sg_ipset", params, check)


def converge(**params: Any) -> Result:
    """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
    before = ipset("save")
    predicted = run(check=True, **params)
    assert ipset("save") == before, "check mode wrote something"
    applied = run(**params)
    assert not applied.get("failed"), applied.get("msg")
    for promise in ("changed", "counts", "diff", "warnings"):
        assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
    after = ipset("save")
    assert (after != before) == applied["changed"]
    again = run(**params)
    assert not again.get("failed"), again.get("msg")
    assert (again["changed"], again["diff"]) == (False, NOTHING)
    assert ipset("save") == after, "the second run wrote something"
    return applied

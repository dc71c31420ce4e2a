# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's chains in a network namespace of a test's own, by both backends, and the promises of sg_rules."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from module_runner import Result, run_module
from set_lab import NOTHING

PROGRAMS = tuple(
    f"{name}-{backend}" for backend in ("nft", "legacy") for name in ("iptables", "ip6tables")
)  # nf_tables first: what of it is not loaded yet is loaded by looking
BACKEND = {"nf_tables": "nft", "legacy": "legacy"}
each_backend = pytest.mark.parametrize("backend", BACKEND)


def tool(program: str, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def need(program: str) -> None:
    """Skip a test, and say why, where the machine lacks the backend that it is of."""
    done = subprocess.run([program, "-L", "-n"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"this machine has no {program}: {done.stderr.strip()}")


def saved(counters: bool = False) -> str:
    """Return all chains of all backends and families, without the time."""
    printed = "".join(tool(f"{program}-save", *(["-c"] if counters else [])) for program in PROGRAMS)
    return re.sub(r"(?m)^#.*\n", "", printed)


def chain(name: str, backend: str = "nf_tables", family: str = "ipv4", table: str = "filter") -> list[str]:
    """Return the rules of a chain, as iptables-save prints them."""
    program = f"{'iptables' if family == 'ipv4' else 'ip6tables'}-{BACKEND[backend]}"
    start = f"-A {name} "
    printed = tool(f"{program}-save", "-t", table).split("\n")
    return [line.removeprefix(start) for line in printed if line.startswith(start)]


def run(check: bool = False, **params: Any) -> Result:
    return run_module("sg_rules", params, check)


def converge(**params: Any) -> Result:
    """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
    before = saved()
    predicted = run(check=True, **params)
    assert not predicted.get("failed"), predicted.get("msg")
    assert saved() == before, "check mode wrote something"
    applied = run(**params)
    assert not applied.get("failed"), applied.get("msg")
    for promise in ("changed", "counts", "diff", "warnings"):
        assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
    after = saved()
    again = run(**params)
    assert not again.get("failed"), again.get("msg")
    assert (again["changed"], again["diff"]) == (False, NOTHING)
    assert saved() == after, "the second run wrote something"
    return applied

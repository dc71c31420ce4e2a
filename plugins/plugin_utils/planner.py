# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile a plan: the states of all hosts that must be compiled, on all processors, each stored as soon as it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.children import in_processes
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plan_files import hash_of, read_applied
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.yaml_documents import READER
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host, fabric_warnings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.planning import figures_of, summary_of, words
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import HostPlan, Plan, render, render_state

VERSION = "0.2.0"  # of the collection; a test holds it against galaxy.yml

_SHARE = 50  # hosts that are worth a process

Store = Callable[[str, bytes], str]  # takes a host and the content of its file, and returns the hash of the file


@dataclass(frozen=True)
class Compilation:
    """What a plan is compiled from."""

    intent: Intent
    allocations: Allocations
    known: Collection[str]  # hypervisors of the record
    digest: str  # of intent and record
    encrypted: bool
    inputs: Mapping[str, str]  # planning.inputs_of

    @property
    def hosts(self) -> list[str]:
        """Those of the intent, and those that it no longer has, to be emptied."""
        return sorted({*self.intent.fabric.hypervisors, *self.known})


def compile_plan(what: Compilation, hosts: Sequence[str], store: Store, old: Mapping[str, HostPlan]) -> Plan:
    """Return the plan of these hosts. What ``old`` has of the same inputs is not compiled again."""
    done = {host: old[host] for host in hosts if host in old and old[host].inputs == what.inputs.get(host)}
    todo = [host for host in hosts if host not in done]

    def work(share: Sequence[str]) -> list[tuple[str, HostPlan]]:
        return [(host, _host(what, host, store)) for host in share]

    done.update(work(todo[:1]))  # in this process, so that all have the indexes that it makes
    done.update(in_processes(work, todo[1:], min(len(os.sched_getaffinity(0)), len(todo) // _SHARE)))
    return Plan(
        fabric=what.intent.fabric.name,
        collection=VERSION,
        intent=what.digest,
        encrypted=what.encrypted,
        warnings=fabric_warnings(what.intent),
        summary=summary_of(what.intent, [done[host].figures for host in hosts]),
        hosts={host: done[host] for host in hosts},
        others=tuple(host for host in what.hosts if host not in done),
    )


def _host(what: Compilation, host: str, store: Store) -> HostPlan:
    state = compile_host(what.intent, what.allocations, host, what.known)
    return HostPlan(store(host, render_state(state).encode()), what.inputs.get(host, ""), figures_of(state))


def told(folder: str, plan: Plan) -> dict[str, Any]:
    """Return what tasks return of a plan."""
    concerned = plan.pending(read_applied(folder))
    return {
        "path": folder,
        "digest": digest_of(plan),
        "fabric": plan.fabric,
        "encrypted": plan.encrypted,
        "summary": plan.summary,
        "warnings": list(plan.warnings),
        "concerned": concerned,
        "words": words(plan.summary, len(plan.hosts), concerned),
    }


def digest_of(plan: Plan) -> str:
    """Return what tells a plan from another, whatever directory it is in."""
    return hash_of(render(plan).encode())


def code_digest() -> str:
    """Return a hash of the code that reads and compiles: other code may compile to something else."""
    folder = Path(__file__).parent.with_name("module_utils")
    digest = hashlib.sha256(f"{READER}\0".encode())
    for file in sorted(folder.rglob("*.py")):
        digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply, read again: the one way in which a module changes a host.

Check mode is stopping before the apply, ``changed`` is a plan that is not empty, and idempotence is proved in each
run: a change is only reported after a second read that leaves nothing to do.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import ConflictError, NotConvergedError, SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

ATTEMPTS = 50  # of eight writers on a busy host one lost 20 races in a row, once in 1,600 tasks
PAUSE = 0.01  # seconds after the first conflict; grows by as much with each
LONGEST_PAUSE = 0.1


class Backend(Protocol):
    """One kind of host state."""

    def plan(self) -> Plan[Any, Any]:
        """Read the host once and return what is missing from the wanted state."""

    def apply(self, plan: Plan[Any, Any]) -> None:
        """Make the changes in one transaction; ConflictError if the host changed since the plan was made."""


def reconcile(backend: Backend, check_mode: bool, claim: Callable[[], None] | None = None) -> Plan[Any, Any]:
    """Bring the host to the wanted state, prove it, and return the changes that were made (or would be).

    ``claim`` is called before anything is changed.
    """
    plan = backend.plan()
    if check_mode or not plan:
        return plan
    if claim:
        claim()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            backend.apply(plan)
            break
        except ConflictError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(min(PAUSE * attempt, LONGEST_PAUSE))
            plan = backend.plan()
            if not plan:  # the other writer did what we wanted
                return plan
    left = backend.plan()
    if left:
        raise NotConvergedError(
            "The change was accepted, but reading it back shows another state. Is another program managing the same "
            f"things? Differing: {', '.join(sorted(' '.join(key) for key in {**left.before, **left.after})[:10])}."
        )
    return plan


def in_words(plan: Plan[Any, Any]) -> list[dict[str, str]]:
    """Return Ansible's diff of a plan whose keys are words: one for each key."""
    before, after = plan.before, plan.after
    return [
        {
            **dict.fromkeys(("before_header", "after_header"), " ".join(key)),
            **{"before": _text(before.get(key, "")), "after": _text(after.get(key, ""))},
        }
        for key in sorted({**before, **after})
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value}\n"


@contextmanager
def surfacing(module: Any) -> Iterator[None]:
    """Turn an error that is meant for the user into ``fail_json``; a bug keeps its traceback."""
    try:
        yield
    except SdnError as error:
        module.fail_json(msg=error.message, **error.facts)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for reference cycles, which a task that soon ends need not be rid of.

    It would walk the rows of thousands of tunnels again and again: a third of such a task's CPU. At its end Python
    looks once more, but not at what is frozen.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

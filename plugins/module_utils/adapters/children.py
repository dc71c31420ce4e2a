# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is shared among children of this process, which have all that it has without a copy.

Not multiprocessing: a worker of Ansible may be a process that it lets have no children.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(work: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], count: int) -> list[Result]:
    """Return the results of ``work`` on shares of the items, in no certain order; with one process, in this one."""
    if count < 2:
        return work(items)
    gc.freeze()  # or the collector of each child copies what it shares with us
    try:
        children = [_start(work, items[number::count]) for number in range(count)]
        answers = [_answer(*child) for child in children]
    finally:
        gc.unfreeze()
    results: list[Result] = []
    for error, found in answers:
        if error:
            raise SdnError(found) if error == "error" else RuntimeError(found)
        results += found
    return results


def _start(work: Callable[[Sequence[Item]], list[Result]], share: Sequence[Item]) -> tuple[int, int]:
    """Return the id of a child that works on the share, and the end of a pipe that it answers by."""
    answer, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, answer
    status = 1  # whatever happens, nothing of what the parent does at its end is done here
    try:
        os.close(answer)
        with os.fdopen(writing, "wb") as file:
            pickle.dump(_outcome(work, share), file)
        status = 0
    finally:
        os._exit(status)


def _outcome(work: Callable[[Sequence[Item]], list[Result]], share: Sequence[Item]) -> tuple[str, Any]:
    try:
        return "", work(share)
    except SdnError as error:
        return "error", error.message
    except Exception:
        return "bug", traceback.format_exc()


def _answer(child: int, pipe: int) -> tuple[str, Any]:
    with os.fdopen(pipe, "rb") as file:
        said = file.read()
    status = os.waitpid(child, 0)[1]
    if not said or status:
        return "error", f"A process that compiled a part of the plan was killed (wait status {status}). Try again."
    outcome: tuple[str, Any] = pickle.loads(said)
    return outcome

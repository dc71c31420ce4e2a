# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one family of errors that users see.

Raised anywhere, caught in two places: ``reconcile.surfacing`` turns one into ``fail_json`` on a managed
host, ``intent.surfacing`` into an Ansible error on the controller. Everything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class SdnError(Exception):
    """What is wrong, where, and what to do about it: ``message`` is whole sentences that a user can act on."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts  # machine-readable companions of the message, returned beside it


class RefusedError(SdnError):
    """Refused before anything is touched. Carries every fault at once, each as ``path: what; what to do``."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = sorted(set(faults))
        count = len(self.faults)
        heading = "" if count == 1 else f"{count} faults, nothing was changed:\n- "
        super().__init__(heading + "\n- ".join(self.faults), faults=self.faults)


class InvalidInput(RefusedError):
    """Values that can never be applied."""


class OwnershipError(RefusedError):
    """Something in our way that is not ours."""


class BackendError(SdnError):
    """A daemon or a tool that did not answer, or refused: the message names it and what it said."""


class ConflictError(BackendError):
    """Another writer changed what the plan was made from. Reading again and planning anew may succeed."""


class NotConvergedError(SdnError):
    """The change was accepted, but reading the state again shows something else."""

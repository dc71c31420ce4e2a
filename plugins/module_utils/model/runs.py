# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host knows of the runs that look at it, so that of two at once one alone changes it.

The modules of a run take turns at the host's lock, and those of other runs may come in between. So a number is counted
up before a run changes anything, and each run is known with the number that it has seen. A turn at another number is
refused: between the first turn of a run and the last that it was given, no other run has changed anything. Of runs
that meet, those that change nothing do not hurt each other, and the one that changed something last goes on to its end.

That one holds the host as long as it lives. A run that has yet to look finds a holder that lives, and is refused too;
which is a courtesy, as what was seen of a dead one may be wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput, TurnError

SILENCE = 5.0  # seconds without a turn, after which a run that holds the host is taken for dead
MOST = 100  # runs to remember


@dataclass(frozen=True)
class Runs:
    """All that is known since the host has started."""

    changes: int = 0  # how often a run was about to change something
    holder: str = ""  # the run that did so last
    alive: float = 0.0  # when it was there last, in seconds since the host has started
    seen: Mapping[str, int] = field(default_factory=dict)  # by run the number of changes, those that came first first

    def looked(self, run: str) -> Runs:
        """Return this with a run that has its turn; TurnError if it has missed something."""
        known = self.seen.get(run, self.changes)
        if known != self.changes:
            raise TurnError(
                f"Another run has changed this host since this one began: {told(self.holder)}. This one has changed "
                "nothing since. Run it again when the other has ended, if its intent is the one to have."
            )
        return self._knowing(run)

    def claimed(self, run: str, now: float) -> Runs:
        """Return this with a run that is about to change something, in its turn."""
        return replace(self, changes=self.changes + 1, holder=run, alive=now)._knowing(run)

    def there(self, now: float) -> Runs:
        """Return this with the holder seen again."""
        return replace(self, alive=now)

    def awaits(self, run: str, now: float) -> bool:
        """Say whether a run that has yet to look is to wait for another that has been there just now."""
        return run not in self.seen and self.holder not in ("", run) and now - self.alive < SILENCE

    def _knowing(self, run: str) -> Runs:
        others = [(name, number) for name, number in self.seen.items() if name != run]
        return replace(self, seen=dict([*others, (run, self.changes)][-MOST:]))


def parse_run(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}@[A-Za-z0-9.-]{1,64}", name):
        raise InvalidInput([f"run: {name!r} is no run; leave it out, as tenantry.sdn.converge alone knows one"])
    return name


def told(run: str) -> str:
    """Return a run as a person would look for it."""
    process, _at, controller = run.partition("@")
    return f"process {process.partition('.')[0]} of {controller}"


def parse(text: str) -> Runs:
    """Return what ``render`` has written; ValueError, TypeError if that is something else."""
    return Runs(**json.loads(text))


def render(runs: Runs) -> str:
    return json.dumps(vars(runs))

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of other systems as names of an intent: DNS labels."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, shown

_LONGEST = 63  # RFC 1123


def label(value: Any) -> str:
    """Return a name as a DNS label: lower case, and '-' for what a label cannot have."""
    return re.sub(r"[^a-z0-9]+", "-", str(value).lower()).strip("-")[:_LONGEST].rstrip("-")


class Labels:
    """Gives labels to names, and finds names that would get the same."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._holders: dict[Hashable, tuple[Any, str]] = {}

    def of(self, space: Hashable, name: Any, identity: Hashable, expression: str, called: str = "") -> str:
        """Return the label of a name in a space, and record it if another thing there has the same.

        ``called`` is what a message calls it, if not by its name.
        """
        found = label(name)
        path = f"mapping.{expression}"
        if not found:
            self._faults.add(path, f"{shown(name)} has no letter and no digit; select another name")
            return found
        called = called or str(name)
        holder, other = self._holders.setdefault((space, found), (identity, called))
        if holder != identity:
            both = f"{shown(other)} and {shown(called)} would both be called {found}"
            self._faults.add(path, f"{both}; select names that differ")
        return found

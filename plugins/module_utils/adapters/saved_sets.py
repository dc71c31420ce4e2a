# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that IP sets come back from, one each: what ``ipset restore`` makes the set of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import Details, Header, all_plain
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import details_words, header_words


def folder() -> str:
    return os.path.join(sealed.ROOT, "sets")


def saved_sets(names: Iterable[str], changes: Iterable[Change], saved: bool | None, mark: str | None) -> SealedFiles:
    """Return the files of the sets of these names as they shall be, of those with the mark too that are to go."""
    there = set(sealed.names_in(folder()))
    gone = there.intersection(names) | {name for name in there if mark and name.startswith(mark)}
    files: dict[str, list[str] | None] = dict.fromkeys(gone)
    for one in changes:
        is_saved = one.name in there if saved is None else saved
        files[one.name] = list(_lines(one, one.header)) if one.header and is_saved else None
    return SealedFiles({os.path.join(folder(), name): lines for name, lines in files.items()})


def _lines(change: Change, header: Header) -> Iterator[str]:
    yield f"create {change.name} {header_words(header)}"
    start, members = f"add {change.name} ", change.members()
    if all_plain(members):
        yield from sorted([start + element for element in members])
    else:
        yield from sorted(start + element + details_words(_lasting(details)) for element, details in members.items())


def _lasting(details: Details) -> Details:
    """Return what is kept of an element: not what was counted, nor how long it had left of the set's own timeout."""
    return details._replace(packets=None, bytes=None, timeout=None if details.timeout else details.timeout)

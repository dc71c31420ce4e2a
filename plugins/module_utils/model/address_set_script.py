# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines by which one ``ipset restore`` makes changes, in an order that never lets more through than it must.

ipset stops at the first line that fails, and what it has done stays. So a set is built under another name, and appears
whole. In a set that stays, what permits less comes before what permits more: a run that is cut short leaves a hole in
what is allowed, never both the old and the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    HASHES,
    LIST,
    Details,
    Header,
    Members,
    all_plain,
    exchangeable,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import details_words, header_words
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import unfinished_set

_DEFAULT_HASHSIZE = 1024
_OF_A_BUCKET = 3  # members: it holds 12, but so that none has more, the kernel doubles their number at 1.5 to 4


def script(changes: Iterable[Change], left_behind: Iterable[str]) -> Iterator[str]:
    """Yield lines, or several in one: sets come before the lists that hold them, and go after them."""
    lists = [change for change in changes if _is_list(change)]
    sets = [change for change in changes if not _is_list(change)]
    yield from (f"destroy {name}" for name in left_behind)
    for change in lists:
        yield from _released(change)
    for change in [*sets, *lists]:
        if change.header and (change.rebuilt or not change.old):
            yield from _built(change, change.header)
        elif change.header:
            yield from _edited(change)
    yield from (f"destroy {change.name}" for change in sets if not change.header)


def _is_list(change: Change) -> bool:
    return LIST in (change.old and change.old.header.type, change.header and change.header.type)


def _released(change: Change) -> Iterator[str]:
    """Let go of what a list holds no longer, so that it can be destroyed."""
    if not change.header:
        yield f"destroy {change.name}"
    elif change.old and change.old.header.type == LIST:
        yield from (f"del {change.name} {element}" for element in change.removed)


def _built(change: Change, header: Header) -> Iterator[str]:
    name, members = unfinished_set(change.name), change.members()
    yield f"create {name} {header_words(_roomy(header, len(members)))}"
    yield from _added(name, members)
    if change.old and exchangeable(change.old.header, header):
        yield f"swap {name} {change.name}"
        yield f"destroy {name}"
        return
    leaving = unfinished_set(f"{change.name} that was")
    if change.old:  # to free a million members may take longer than anybody should find no set
        yield f"rename {change.name} {leaving}"
    yield f"rename {name} {change.name}"
    if change.old:
        yield f"destroy {leaving}"


def _roomy(header: Header, members: int) -> Header:
    """Return the header with the buckets that the kernel would come to by doubling them, unless some are asked for."""
    buckets = 1 << (members // _OF_A_BUCKET).bit_length()
    if header.type not in HASHES or header.hashsize or buckets <= _DEFAULT_HASHSIZE:
        return header
    return header._replace(hashsize=buckets)


def _edited(change: Change) -> Iterator[str]:
    name = change.name
    come = {**change.added, **{element: details for element, (dummy, details) in change.updated.items()}}
    # Adding an element again sets everything of it anew but whether its interface is a wildcard.
    yield from (
        f"del {name} {element}" for element, (old, new) in change.updated.items() if old.wildcard != new.wildcard
    )
    exceptions = {element for element, details in come.items() if details.nomatch}
    if change.removed and len(change.removed) == len(change.staying):
        yield f"flush {name}"
    elif not _is_list(change):
        yield from (f"del {name} {element}" for element, details in change.removed.items() if not details.nomatch)
    yield from (_add(name, element, come[element]) for element in exceptions)
    yield from (_add(name, element, details) for element, details in come.items() if element not in exceptions)
    if len(change.removed) < len(change.staying):
        yield from (f"del {name} {element}" for element, details in change.removed.items() if details.nomatch)


def _added(name: str, members: Members) -> Iterator[str]:
    if members and all_plain(members):
        start = f"add {name} "
        yield start + f"\n{start}".join(members)
    else:
        yield from (_add(name, element, details) for element, details in members.items())


def _add(name: str, element: str, details: Details) -> str:
    return f"add {name} {element}{details_words(details)}"

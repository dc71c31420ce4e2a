# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that an owner's flows, groups and meters on a bridge come back from.

Its first line says whose they are and in which version of OpenFlow they are written. Each other line is a kind and one
of it, in normal form with port numbers: meters first, then groups, as flows name both. In a version without bundles the
flows are in the order in which they can come one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import WITH_BUNDLES
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import keyed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import KINDS, Cookie, Program


def path_of(bridge: str, cookie: Cookie) -> str:
    return os.path.join(sealed.flows_of(bridge), f"{cookie.value:016x}-{cookie.mask:016x}")


def saved_flows(wanted: Program, lines: Mapping[str, Iterable[str]], protocol: str) -> SealedFiles:
    """Return the file as it shall be, in which ``lines`` are those of each kind, in normal form."""
    path = path_of(wanted.bridge, wanted.cookie)
    saved = os.path.exists(path) if wanted.saved is None else wanted.saved
    return SealedFiles({path: list(_lines(path, wanted, lines, protocol)) if saved else None})


def _lines(path: str, wanted: Program, lines: Mapping[str, Iterable[str]], protocol: str) -> Iterator[str]:
    yield f"owner cookie={wanted.cookie.value:#x}/{wanted.cookie.mask:#x} protocol={protocol}"
    complete = wanted.purge and all(listed is not None for listed in wanted.lists.values())
    before = () if complete else sealed.read(path) or ()
    for kind in reversed(KINDS):
        staying = [line.partition(" ")[2] for line in before if line.startswith(f"{kind} ")]
        if wanted.lists[kind] is not None:
            staying = [] if wanted.purge else staying
            staying = list({**keyed(kind, staying), **keyed(kind, lines[kind])}.values())
        yield from [f"{kind} {line}" for line in _ordered(kind, staying, protocol)]


def _ordered(kind: str, lines: Iterable[str], protocol: str) -> list[str]:
    if kind != "flow" or protocol in WITH_BUNDLES:
        return sorted(lines)
    # Imported for bridges of old versions alone.
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_steps import by_place

    return by_place(lines)

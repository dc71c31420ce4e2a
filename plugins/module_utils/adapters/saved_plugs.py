# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that plugs come back from, one each, in a folder for each owner.

Lines are what ``ip -batch`` makes links of and sets at them, settings that the kernel has in files, what lets the guest
in, the filter of the frames that iptables does not see, and the zone of fragments. Most of the latter two is what all
plugs have in common.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plug_frames, plug_zones, sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug import (
    SYSCTLS,
    PlugPlan,
    PlugWish,
    Settings,
    coming,
    joining,
    settings,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark

_NOBODY = "-"  # folder of plugs without an owner, as which no owner is marked


def saved_plugs(wanted: Sequence[PlugWish], owner: str | None, complete: bool, saved: bool | None) -> SealedFiles:
    """Return the files of the plugs as they shall be, of those too that are to go. ``complete``: all of the owner."""
    root = os.path.join(sealed.ROOT, "plugs")
    own = set_mark(owner).rstrip(".") if owner else _NOBODY
    there = {folder: set(sealed.names_in(os.path.join(root, folder))) for folder in sealed.names_in(root)}
    names = {wish.name for wish in wanted}
    files: dict[str, list[str] | None] = {
        os.path.join(root, folder, name): None
        for folder, found in there.items()
        for name in (found if complete and folder == own else found & names)
    }
    for wish in wanted:
        was_saved = any(wish.name in found for found in there.values())
        if wish.present and (was_saved if saved is None else saved):
            files[os.path.join(root, own, wish.name)] = list(_lines(wish, owner))
    return SealedFiles(files)


def _lines(wish: PlugWish, owner: str | None) -> Iterator[str]:
    links = dict(settings(wish, owner))
    plug, guest = _new({name: links[name] for name in wish.links}), _new({wish.interface or "": links[wish.interface]})
    yield from coming(plug)
    for name, wanted in links.items():
        for option, kind in SYSCTLS.items():
            if option in wanted:
                yield f"sysctl net/{kind}/conf/{name}/{option} {wanted[option]}"
    yield from joining(plug)
    yield from (f"guest {line}" for line in joining(guest))
    chains = {plug_frames.CHAIN: plug_frames.WANTED}
    if wish.arp is not None:
        chains[plug_chain(wish.links.inner)] = plug_frames.of_guest(wish.links.inner, wish.arp)
    yield from (f"frames {line}" for line in plug_frames.new_lines(chains))
    if wish.zone:
        yield from (f"zones {line}" for line in plug_zones.new_lines({wish.links.bridge: wish.zone}))


def _new(links: dict[str, Settings]) -> PlugPlan:
    return PlugPlan.between({}, {("link", name): wanted for name, wanted in links.items()})

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that chains come back from, one for each chain of a family's table, with the jumps to it.

The first line is the program that has the chain. Others are what ``iptables-restore`` makes it of, and for each jump
its number in the task, the chain of the kernel that it is in, its position there, and the rule.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iptables import Iptables
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Wanted, in_family
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import jump_text

_JUMP = "jump "


def saved_rules(
    wanted: Wanted, programs: Mapping[str, Iptables], changes: Mapping[str, Change], saved: bool | None
) -> SealedFiles:
    """Return the files of the chains as they shall be, of those with the mark too that are to go."""
    files: dict[str, list[str] | None] = {}
    for family, program in programs.items():
        folder = sealed.rules_of(family, wanted.table)
        there = set(sealed.names_in(folder))
        gone = {name for name in there if wanted.mark and name.startswith(wanted.mark)}
        chains = {chain.name for chain in wanted.chains}
        for name in sorted(chains | gone):
            path, texts = os.path.join(folder, name), changes[family].desired.get(("chain", name))
            is_saved = name in there if saved is None else saved
            lines = None
            if texts is not None and is_saved:
                lines = [program.program, f":{name} - [0:0]", *(f"-A {name} {text}" for text in texts)]
                lines += _kept_jumps(path) if wanted.jumps is None else _jumps(wanted, family, name)
            files[path] = lines
    return SealedFiles(files)


def _jumps(wanted: Wanted, family: str, name: str) -> Iterator[str]:
    for number, jump in enumerate(wanted.jumps or (), 1):
        if jump.rule.target == name and in_family(jump.rule, family):
            yield f"{_JUMP}{number} {jump.chain} {jump.position} {jump_text(jump.rule, family)}"


def _kept_jumps(path: str) -> Sequence[str]:
    return [line for line in sealed.read(path) or () if line.startswith(_JUMP)]

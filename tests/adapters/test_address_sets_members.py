# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members as they are written and as the kernel keeps them: what we compute against what ipset prints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from set_lab import converge, ipset, members, own_namespace, run
from set_ways import WAYS, written

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_input import read_members
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

AMOUNT = 300


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        yield


@pytest.mark.parametrize(("kind", "options"), WAYS, ids=str)
def test_what_we_take_for_an_element_is_what_the_kernel_keeps(kind: str, options: str) -> None:
    """Let ipset read what was written, and the module: both sets are the same, and the second run changes nothing."""
    given = written(kind, options, AMOUNT)
    task: dict[str, Any] = {"name": "ours", "type": kind, "members": given}
    if options:
        task.update([options.split()])
    first = run(check=True, **task)
    if first.get("failed"):
        lacking = f"this kernel has no sets of type {kind}"
        assert lacking in first.message
        pytest.skip(lacking)
    ipset("create", "theirs", *kind.split(), *options.split(), *(["maxelem", "1000000"] if "hash" in kind else []))
    ipset("-exist", "restore", stdin="".join(f"add theirs {member}\n" for member in given))
    converge(**task)
    assert members("ours") == members("theirs")
    shuffled = random.Random(kind).sample(members("theirs"), len(members("theirs")))
    assert not run(**{**task, "members": shuffled})["changed"]
    computed, dummy = read_members(Faults(), "", kind, None, given)
    assert sorted(computed) == members("ours"), "and each text is the one that is printed"

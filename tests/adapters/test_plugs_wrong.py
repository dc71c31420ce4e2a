# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wrong task of hybrid_plug that we know of: what is said, word for word, and no link is another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plug_lab import guest, indexes, links, run
from set_lab import own_namespace
from wrong_calls import cases, wrong

BASE = {"name": "web-1", "interface": "tap0"}
WRONG = list(cases("wrong_plugs.txt"))


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        guest("tap0")
        yield


def test_there_are_enough_of_them_and_none_twice() -> None:
    said = [change for change, message in WRONG]
    assert len(said) == len(set(said)) >= 20
    assert all(message for change, message in WRONG)


def test_the_task_that_is_made_wrong_is_right() -> None:
    assert "failed" not in run(check=True, **BASE)


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[change for change, message in WRONG])
def test_a_wrong_task_is_told_exactly_and_does_nothing(change: str, message: str) -> None:
    before = links(), indexes()
    said = [run(check, **wrong(BASE, change)).message for check in (True, False)]
    assert (links(), indexes()) == before
    assert said == [message, message]

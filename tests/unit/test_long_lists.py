# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible neither copies the texts of a long list nor looks at each: it would build a list of its own for that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.tenantry.sdn.plugins.module_utils.long_lists import LongListModule

MEMBERS = {"members": {"type": "list", "elements": "raw"}, "count": {"type": "int"}}
SPECIFICATION = {**MEMBERS, "sets": {"type": "list", "elements": "dict", "options": MEMBERS}}


def module(monkeypatch: pytest.MonkeyPatch, **given: Any) -> LongListModule:
    whole = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", whole)
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return LongListModule(argument_spec=SPECIFICATION)


def test_texts_stay_in_the_list_that_they_came_in(monkeypatch: pytest.MonkeyPatch) -> None:
    params = module(monkeypatch, members=["a", "b"], sets=[{"members": ["c"]}]).params
    assert (params["members"], params["sets"][0]["members"]) == (["a", "b"], ["c"])
    assert list not in (type(params["members"]), type(params["sets"][0]["members"]))


def test_all_else_is_checked_as_ever(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert module(monkeypatch, count="3", members=[{"entry": "a"}, 4]).params["count"] == 3
    for wrong in ({"count": "x"}, {"sets": ["x"]}, {"sets": [{"count": "x"}]}, {"members": {}}):
        with pytest.raises(SystemExit):
            module(monkeypatch, **wrong)
        assert json.loads(capsys.readouterr().out)["failed"]

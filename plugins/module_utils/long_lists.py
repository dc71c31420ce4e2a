# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules whose arguments are lists of a hundred thousand texts, of which Ansible would copy and visit each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ansible.module_utils import basic

from ansible_collections.tenantry.sdn.plugins.module_utils.unlogged import UnloggedModule


class LongListModule(UnloggedModule):
    def _load_params(self) -> None:
        with _sharing_texts():
            super()._load_params()
        self.params = _shared(self.params)
        self.argument_spec = _unvisited(self.argument_spec)


class _Texts(list[str]):
    """Texts that nobody changes."""

    def __deepcopy__(self, memo: Any) -> _Texts:
        return self


def _shared(given: Any) -> Any:
    """Return a copy of arguments that has the same lists of texts, and in which they are never copied."""
    if isinstance(given, dict):
        return {name: _shared(value) for name, value in given.items()}
    if isinstance(given, list) and given:
        return _Texts(given) if isinstance(given[0], str) else [_shared(one) for one in given]
    return given


def _unvisited(options: dict[str, Any]) -> dict[str, Any]:
    """Return a specification without ``elements: raw``, by which Ansible visits each element, and takes any."""
    return {
        name: {
            key: _unvisited(value) if key == "options" else value
            for key, value in option.items()
            if (key, value) != ("elements", "raw")
        }
        for name, option in options.items()
    }


@contextmanager
def _sharing_texts() -> Iterator[None]:
    """Have ansible-core keep such a copy of the arguments, as it does from 2.19 on."""
    copy = vars(basic).get("copy")
    if not copy:
        yield
        return
    vars(basic)["copy"] = SimpleNamespace(deepcopy=_shared)
    try:
        yield
    finally:
        vars(basic)["copy"] = copy

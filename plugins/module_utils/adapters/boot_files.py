# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that systemd takes up, and units among them that are enabled, as reconcile sees them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

BOOTED = "/run/systemd/system"  # sd_booted(3)
BootPlan = Plan[tuple[str, str], str]  # by ("file", path): its text, or ("unit", name): its state
_RELOAD_SECONDS = 90


class BootFiles:
    """Backend of these files, by path, and of these units, and whether they run. Without ``present`` none is there."""

    def __init__(self, files: Mapping[str, str], units: Mapping[str, bool], present: bool) -> None:
        self._files = files
        self._runs = units
        self._units = {unit: "enabled, active" if runs else "enabled" for unit, runs in units.items()}
        self._present = present

    def plan(self) -> BootPlan:
        actual = {("file", path): text for path, text in _texts(self._files)}
        actual.update(((("unit", unit), state) for unit, state in self._states() if state))
        wanted = {
            **{("file", path): text for path, text in self._files.items()},
            **{("unit", unit): state for unit, state in self._units.items()},
        }
        return BootPlan.between(actual, wanted if self._present else {})

    def apply(self, plan: BootPlan) -> None:
        if self._present:
            for kind, path in plan.after:
                if kind == "file":
                    _write(path, self._files[path])
            _systemctl("daemon-reload")
            if self._units:
                _systemctl("enable", *self._units)
                _systemctl("start", *(unit for unit, runs in self._runs.items() if runs))
                _systemctl("start", "--no-block", *self._units)  # what fails says so by itself; the task may mend it
        else:
            units = [unit for kind, unit in plan.delete if kind == "unit"]
            if units:
                _systemctl("disable", "--now", *units)
                _systemctl("reset-failed", *(f"{unit}*" for unit in units))  # by pattern: it need not have failed
            for kind, path in plan.delete:
                if kind == "file":
                    _remove(path)
            _systemctl("daemon-reload")

    def _states(self) -> Iterator[tuple[str, str]]:
        """Yield what is of each unit that systemd enables or runs, '' if it knows none or does neither."""
        shown = _systemctl("show", "--property=Id,UnitFileState,ActiveState", *self._units) if self._units else ""
        for block in filter(None, shown.strip().split("\n\n")):
            state = dict(line.split("=", 1) for line in block.splitlines())
            words = ["enabled"] if state.get("UnitFileState") == "enabled" else []
            if self._runs[state["Id"]] and state["ActiveState"] == "active":
                words.append("active")
            yield state["Id"], ", ".join(words)


def _texts(paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        except FileNotFoundError:
            continue
        yield path, text if mode == _mode(text) else f"(mode {mode:o})\n{text}"


def _mode(text: str) -> int:
    return 0o755 if text.startswith("#!") else 0o644


def _write(path: str, text: str) -> None:
    draft = f"{path}.next"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(draft, _mode(text))
        os.replace(draft, path)
    except OSError as error:
        raise BackendError(f"Cannot write {path}: {error.strerror}. Run the task as root.") from None


def _remove(path: str) -> None:
    """Remove a file, and its folder unless it holds others."""
    os.unlink(path)
    with suppress(OSError):
        os.rmdir(os.path.dirname(path))


def _systemctl(*arguments: str) -> str:
    return run(["systemctl", *arguments], timeout=_RELOAD_SECONDS)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot_restore where there is nothing to do, and what it refuses; with a real systemd it is in tests/lifecycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from module_runner import run_module

from ansible_collections.tenantry.sdn.plugins.modules import boot_restore

UNIT = "/etc/systemd/system/tenantry-test.service"
TEXT = "[Service]\nExecStart=/bin/true\n"


@pytest.fixture(autouse=True)
def _systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this machine has: none."""
    monkeypatch.setattr(boot_restore, "BOOTED", str(tmp_path / "none"))


def call(check: bool = False, **options: Any) -> dict[str, Any]:
    return run_module("boot_restore", {"files": {UNIT: TEXT}, "units": ["tenantry-test.service"], **options}, check)


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("check", [True, False])
def test_without_systemd_nothing_is_done(state: str, check: bool) -> None:
    assert call(check, state=state)["changed"] is False
    assert not Path(UNIT).exists()


def test_while_something_is_saved_the_units_stay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(boot_restore, "BOOTED", str(tmp_path))
    other = tmp_path / "saved/bridges/br0/another"
    other.parent.mkdir(parents=True)
    other.write_text("")
    unit = tmp_path / "tenantry-test.service"
    unit.write_text(TEXT)
    assert call(files={str(unit): TEXT}, state="absent", needed_by=str(tmp_path / "saved"))["changed"] is False
    assert unit.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"files": {UNIT: TEXT, "tenantry.service": TEXT}},
            "files.tenantry.service: 'tenantry.service' is no whole path; write it from '/'",
        ),
        (
            {"files": {UNIT: "[Service]"}},
            f"files.{UNIT}: is no text that ends with a line; write one, as by query(..., rstrip=false)",
        ),
        (
            {"files": {UNIT: ["[Service]"]}},
            f"files.{UNIT}: is no text that ends with a line; write one, as by query(..., rstrip=false)",
        ),
        (
            {"units": ["tenantry-tset.service"]},
            "units[0]: 'tenantry-tset.service' is none of the files; write the name of a .service or .path",
        ),
        (
            {"files": {"/usr/local/lib/restore": TEXT}, "units": ["restore"]},
            "units[0]: 'restore' is none of the files; write the name of a .service or .path",
        ),
        ({"started": ["a.path"]}, "started[0]: 'a.path' is none of the units; list it there too"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    for check in (True, False):
        assert call(check, **options)["msg"] == message

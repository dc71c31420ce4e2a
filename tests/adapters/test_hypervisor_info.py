# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hypervisor_info on this machine; with a real systemd it is in tests/lifecycle, by the role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from module_runner import run_module

from ansible_collections.tenantry.sdn.plugins.modules import hypervisor_info


@pytest.fixture(autouse=True)
def _systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this machine has: none."""
    monkeypatch.setattr(hypervisor_info, "BOOTED", str(tmp_path / "none"))


def found(**options: Any) -> dict[str, Any]:
    return run_module("hypervisor_info", options)


def test_what_is_missing_is_named() -> None:
    there = {"programs": ["ovs-vsctl", "ip"], "python_modules": ["json"]}
    assert found(**there)["missing"] == []
    more = {"programs": ["ovs-vsctl", "ovs-nothing", "ip"], "python_modules": ["json", "no_such_module"]}
    assert found(**more)["missing"] == ["ovs-nothing", "no_such_module"]


def test_without_systemd_no_service_serves_and_there_is_nothing_to_restore() -> None:
    nothing = found()
    assert (nothing["changed"], nothing["serves"], nothing["restores"], nothing["linked"]) == (False, True, True, True)
    unit = {"files": {"/etc/systemd/system/a.path": "[Path]\n"}, "units": ["a.path"]}
    asked = found(services=["openvswitch-switch"], **unit)
    assert (asked["serves"], asked["restores"]) == (False, True)


def test_a_card_that_is_not_there_or_has_an_address_is_for_ovs_uplink() -> None:
    assert found(interfaces=["no-such-card"])["linked"] is False
    assert found(interfaces=["lo"])["linked"] is True, "its addresses are of no global scope"


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', "Debian"),
        ("ID=ubuntu\nID_LIKE=debian\n", "Debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "RedHat"),
        ("ID=arch\n", "arch"),
        ("", "linux"),
    ],
)
def test_families(text: str, family: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text(text)
    monkeypatch.setattr(hypervisor_info, "RELEASES", (str(tmp_path / "none"), str(tmp_path / "os-release")))
    assert found()["os_family"] == family


def test_wrong_files() -> None:
    message = "units[0]: 'b.path' is none of the files; write the name of a .service or .path"
    assert found(files={"/etc/systemd/system/a.path": "[Path]\n"}, units=["b.path"])["msg"] == message

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisors that systemd boots; what restarts do to a fabric on them is in tests/lifecycle."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packets import wait_until
from twin_lab import TwinLab, endpoint, hypervisor, succeeded

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import cgroups
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import kill

OPTIONS: dict[str, Any] = {
    "hypervisors": [hypervisor(1), hypervisor(2)],
    "endpoints": [endpoint(1, on=1), endpoint(2, on=2)],
    "driver": "systemd",
}
TUNNEL = ("192.168.1.151", "192.168.1.152")


def test_a_hypervisor_boots_and_boots_again_with_what_it_has_on_its_disk(new_twin: Callable[[], TwinLab]) -> None:
    twin, other = new_twin(), new_twin()
    predicted = twin.check(**OPTIONS)
    done = succeeded(twin.call(**OPTIONS))
    assert (done["changed"], done["diff"]) == (True, predicted["diff"])
    assert not twin.up(**OPTIONS)["changed"]
    state = ("systemctl", "is-system-running", "--wait")
    assert [twin.run(host, *state) for host in ("hv1", "hv2")] == ["running\n"] * 2
    assert twin.run("hv1", "cat", "/etc/hostname", "/proc/1/comm", "/etc/openvswitch/system-id.conf").split() == [
        *("hv1", "systemd", "hv1")
    ]
    other.up(OPTIONS["hypervisors"][:1], driver="systemd")
    twin.switch_by_hand("hv1", ["tap1"], TUNNEL)
    twin.switch_by_hand("hv2", ["tap2"], TUNNEL[::-1])
    assert twin.pings("acme.web-1", "10.1.1.2")
    twin.run("hv1", "touch", "/etc/systemd/system/multi-user.target.wants/stays")
    for stop in (lambda: twin.attempt("hv1", "systemctl", "poweroff"), lambda: kill(twin.pid("hv1"))):
        before = twin.pid("hv1")
        stop()
        assert wait_until(lambda before=before: not Path(f"/proc/{before}").exists())
        assert wait_until(lambda: len(twin.processes()) == 4), "systemd-nspawn is still there"
        assert twin.check(**OPTIONS)["changed"]
        assert twin.up(**OPTIONS)["changed"]
        assert twin.pings("acme.web-1", "10.1.1.2")
        assert twin.run("hv1", "ls", "/etc/systemd/system/multi-user.target.wants/stays")
    assert other.run("hv1", *state) == "running\n"
    assert twin.up(OPTIONS["hypervisors"], OPTIONS["endpoints"])["changed"], "another driver is another host"
    assert twin.run("hv1", "cat", "/proc/1/comm") == "sleep\n"


def test_nothing_is_left_of_a_twin_whose_folder_somebody_removed(twin: TwinLab) -> None:
    twin.up(OPTIONS["hypervisors"], driver="systemd")
    subprocess.run(["rm", "-r", twin.folder / "hypervisor"], check=True)
    twin.down()
    assert twin.leftovers() == []


def test_a_host_that_does_not_boot_says_what_systemd_nspawn_said(twin: TwinLab) -> None:
    hide = 'mount --bind /bin/sleep /usr/bin/systemd-nspawn && exec "$@"'
    message = twin.call("unshare", "--mount", "sh", "-c", hide, "sh", **{**OPTIONS, "endpoints": []})["msg"]
    assert message.startswith("Could not start host hv1: its keeper died. ")
    assert "unrecognized option '--quiet'" in message


def test_what_the_driver_needs_is_named(twin: TwinLab, monkeypatch: pytest.MonkeyPatch) -> None:
    hide = 'mount --bind /dev/null "$(command -v systemd-nspawn)" && exec "$@"'
    assert twin.call("unshare", "--mount", "sh", "-c", hide, "sh", **OPTIONS)["msg"] == (
        "A twin needs packages that are not installed. Install them: apt-get install systemd-container"
    )
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: iter([("cgroup", "/sys/fs/cgroup/systemd")]))
    with pytest.raises(BackendError) as refusal:
        cgroups.require()
    assert refusal.value.message == (
        "driver systemd needs control groups of version 2. Mount them: mount -t cgroup2 none /sys/fs/cgroup"
    )

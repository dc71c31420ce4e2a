# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No packet strays while a host is in between: a tap that comes late, a daemon that dies, a run that is cut off."""

from __future__ import annotations

import copy
import random
import signal
import time
from collections.abc import Callable

import packets
import pytest
from lifecycle_fabric import Fabric, network, tenant
from packets import Radio
from playbook_run import Run

TENANTS = {
    "late": tenant(network("gre"), "hv1", "hv2"),
    "tunnel": tenant(network("vxlan"), "hv1", "hv2"),
    "wire": tenant(network("vlan"), "hv1", "hv2"),
}
TENANTS["late"]["ports"]["web-1"]["interface"] = "tap0"
RECOVERY_SECONDS = 15


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    return new_fabric(TENANTS, ["hv1", "hv2"])


def test_a_tap_that_comes_late_has_its_vlan_from_the_first_frame(fabric: Fabric) -> None:
    fabric.twin.run("hv1", "ip", "link", "delete", "tap0")
    run = fabric.run("site")
    assert "Not there yet, Open vSwitch takes them in when they appear: interface tap0:" in run.output
    fabric.converged()
    fabric.vsctl("hv1", "add-port br-int witness0 -- set interface witness0 type=internal")  # hears every VLAN, tagged
    fabric.twin.run("hv1", "ip", "link", "set", "witness0", "up")
    try:
        radios = [Radio(name) for name in fabric.endpoints() if name != "late.web-1"]
        radios += [Radio("late.web-1", period=0.001), Radio("hv1", "witness0", period=60)]
        with packets.listening(fabric.twin, radios) as heard:
            fabric.run("twin_up", f"-etwin_name={fabric.twin.name}")
            assert fabric.reaches("late.web-2", "late.web-1")
    finally:
        fabric.vsctl("hv1", "del-port br-int witness0")
    spelled = [name for name in heard.frames.pop("hv1") if name.startswith("late.web-1")]
    assert spelled == [f"late.web-1@{fabric.recorded('late.web')['local_vlan']}"], "frames with another VLAN, or none"
    assert heard.frames["late.web-2"]["late.web-1"] > 50
    assert heard.leaks({**fabric.home(), "hv1": ""}) == []
    fabric.converged()


def test_the_networks_come_back_by_themselves_after_the_switch_was_killed(fabric: Fabric) -> None:
    fabric.run("site")
    fabric.prove()
    daemon = fabric.twin.run("hv1", "cat", "/run/openvswitch/ovs-vswitchd.pid").strip()
    with fabric.listening() as heard:
        fabric.twin.run("hv1", "kill", "-9", daemon)
        assert fabric.twin.attempt("tunnel.web-1", "ping", "-c1", "-W1", fabric.address("tunnel.web-2")).returncode != 0
        fabric.twin.run("hv1", "/usr/share/openvswitch/scripts/ovs-ctl", "start", "--system-id=hv1", "--no-mlockall")
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not all(fabric.reaches(f"{name}.web-2", f"{name}.web-1") for name in ("tunnel", "wire")):
            assert time.monotonic() < deadline
    assert heard.leaks(fabric.home()) == []
    fabric.prove()
    fabric.converged()


def test_a_run_after_one_that_was_cut_off_equals_a_clean_one(fabric: Fabric) -> None:
    one = copy.deepcopy(fabric.tenants)
    other = {
        **one,
        "arrives": tenant(network("geneve"), "hv1", "hv2"),
        "tunnel": tenant(network("gre", 7000), "hv2", "hv1"),
        "wire": tenant(network("vlan", 700), "hv1", "hv2"),
    }
    clean = []
    for fabric.tenants in (other, one):
        changes = changes_told(fabric.run("site"))
        clean.append(fabric.portable())

    ends = []
    for fabric.tenants, expected in zip((other, one) * 2, clean * 2):
        run = fabric.start("site")
        wait_for_changes(run, random.randrange(changes))
        time.sleep(random.uniform(0, 0.1))
        run.signal(signal.SIGKILL)
        run.process.join()
        ends.append(run.process.exitcode)
        fabric.run("site")
        assert fabric.portable() == expected
    assert -signal.SIGKILL in ends, "none was cut off"
    fabric.prove()


def changes_told(run: Run) -> int:
    """Return how many steps and tasks have said so far that they changed something."""
    return run.printed.read_text().count("\nchanged: ")


def wait_for_changes(run: Run, count: int) -> None:
    while run.process.is_alive() and changes_told(run) < count:
        time.sleep(0.005)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real libvirt, of Debian's packages, with the guests of its test driver."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from module_runner import run_module

NODE = Path(__file__).parent / "node.xml"
MODULE = "libvirt_interfaces_info"


def test_the_devices_of_all_guests() -> None:
    result = run_module(MODULE, {"uri": f"test://{NODE}"})
    assert result["changed"] is False
    assert result["interfaces"] == [
        {
            "interface": "tap-lab",
            "domain": "web; 'one'",
            "mac": "02:00:44:e1:00:06",
            "network": "default",
        },
        {
            "interface": "tap-web01",
            "domain": "web; 'one'",
            "mac": "02:00:44:e1:00:05",
            "bridge": "br-int",
            "iface_id": "cc000000-0006-4e0e-8a8e-000000000001",
            "port_profile": "acme.web01",
        },
    ]


def test_no_guest_at_all(tmp_path: Path) -> None:
    (tmp_path / "node.xml").write_text("<node/>")
    assert run_module(MODULE, {"uri": f"test://{tmp_path}/node.xml"})["interfaces"] == []


def test_a_guest_that_ends_between_the_two_commands_is_no_error(tmp_path: Path) -> None:
    node = tmp_path / "node.xml"
    whole = NODE.read_text()
    ended = threading.Event()

    def churn() -> None:  # the node has other guests each time that somebody connects
        for number in range(100, 100000):
            other = whole.replace("000000000002", f"{number:012d}")
            fresh = tmp_path / "fresh"
            fresh.write_text(other)
            fresh.replace(node)
            time.sleep(0.005)
            if ended.is_set():
                return

    node.write_text(whole)
    writer = threading.Thread(target=churn)
    writer.start()
    try:
        result = run_module(MODULE, {"uri": f"test://{node}"})
    finally:
        ended.set()
        writer.join()
    assert result.message == f"Guests of test://{node} ended during each of 5 attempts to read them; try again."
    assert len(run_module(MODULE, {"uri": f"test://{node}"})["interfaces"]) == 2, "whom nothing disturbs it answers"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"uri": "test:///nowhere/node.xml"},
            "libvirt does not answer at test:///nowhere/node.xml: ",
        ),
        ({"uri": "qemu+unix:///system?socket=/nowhere"}, "libvirt does not answer at qemu+unix:///system?socket=/now"),
        ({"timeout": "soon"}, "argument 'timeout' is of type"),
    ],
)
def test_no_libvirt(options: dict[str, object], told: str) -> None:
    message = run_module(MODULE, options).message
    assert message.startswith(told)


def test_no_virsh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    told = "The program 'virsh' is missing on this host; install the package that has it."
    assert run_module(MODULE, {}).message == told

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast packets arrive, as iperf3(1) of the receiver says."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_lab import TwinLab

LISTENS = "0" * 32 + ":{:04X} " + "0" * 32 + ":0000 0A "  # /proc/net/tcp6: a port
DEADLINE = 60  # seconds, for what takes a moment

Meanwhile = Callable[[], None] | None


@dataclass(frozen=True)
class Flow:
    """What one endpoint sends to another."""

    twin: TwinLab
    sender: str
    receiver: str
    address: str  # of the receiver
    port: int = 5201

    def tcp(self, seconds: int, kbits: int = 0, meanwhile: Meanwhile = None) -> list[float]:
        """Send by TCP, at most so many kbit/s if given, and return what arrived in each second, in kbit/s."""
        return self._run(seconds, meanwhile, "--bitrate", f"{kbits}k")

    def udp(self, seconds: int, kbits: int, meanwhile: Meanwhile = None) -> list[float]:
        """Send so many kbit/s of datagrams, and return what arrived in each second, in kbit/s."""
        return self._run(seconds, meanwhile, "--udp", "--bitrate", f"{kbits}k")

    def _run(self, seconds: int, meanwhile: Meanwhile, *options: str) -> list[float]:
        port = ["--port", str(self.port)]
        client = ["iperf3", "--client", self.address, *port, "--time", str(seconds), *options]
        with self._start(self.receiver, "iperf3", "--server", *port, "--one-off", "--json") as server:
            try:
                self._wait_until_it_listens()
                with self._start(self.sender, *client) as sender:
                    if meanwhile:
                        meanwhile()
                    said = sender.communicate(timeout=seconds + DEADLINE)[0]
                report = json.loads(server.communicate(timeout=DEADLINE)[0])
            finally:
                server.kill()
        assert "error" not in report, f"{report['error']}; the sender: {said}"
        return _rates(report, seconds)

    def _start(self, host: str, *argv: str) -> subprocess.Popen[str]:
        enter = ["nsenter", f"--target={self.twin.pid(host)}", "--all", "--"]
        return subprocess.Popen([*enter, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _wait_until_it_listens(self) -> None:
        sockets = Path(f"/proc/{self.twin.pid(self.receiver)}/net/tcp6")
        until = time.monotonic() + DEADLINE
        while LISTENS.format(self.port) not in sockets.read_text():
            assert time.monotonic() < until, "iperf3 does not listen"
            time.sleep(0.05)


def _rates(report: dict[str, Any], seconds: int) -> list[float]:
    """Return the rates while the sender sent; afterwards only what queues still held arrives."""
    intervals = [interval["sum"] for interval in report["intervals"]]
    return [one["bits_per_second"] / 1000 for one in intervals][:seconds]


def settled(rates: list[float]) -> float:
    """Return the mean without the first quarter, in which a burst passes and TCP finds its pace."""
    return statistics.fmean(rates[len(rates) // 4 :])


def together(*measure: Callable[[], list[float]]) -> list[float]:
    """Return what settles of flows at the same time."""
    with ThreadPoolExecutor(len(measure)) as pool:
        return [settled(flow.result()) for flow in [pool.submit(one) for one in measure]]

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packets of a twin say while something else is going on: who hears whom, and which pings get lost."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from twin_lab import TwinLab

RADIO = Path(__file__).with_name("radio.py").read_text()
SECONDS = 20  # for a program to end once its input has


@dataclass(frozen=True)
class Radio:
    """Calls the name of its host each ``period`` seconds on a device, and hears what arrives there."""

    host: str
    device: str = "eth0"
    period: float = 0.04


@dataclass
class Heard:
    """What radios heard, once they are off."""

    frames: dict[str, dict[str, int]] = field(default_factory=dict)  # receiver: sender: count

    def leaks(self, home: Mapping[str, str]) -> list[str]:
        """Return what an endpoint heard from outside its network, or with a tag; ``home`` is endpoint: network."""
        return [
            f"{receiver} of {home[receiver]} heard {sender} {count} times"
            for receiver, frames in self.frames.items()
            for sender, count in frames.items()
            if home.get(sender) != home[receiver]
        ]


@dataclass
class Ping:
    """A ping 100 times a second, once it has ended: how many were answered, and the numbers of those that were not."""

    sender: str
    address: str
    answered: int = 0
    lost: list[int] = field(default_factory=list)

    def count(self, output: str) -> None:
        numbers = [int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", output)]
        self.answered = len(numbers)
        self.lost = sorted(set(range(1, max(numbers, default=1))).difference(numbers))


@contextmanager
def listening(twin: TwinLab, radios: Sequence[Radio]) -> Iterator[Heard]:
    heard = Heard()
    with running(twin, {radio.host: _radio_argv(radio) for radio in radios}) as outputs:
        yield heard
    for host, output in outputs.items():
        _ready, told = output.splitlines()
        heard.frames[host] = json.loads(told)["heard"]


@contextmanager
def pinging(twin: TwinLab, addresses: Mapping[str, str]) -> Iterator[list[Ping]]:
    """Let each endpoint ping an address meanwhile."""
    pings = [Ping(*item) for item in addresses.items()]
    with running(twin, {ping.sender: _ping_argv(ping) for ping in pings}) as outputs:
        yield pings
    for ping in pings:
        ping.count(outputs[ping.sender])


@contextmanager
def running(twin: TwinLab, programs: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """Run a program on each host until the end of its input, which is ours; the yielded outputs come after it."""
    outputs: dict[str, str] = {}
    processes = {}
    try:
        for host, argv in programs.items():
            enter = ["nsenter", f"--target={twin.pid(host)}", "--all", "--", *argv]
            processes[host] = subprocess.Popen(enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        first = {host: process.stdout.readline() for host, process in processes.items() if process.stdout}
        yield outputs
    finally:
        rest = {host: process.communicate(timeout=SECONDS)[0] for host, process in processes.items()}
    outputs.update({host: (line + rest[host]).decode() for host, line in first.items()})


def _radio_argv(radio: Radio) -> list[str]:
    return ["/usr/bin/python3", "-c", RADIO, radio.device, radio.host, str(radio.period)]


def _ping_argv(ping: Ping) -> list[str]:
    return ["sh", "-c", f"ping -n -i 0.01 {ping.address} & read line; kill -INT $!; wait"]

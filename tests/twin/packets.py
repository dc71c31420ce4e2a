# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packets of a twin say while something else is going on: who hears whom, and which pings get lost."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin_lab import TwinLab

RADIO = Path(__file__).with_name("radio.py").read_text()
PINGER = Path(__file__).with_name("pinger.py").read_text()
WARM_UP = 10  # answers
SECONDS = 20  # for a program to end once its input has


@dataclass(frozen=True)
class Radio:
    """Calls the name of its host each ``period`` seconds on a device, and hears what arrives there."""

    host: str
    device: str = "eth0"
    period: float = 0.04


@dataclass
class Heard:
    """What radios hear: the names as they come, and how often each once the radios are off."""

    lines: Mapping[str, Sequence[str]]
    frames: dict[str, dict[str, int]] = field(default_factory=dict)  # receiver: sender: count

    def wait_for(self, names: Mapping[str, set[str]]) -> None:
        """Wait until each receiver has heard these senders, or could have long ago; what is missing, ``frames`` say."""
        wait_until(lambda: all(heard <= set(self.lines[receiver]) for receiver, heard in names.items()))

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
    """Pings of an address, once it has ended: how many were answered, and the numbers of those that were not."""

    sender: str
    address: str
    answered: int = 0
    lost: list[int] = field(default_factory=list)

    @property
    def gap(self) -> int:
        """How many in a row were not answered, at most."""
        longest = run = 0
        for number in self.lost:
            run = run + 1 if number - 1 in self.lost else 1
            longest = max(longest, run)
        return longest

    def count(self, lines: Iterable[str], first: int) -> None:
        """``first``: the number from which on one that is not answered is lost."""
        numbers = [int(line) for line in lines if line.isdigit()]
        self.answered = len(numbers)
        self.lost = sorted(set(range(first, max(numbers, default=first))).difference(numbers))


@contextmanager
def listening(twin: TwinLab, radios: Sequence[Radio]) -> Iterator[Heard]:
    with running(twin, {radio.host: _radio_argv(radio) for radio in radios}) as lines:
        heard = Heard(lines)
        yield heard
    heard.frames = {host: json.loads(printed[-1])["heard"] for host, printed in lines.items()}


@contextmanager
def pinging(twin: TwinLab, addresses: Mapping[str, str], period: float = 0.01) -> Iterator[list[Ping]]:
    """Let each endpoint ping an address meanwhile, every ``period`` seconds, when its first pings have been answered.

    Of the very first the switches may lose one, as they learn of both.
    """
    pings = [Ping(*item) for item in addresses.items()]
    with running(twin, {ping.sender: _ping_argv(ping, period) for ping in pings}) as lines:
        assert wait_until(lambda: all(len(answers) >= WARM_UP for answers in lines.values())), lines
        first = {sender: int(answers[-1]) + 1 for sender, answers in lines.items()}
        yield pings
    for ping in pings:
        ping.count(lines[ping.sender], first[ping.sender])


@contextmanager
def running(twin: TwinLab, programs: Mapping[str, Sequence[str]]) -> Iterator[Mapping[str, list[str]]]:
    """Run a program on each host until the end of its input, which is ours; yield the lines of each, as they come.

    They are read all the time: a program whose pipe is full waits, and says so by nothing.
    """
    lines: dict[str, list[str]] = {host: [] for host in programs}
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(len(programs)))
        processes = {host: stack.enter_context(_started(twin, host, argv)) for host, argv in programs.items()}
        for host, process in processes.items():
            pool.submit(_follow, process.stdout, lines[host])
        assert wait_until(lambda: all(lines.values())), f"no word from {[host for host in lines if not lines[host]]}"
        yield lines


def wait_until(holds: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Wait until something holds, at most so long; say whether it does."""
    until = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.01)
    return held


def _follow(stream: Iterable[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))


@contextmanager
def _started(twin: TwinLab, host: str, argv: Sequence[str]) -> Iterator[Any]:
    enter = ["nsenter", f"--target={twin.pid(host)}", "--all", "--", *argv]
    process = subprocess.Popen(enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(SECONDS)


def _radio_argv(radio: Radio) -> list[str]:
    return ["/usr/bin/python3", "-c", RADIO, radio.device, radio.host, str(radio.period)]


def _ping_argv(ping: Ping, period: float) -> list[str]:
    return ["/usr/bin/python3", "-c", PINGER, ping.address, str(period)]

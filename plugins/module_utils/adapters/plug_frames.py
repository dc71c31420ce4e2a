# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames that iptables never sees, and that plugs do not pass: with a tag, or of other protocols.

A tag of VLAN 0 is taken off by switches and guests alike, and what it held would have come past all rules. One chain of
ebtables(8) is for all plugs of a host, known by the end of the cable that each has in its Linux bridge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PLUG_INNERS

CHAIN = "tenantry-plugs"
TIMEOUT = 60.0  # seconds
WANTED = {
    "jumps": [f"-i {PLUG_INNERS} -j {CHAIN}", f"-o {PLUG_INNERS} -j {CHAIN}"],
    "rules": [*(f"-p {protocol} -j RETURN" for protocol in ("IPv4", "IPv6", "ARP")), "-j DROP"],
}


def read() -> dict[str, Any] | None:
    """Return the chain, and those of its jumps that nobody's rule comes before; None if there is nothing of it."""
    forward, rules, there = [], [], False
    for line in _run("ebtables-nft-save").splitlines():
        if line.startswith("-A FORWARD "):
            forward.append(line.partition("FORWARD ")[2].strip())
        elif line.startswith(f"-A {CHAIN} "):
            rules.append(line.partition(f"{CHAIN} ")[2].strip())
        there = there or line.startswith(f":{CHAIN} ")
    if not there:
        return None
    jumps = [rule for rule in forward if rule.endswith(f"-j {CHAIN}")]
    return {
        "jumps": jumps if forward[: len(jumps)] == jumps else [f"behind others: {rule}" for rule in jumps],
        "rules": rules,
    }


def make(present: dict[str, Any] | None) -> None:
    _restore([*_chain(), *_without_jumps(present), *_jumps()])


def new_lines() -> Iterator[str]:
    """Yield the lines that make it where there is nothing of it."""
    yield from _chain()
    yield from _jumps()


def remove(present: dict[str, Any]) -> None:
    _restore([*_without_jumps(present), f"-F {CHAIN}", f"-X {CHAIN}"])


def _chain() -> Iterator[str]:
    yield f":{CHAIN} RETURN"
    yield from (f"-A {CHAIN} {rule}" for rule in WANTED["rules"])


def _jumps() -> Iterator[str]:
    for number, jump in enumerate(WANTED["jumps"], 1):
        yield f"-I FORWARD {number} {jump}"


def _without_jumps(present: dict[str, Any] | None) -> Iterator[str]:
    for jump in present["jumps"] if present else ():
        yield f"-D FORWARD {jump.rpartition(': ')[2]}"


def _restore(lines: Sequence[str]) -> None:
    _run("ebtables-nft-restore", "--noflush", text="\n".join(["*filter", *lines, ""]))


def _run(*argv: str, text: str = "") -> str:
    done = attempt(argv, TIMEOUT, text)
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise BackendError(
            f"{argv[0]} failed ({done.returncode}): {said}. What plugs carry must be filtered: load the kernel's "
            "modules nf_tables and nft_compat, and run the task as root."
        )
    return done.stdout

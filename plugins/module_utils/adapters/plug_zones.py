# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conntrack zone of each plug's fragments, in a table of nftables for all plugs of a host.

The kernel puts datagrams together (priority -400) before iptables can say whose they are (table raw, -300). Pieces of
two guests with the same addresses become one datagram there, unless they have got their zones before. Of protocols that
conntrack does not know everywhere nothing is put together, but for what IPv6 may hide behind further headers.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from subprocess import CompletedProcess
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import PLUG_BRIDGES
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest

NAME = "tenantry-zones"
TIMEOUT = 60.0  # seconds
_TABLE = f"inet {NAME}"
_HOOK = "type filter hook prerouting priority -450"
_HOOK_KEYS = {"type": "type", "hook": "hook", "priority": "prio"}
_RULES = (
    f'iifname != "{PLUG_BRIDGES.replace("+", "*")}" return',
    "meta nfproto ipv4 ip frag-off & 0x3fff == 0 return",
    "meta nfproto ipv4 ip protocol != { 1, 6, 17 } notrack return",
    "meta nfproto ipv6 exthdr frag missing return",
    "meta nfproto ipv6 frag nexthdr != { 0, 6, 17, 43, 44, 51, 58, 60, 135 } notrack return",
    "ct zone set iifname map @zones",
)
_MARKS = {digest(rule, 12): rule for rule in _RULES}  # each version of nft prints rules otherwise than they were told
Zones = Mapping[str, int]  # of the bridges of plugs


def wanted(zones: Zones) -> dict[str, Any]:
    """Return the table as it shall be."""
    return {"rules": [_HOOK, *_RULES], "zones": dict(sorted(zones.items()))}


def read() -> dict[str, Any] | None:
    """Return the table as it is. A host without nft has none."""
    if not shutil.which("nft"):
        return None
    done = attempt(["nft", "--json", "list", "table", *_TABLE.split()], TIMEOUT)
    if done.returncode and "No such file or directory" in done.stderr:
        return None
    rules: list[str] = []
    zones: dict[str, int] = {}
    for kind, item in (pair for one in json.loads(_printed(done))["nftables"] for pair in one.items()):
        if kind == "map":
            zones.update(item.get("elem", ()))
        elif kind == "chain":
            rules.append(" ".join(f"{said} {item.get(key)}" for said, key in _HOOK_KEYS.items()))
        elif kind == "rule":
            rules.append(_MARKS.get(item.get("comment"), "another rule"))
    return {**wanted(zones), "rules": rules}


def make(zones: Zones) -> None:
    """Make the table anew with these zones, in one transaction."""
    _load([f"add table {_TABLE}", f"delete table {_TABLE}", *new_lines(zones)])


def remove() -> None:
    _load([f"delete table {_TABLE}"])


def new_lines(zones: Zones) -> Iterator[str]:
    """Yield the lines that give bridges their zones, where others may have theirs already."""
    yield f"add table {_TABLE}"
    yield f"add map {_TABLE} zones {{ typeof iifname : ct zone; }}"
    yield f"add chain {_TABLE} fragments {{ {_HOOK}; }}"
    yield f"flush chain {_TABLE} fragments"
    yield from (f'add rule {_TABLE} fragments {rule} comment "{mark}"' for mark, rule in _MARKS.items())
    yield from (f'add element {_TABLE} zones {{ "{bridge}" : {zone} }}' for bridge, zone in zones.items())


def _load(lines: Iterable[str]) -> None:
    _printed(attempt(["nft", "--file", "-"], TIMEOUT, "".join(f"{line}\n" for line in lines)))


def _printed(done: CompletedProcess[str]) -> str:
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise BackendError(
            f"nft failed ({done.returncode}): {said}. Fragments of each plug must have its zone: load the kernel's "
            "modules nf_tables and nft_ct, and run the task as root."
        )
    return done.stdout

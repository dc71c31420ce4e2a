# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables never sees of frames, and ebtables(8) judges: tags, other protocols, and what a guest says by ARP.

A tag of VLAN 0 is taken off by switches and guests alike, and what it held would have come past all rules. One chain is
for all plugs of a host, known by the end of the cable that each has in its Linux bridge. What a guest may say of itself
by ARP is in a chain of its plug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import PLUG_INNERS, plug_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

CHAIN = "tenantry-plugs"
TIMEOUT = 60.0  # seconds
Chain = Mapping[str, Sequence[str]]  # its rules, and the jumps to it from FORWARD
WANTED: Chain = {
    "jumps": [f"-i {PLUG_INNERS} -j {CHAIN}", f"-o {PLUG_INNERS} -j {CHAIN}"],
    "rules": [*(f"-p {protocol} -j RETURN" for protocol in ("IPv4", "IPv6", "ARP")), "-j DROP"],
}
_JUMP = re.compile(r"-j (tenantry-(?:plugs|[0-9a-f]{12}))$")


def of_guest(inner: str, identities: Iterable[tuple[str, str]]) -> Chain:
    """Return the chain of the plug with this end of a cable, whose guest has these MAC and IPv4 addresses."""
    rules = []
    for mac, address in identities:
        own = f"--arp-mac-src {mac} -j RETURN"
        for said in (f"Request --arp-ip-src {address}", f"Reply --arp-ip-src {address}"):
            rules.append(f"-p ARP -s {mac} --arp-op {said} {own}")
        rules.append(f"-p ARP -s {mac} --arp-op Request --arp-ip-src 0.0.0.0 --arp-ip-dst {address} {own}")
    return {"jumps": [f"-p ARP -o {inner} -j {plug_chain(inner)}"], "rules": [*rules, "-j DROP"]}


def read() -> dict[str, Chain]:
    """Return our chains, and those of their jumps that nobody else's rule comes before."""
    chains: dict[str, dict[str, list[str]]] = {}
    before = ""
    for line in map(str.strip, _run("ebtables-nft-save").splitlines()):
        jump = _JUMP.search(line)
        name = line[1:].partition(" ")[0]
        if line.startswith(":") and _JUMP.search(f"-j {name}"):
            chains[name] = {"jumps": [], "rules": []}
        elif line.startswith("-A FORWARD ") and jump and jump[1] in chains:
            chains[jump[1]]["jumps"].append(before + line.partition("FORWARD ")[2])
        elif line.startswith("-A FORWARD "):
            before = "behind others: "
        elif line.startswith("-A ") and line.split()[1] in chains:
            chains[line.split()[1]]["rules"].append(line.split(maxsplit=2)[2])
    return dict(chains)


def make(present: Mapping[str, Chain], wanted: Mapping[str, Chain]) -> None:
    """Make chains as they shall be, all in one transaction."""
    _restore([*_chains(wanted), *_without_jumps(present, wanted), *_jumps(wanted)])


def new_lines(wanted: Mapping[str, Chain]) -> Iterator[str]:
    """Yield the lines that make chains where there is nothing of them."""
    yield from _chains(wanted)
    yield from _jumps(wanted)


def remove(present: Mapping[str, Chain], names: Iterable[str]) -> None:
    gone = [name for name in names if name in present]
    if gone:
        _restore([*_without_jumps(present, gone), *(f"-{what} {name}" for name in gone for what in "FX")])


def _chains(wanted: Mapping[str, Chain]) -> Iterator[str]:
    for name, chain in wanted.items():
        yield f":{name} RETURN"
        yield from (f"-A {name} {rule}" for rule in chain["rules"])


def _jumps(wanted: Mapping[str, Chain]) -> Iterator[str]:
    for chain in wanted.values():
        yield from (f"-I FORWARD {number} {jump}" for number, jump in enumerate(chain["jumps"], 1))


def _without_jumps(present: Mapping[str, Chain], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from (f"-D FORWARD {jump.rpartition(': ')[2]}" for jump in present.get(name, {"jumps": []})["jumps"])


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

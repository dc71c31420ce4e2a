# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IPsec of a virtual router on a host: its sites, and the files that strongSwan is given by the program ``router``.

Secrets are files of their own, which root alone reads. What is rendered here names them, so it may be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONFIGURATION, LOCAL = "ipsec.conf", "ipsec.local"
FILES = (CONFIGURATION, LOCAL)  # that a user cannot give
_DEAD_AFTER = 10  # seconds without a packet, and the other end is asked whether it is there (RFC 7296 2.4)


@dataclass(frozen=True)
class Site:
    name: str
    remote: str  # plain IPv4 address
    local_id: str
    remote_id: str
    local_subnets: Sequence[str]
    remote_subnets: Sequence[str]
    psk: str  # name of a secret
    ike_proposals: Sequence[str]
    esp_proposals: Sequence[str]


@dataclass(frozen=True)
class Ipsec:
    address: str  # plain, the router's own outside
    mtu: int  # bytes, of the device that packets are encrypted by
    sites: Sequence[Site]

    @property
    def secrets(self) -> list[str]:
        """The names of the secrets that a user gives."""
        return sorted({site.psk for site in self.sites})


def ipsec_files(ipsec: Ipsec) -> dict[str, str]:
    """Return the files by name. In swanctl(8)'s, ``@NAME`` stands for what is in the secret of that name."""
    return {
        CONFIGURATION: "".join(f"{line}\n" for line in _configuration(ipsec)),
        LOCAL: f"{ipsec.address} {ipsec.mtu}\n",
    }


def _configuration(ipsec: Ipsec) -> Iterator[str]:
    yield from _block("connections", [line for site in ipsec.sites for line in _connection(ipsec, site)])
    yield from _block("secrets", [line for site in ipsec.sites for line in _secret(site)])


def _block(name: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _connection(ipsec: Ipsec, site: Site) -> Iterator[str]:
    """Packets in UDP are all that strongSwan's own ESP knows. Who calls again is the program ``router``."""
    child = [
        *("mode = tunnel", "start_action = start", "dpd_action = restart"),
        f"local_ts = {', '.join(site.local_subnets)}",
        f"remote_ts = {', '.join(site.remote_subnets)}",
        f"esp_proposals = {', '.join(site.esp_proposals)}",
    ]
    lines = [
        *("version = 2", "mobike = no", "encap = yes", "keyingtries = 0", "unique = replace"),
        f"dpd_delay = {_DEAD_AFTER}",
        f"local_addrs = {ipsec.address}",
        f"remote_addrs = {site.remote}",
        f"proposals = {', '.join(site.ike_proposals)}",
        *_block("local", ["auth = psk", f"id = {site.local_id}"]),
        *_block("remote", ["auth = psk", f"id = {site.remote_id}"]),
        *_block("children", list(_block(site.name, child))),
    ]
    yield from _block(site.name, lines)


def _secret(site: Site) -> Iterator[str]:
    ids = [f"id-local = {site.local_id}", f"id-remote = {site.remote_id}"]
    yield from _block(f"ike-{site.name}", [*ids, f"secret = @{site.psk}"])

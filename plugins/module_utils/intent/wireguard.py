# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's WireGuard as frozen values: what a user wrote, checked and canonical. Secrets are names here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    name: str
    public_key: str
    allowed_ips: Sequence[str]  # networks that are behind it: it sends from them alone, and they are reached by it
    networks: Sequence[str]  # full names of the router's that it is joined with
    endpoint: str | None = None  # address:port; None: known when it calls
    preshared_key: str | None = None  # name of a secret
    persistent_keepalive: int = 0  # seconds; 0: none


@dataclass(frozen=True)
class WireGuard:
    name: str
    port: int  # UDP, at the router's own address outside
    addresses: Sequence[str]  # the router's in the tunnel, with prefix length
    private_key: str | None  # name of a secret; None: made on the host
    peers: Sequence[Peer]

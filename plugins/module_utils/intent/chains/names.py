# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What chains and IP sets are called, within the bytes that the kernel has for them."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest, set_mark

FROM, TO = "from", "to"  # the guest at whose plug a packet is judged
WAYS = (FROM, TO)
_DIGITS = 12  # of a hash; 48 bits


class Place(NamedTuple):
    """Where groups are: tenants may have theirs in the same network."""

    tenant: str
    network: str


class Names:
    """All begin with the owner's mark."""

    def __init__(self, owner: str) -> None:
        self._mark = set_mark(owner)

    def common(self, name: str) -> str:
        """Return a chain that a host has once."""
        return self._mark + name

    def port(self, way: str, port: str) -> str:
        """Return the chain of a port for one of the WAYS."""
        return f"{self._mark}{way[0]}-{digest(port, _DIGITS)}"

    def guard(self, port: str) -> str:
        """Return the chain that tells what a port's own addresses are."""
        return f"{self._mark}g-{digest(port, _DIGITS)}"

    def neighbours(self, port: str) -> str:
        """Return the chain that tells which addresses a port may say by neighbour discovery that it has."""
        return f"{self._mark}n-{digest(port, _DIGITS)}"

    def group(self, way: str, place: Place, group: str) -> str:
        """Return the chain with the rules of a group, for its members in a network."""
        return f"{self._mark}{way[0]}g-{_place(place, group)}"

    def members(self, place: Place, name: str, family: int) -> str:
        """Return the set of who is in a group or an address group, as seen in a network."""
        return f"{self._mark}s{family}-{_place(place, name)}"


def _place(place: Place, name: str) -> str:
    return digest(f"{place.tenant} {place.network} {name}", _DIGITS)

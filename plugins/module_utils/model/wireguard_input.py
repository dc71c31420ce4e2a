# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted WireGuard of a router."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    ip_network,
    prefixed_address,
    unicast_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.secret_input import known_secret
from ansible_collections.tenantry.sdn.plugins.module_utils.model.wireguard import Peer, Tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    interface_name,
    shown,
)

_KEY_BYTES = 32
_port = integer(1, 65535)


def parse_tunnel(
    faults: Faults, path: str, given: Mapping[str, Any] | None, secrets: Mapping[str, Any]
) -> Tunnel | None:
    """Return the tunnel; ``secrets`` are those that the task was given, of which it needs some."""
    if given is None:
        return None

    def parsed(key: str, parser: Any) -> Any:
        return faults.parse(f"{path}.{key}", parser, given[key])

    def listed(key: str, parser: Any) -> tuple[Any, ...]:
        found = [faults.parse(f"{path}.{key}[{at}]", parser, value) for at, value in enumerate(given[key])]
        return tuple(filter(None, found))

    return Tunnel(
        name=parsed("name", identifier),
        interface=parsed("interface", interface_name),
        port=parsed("port", _port),
        mtu=parsed("mtu", integer(68, 65535)),
        addresses=listed("addresses", prefixed_address),
        private_key=_secret(faults, f"{path}.private_key", given["private_key"], secrets),
        peers=[_peer(faults, f"{path}.peers[{at}]", peer, secrets) for at, peer in enumerate(given["peers"])],
    )


def _peer(faults: Faults, path: str, given: Mapping[str, Any], secrets: Mapping[str, Any]) -> Peer:
    def parsed(key: str, parser: Any) -> Any:
        return faults.parse(f"{path}.{key}", parser, given[key])

    allowed = [
        faults.parse(f"{path}.allowed_ips[{at}]", ip_network, network)
        for at, network in enumerate(given["allowed_ips"])
    ]
    return Peer(
        name=parsed("name", identifier),
        public_key=parsed("public_key", _key),
        allowed_ips=tuple(filter(None, allowed)),
        endpoint=None if given["endpoint"] is None else parsed("endpoint", _endpoint),
        preshared_key=_secret(faults, f"{path}.preshared_key", given["preshared_key"], secrets),
        persistent_keepalive=parsed("persistent_keepalive", integer(0, 65535)),
    )


def _endpoint(value: Any) -> str:
    address, _colon, port = str(value).rpartition(":")
    return f"{unicast_address(address)}:{_port(port)}"


def is_key(value: Any) -> bool:
    """Say whether a value is 32 bytes in base64, as wg(8) prints keys."""
    try:
        raw = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == _KEY_BYTES and base64.b64encode(raw).decode() == value


def _key(value: Any) -> str:
    if not is_key(value):
        raise ValueError(f"{shown(value)} is no key; write the 44 characters that 'wg pubkey' prints")
    return str(value)


def _secret(faults: Faults, path: str, name: Any, secrets: Mapping[str, Any]) -> str | None:
    return None if name is None else known_secret(faults, path, name, secrets, _fault_of_key)


def _fault_of_key(value: Any) -> str | None:
    return None if is_key(value) else "is no key; write the 44 characters that 'wg genkey' or 'wg genpsk' prints"

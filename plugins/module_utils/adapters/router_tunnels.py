# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of virtual routers, which root alone reads, and what WireGuard has in their namespaces.

No secret is ever part of a plan, which tasks show, nor of the arguments of a program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt, run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_network import is_there
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import is_router_tunnel, router_namespace
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    SERVICES,
    RouterPlan,
    RouterWish,
    service_unit,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.wireguard import (
    DEVICE,
    PRIVATE_KEY,
    Tunnel,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_folder

_SECONDS = 60
_FOLDER = "secrets"
_MODE = 0o600
_GIVEN, _ANOTHER, _OPEN, _MADE = "as given", "another", "open to others", "made here"
_TOLD_OF = {"wireguard": {"secret", "tunnel"}, "ipsec": {"secret"}}  # beside its files
_NONE, _OFF = "(none)", "off"  # as wg(8) prints them

State = tuple[tuple[str, str], object]


def wanted(wish: RouterWish) -> Iterator[State]:
    for name, value in _contents(wish).items():
        yield ("secret", f"{wish.name} {name}"), _MADE if value is None else _GIVEN
    if wish.wireguard:
        yield ("tunnel", f"{wish.name} {wish.wireguard.interface}"), _described(wish.wireguard)


def _contents(wish: RouterWish) -> dict[str, str | None]:
    """Return the secrets of a router by the names of their files; None is made on the host."""
    is_made = wish.wireguard and not wish.wireguard.private_key
    return {**wish.secrets, PRIVATE_KEY: None} if is_made else {**wish.secrets}


def _described(tunnel: Tunnel) -> dict[str, Any]:
    return {
        "port": tunnel.port,
        "private_key": _GIVEN,
        "mtu": tunnel.mtu,
        "up": True,
        "addresses": sorted(tunnel.addresses),
        "routes": tunnel.routes,
        "peers": {
            peer.public_key: {
                "allowed_ips": sorted(peer.allowed_ips),
                "persistent_keepalive": peer.persistent_keepalive,
                "preshared_key": _GIVEN if peer.preshared_key else _NONE,
            }
            for peer in sorted(tunnel.peers, key=lambda peer: peer.public_key)
        },
    }


def read(name: str, wish: RouterWish | None) -> Iterator[State]:
    """Yield what a router has of secrets and tunnels, compared with what it shall have."""
    contents = _contents(wish) if wish else {}
    for file in _files(name):
        yield ("secret", f"{name} {file}"), _state_of(name, file, contents.get(file))
    if not is_there(name) or not os.path.exists(f"{router_folder(name)}/{DEVICE}"):
        return
    for link in json.loads(_ip(name, "-json", "address", "show")):
        if is_router_tunnel(link["ifname"]):
            yield ("tunnel", f"{name} {link['ifname']}"), _found(name, link, wish)


def _files(name: str) -> list[str]:
    with suppress(FileNotFoundError):
        return sorted(os.listdir(_path(name)))
    return []


def _path(name: str, *file: str) -> str:
    return os.path.join(router_folder(name), _FOLDER, *file)


def _secret(name: str, file: str) -> str:
    with suppress(FileNotFoundError), open(_path(name, file), encoding="ascii", errors="replace") as secret:
        return secret.read().strip()
    return ""


def _state_of(name: str, file: str, value: str | None) -> str:
    if os.stat(_path(name, file)).st_mode & 0o777 != _MODE:
        return _OPEN
    found = _secret(name, file)
    if value is None:
        return _MADE if found else _ANOTHER
    return _GIVEN if found == value else _ANOTHER


def _found(name: str, link: Mapping[str, Any], wish: RouterWish | None) -> dict[str, Any]:
    device, tunnel = link["ifname"], wish.wireguard if wish else None
    own, *peers = [line.split("\t") for line in _dump(name, device)]
    named = {peer.public_key: peer.preshared_key for peer in tunnel.peers} if tunnel else {}
    routes = [
        route["dst"] if "/" in route["dst"] else f"{route['dst']}/{128 if ':' in route['dst'] else 32}"
        for family in ("-4", "-6")
        for route in json.loads(_ip(name, family, "-json", "route", "show", "dev", device, "proto", "boot") or "[]")
    ]
    return {
        "port": int(own[2]),
        "private_key": _GIVEN if tunnel and own[0] == _secret(name, tunnel.key_file) else _ANOTHER,
        "mtu": link["mtu"],
        "up": "UP" in link["flags"],
        "addresses": sorted(f"{at['local']}/{at['prefixlen']}" for at in link["addr_info"] if at["scope"] == "global"),
        "routes": sorted(routes),
        "peers": {
            key: {
                "allowed_ips": sorted(networks.split(",")),
                "persistent_keepalive": 0 if keepalive == _OFF else int(keepalive),
                "preshared_key": _judged(name, shared, named.get(key)),
            }
            for key, shared, _endpoint, networks, *_figures, keepalive in sorted(peers)
        },
    }


def _dump(name: str, device: str) -> list[str]:
    """Return the lines of wg(8), none of which may be shown; those of a device without an answer have nothing."""
    done = attempt(["ip", "netns", "exec", router_namespace(name), "wg", "show", device, "dump"])
    return done.stdout.splitlines() or ["(none)\t(none)\t0\toff"]


def _judged(name: str, shared: str, secret: str | None) -> str:
    if shared == _NONE:
        return _NONE
    return _GIVEN if secret and shared == _secret(name, secret) else _ANOTHER


def write_secrets(wish: RouterWish) -> None:
    """Bring the secrets of a router to those it shall have. A key that was made here stays."""
    contents = _contents(wish)
    try:
        if contents:
            os.makedirs(_path(wish.name), 0o700, exist_ok=True)
        for file, value in contents.items():
            if _secret(wish.name, file) != (value or "") or file not in _files(wish.name):
                _write(_path(wish.name, file), value or _secret(wish.name, file) or run(["wg", "genkey"]).strip())
            os.chmod(_path(wish.name, file), _MODE)
        for file in set(_files(wish.name)) - contents.keys():
            os.unlink(_path(wish.name, file))
    except OSError as error:
        raise BackendError(f"Cannot write to {_path(wish.name)}: {error.strerror}. Run the task as root.") from None
    if not contents:
        with suppress(OSError):
            os.rmdir(_path(wish.name))


def _write(path: str, secret: str) -> None:
    draft = f"{path}~"
    with suppress(FileNotFoundError):
        os.unlink(draft)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="ascii") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def change(wish: RouterWish, plan: RouterPlan) -> None:
    """Bring the VPNs of a router to what differs, after services were told of files: other peers notice nothing."""
    touched = {kind for kind, key in plan.after if key.startswith(f"{wish.name} ")}
    for service, kinds in _TOLD_OF.items():
        if service in wish.services and touched & kinds and not _knows(wish, plan, service):
            run(["systemctl", "reload", service_unit(service, wish.name)], _SECONDS)
    tunnel = wish.wireguard
    if not tunnel or ("unit", service_unit("wireguard", wish.name)) in plan.after:
        return
    before: Any = plan.before.get(("tunnel", f"{wish.name} {tunnel.interface}"), {"addresses": [], "routes": []})
    gone = [f"address delete {at}" for at in before["addresses"] if at not in tunnel.addresses]
    gone += [f"route delete {to}" for to in before["routes"] if to not in tunnel.routes]
    _batch(wish, (f"{line} dev {tunnel.interface}" for line in gone))


def _knows(wish: RouterWish, plan: RouterPlan, service: str) -> bool:
    """Say whether a service was started, or told to read its files anew."""
    files = (("file", f"{router_folder(wish.name)}/{name}") for name in SERVICES[service].files)
    return any(key in plan.after for key in (("unit", service_unit(service, wish.name)), *files))


def _batch(wish: RouterWish, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    if text:
        run(["ip", "-n", wish.namespace, "-batch", "-"], _SECONDS, text)


def public_key(wish: RouterWish) -> str | None:
    """Return the public key of a router's WireGuard, None while it has no private one."""
    secret = _secret(wish.name, wish.wireguard.key_file) if wish.wireguard else ""
    return run(["wg", "pubkey"], stdin=f"{secret}\n").strip() if secret else None


def _ip(name: str, *words: str) -> str:
    return run(["ip", "-n", router_namespace(name), *words])

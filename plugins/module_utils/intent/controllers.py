# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenFlow controllers, to which forwarding ``controller`` leaves the flows of the integration bridge.

They are the fabric's, and a hypervisor may have its own: what it says, key by key, is instead of what the fabric says.
Flows of ours and of a controller's on one bridge would undo each other, so no other forwarding has controllers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Claims, Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import controller_target
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS, digest
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    absolute_path,
    integer,
    one_of,
    shown,
)

CONTROLLED = "controller"  # the forwarding that has controllers
# What the bridge of another forwarding is told: to keep nothing of a controller's.
UNCONTROLLED: Mapping[str, Any] = {
    "protocols": [],
    "controllers": [],
    "other_config": {"datapath-id": None, "disable-in-band": None},
}

_MILLISECONDS = 2**31 - 1
_EXAMPLE = "write for example 'targets: [tcp:192.168.1.33:6653]'"
_PKI = "{private_key: /etc/openvswitch/sc-privkey.pem, certificate: ..., ca_cert: ...}"
_ENCRYPTED = ("ssl:", "pssl:")
_REACHED = ("tcp:", "ssl:")  # those that a switch connects to by a network, perhaps its own
Reader = Callable[[Faults, str, Any], Any]  # (faults, path, what is written there): the value, None after a fault

_DATAPATH_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Controllers:
    """What the bridge of one hypervisor is told about its controllers."""

    datapath_id: str  # by which they know it; Open vSwitch's own choice changes with the ports
    targets: tuple[str, ...] = ()
    ssl: Mapping[str, str] | None = None  # column of table SSL: path on the host
    protocols: tuple[str, ...] = ()  # none is Open vSwitch's default
    connection_mode: str = "out-of-band"
    inactivity_probe: int | None = None  # milliseconds; None is Open vSwitch's default
    max_backoff: int | None = None  # milliseconds; None is Open vSwitch's default
    fail_mode: str = "secure"

    @property
    def encrypted(self) -> bool:
        return any(target.startswith(_ENCRYPTED) for target in self.targets)


@dataclass(frozen=True)
class _Given:
    """What stands in one place, parsed."""

    path: str
    written: Collection[str] | None  # the keys that stand there, at fault or not; None if nothing does
    keys: Mapping[str, Any]


def parse_controllers(
    faults: Faults, claims: Claims, fabric: Section, forwarding: str | None
) -> dict[str, Controllers]:
    """Return the controllers of each hypervisor; none where the forwarding has none."""
    whole = _given(faults, "fabric", {"controllers": fabric.value("controllers")} if "controllers" in fabric else {})
    hypervisors = fabric.value("hypervisors") if isinstance(fabric.value("hypervisors"), Mapping) else {}
    own = {
        name: _given(faults, f"fabric.hypervisors.{name}", value, _READERS_OF_ONE)
        for name, value in hypervisors.items()
    }
    if forwarding != CONTROLLED:
        for given in (whole, *own.values()):
            if given.written is not None and forwarding:
                what = f"forwarding {forwarding} makes the flows itself"
                faults.add(given.path, f"{what}; write forwarding: {CONTROLLED}, or leave controllers out")
        return {}
    for given in own.values():
        remedy = "controllers know a switch by it, so give each its own"
        claims.claim("datapath_id", given.keys.get("datapath_id"), f"{given.path}.datapath_id", remedy)
    _require_targets(faults, whole, own)
    return _merged(faults, fabric.value("name"), whole, own)


def bridge_columns(controllers: Controllers) -> dict[str, Any]:
    """Return what ovs_bridge is told beside the ports; a column that the intent leaves out is cleared."""
    columns = {
        "connection_mode": controllers.connection_mode,
        "inactivity_probe": _or_cleared(controllers.inactivity_probe),
        "max_backoff": _or_cleared(controllers.max_backoff),
    }
    in_band = controllers.connection_mode == "in-band"  # then hidden flows pass what goes to a controller
    return {
        "fail_mode": controllers.fail_mode,
        "protocols": list(controllers.protocols),
        "controllers": [{"target": target, **columns} for target in controllers.targets],
        "other_config": {"datapath-id": controllers.datapath_id, "disable-in-band": None if in_band else "true"},
    }


def ssl_files(controllers: Controllers | None) -> dict[str, str] | None:
    """Return the arguments of ovs_ssl, None where no target needs them."""
    return dict(controllers.ssl) if controllers and controllers.ssl and controllers.encrypted else None


def _or_cleared(value: int | None) -> int | str:
    return "" if value is None else value


def _require_targets(faults: Faults, whole: _Given, own: Mapping[str, _Given]) -> None:
    without = [given for given in own.values() if "targets" not in {*(whole.written or ()), *(given.written or ())}]
    if without and len(without) == len(own):
        faults.add(f"{whole.path}.targets", f"missing; {_EXAMPLE}")
    else:
        for given in without:
            faults.add(f"{given.path}.targets", f"missing; {_EXAMPLE}, here or for all in {whole.path}")


def _merged(faults: Faults, fabric: Any, whole: _Given, own: Mapping[str, _Given]) -> dict[str, Controllers]:
    found = {}
    for name, given in own.items():
        controllers = Controllers(**{"datapath_id": digest(f"{fabric} {name}", 16), **whole.keys, **given.keys})
        _check(faults, controllers, {key: given.path if key in given.keys else whole.path for key in _READERS})
        found[name] = controllers
    if "ssl" in whole.keys and not any(controllers.encrypted for controllers in found.values()):
        faults.add(f"{whole.path}.ssl", "no target is ssl:; write one, as ssl:192.168.1.33:6653, or leave ssl out")
    return found


def _check(faults: Faults, controllers: Controllers, origin: Mapping[str, str]) -> None:
    """Record what the keys of a hypervisor say against each other; ``origin`` is the path that it has each from."""
    for target in controllers.targets:
        if controllers.connection_mode == "in-band" and not target.startswith(_REACHED):
            what = f"a bridge itself reaches tcp: and ssl: alone, not {shown(target)}"
            faults.add(f"{origin['connection_mode']}.connection_mode", f"{what}; write out-of-band")
    if controllers.encrypted and controllers.ssl is None:
        faults.add(f"{origin['targets']}.ssl", f"missing; a target is ssl:, so write for example 'ssl: {_PKI}'")


def _given(faults: Faults, holder: str, value: Any, readers: Mapping[str, Reader] | None = None) -> _Given:
    """Return what the key ``controllers`` of the fabric or of a hypervisor says."""
    path = f"{holder}.controllers"
    if not isinstance(value, Mapping) or "controllers" not in value:
        return _Given(path, None, {})
    known = _READERS if readers is None else readers
    section = Section(faults, path, value["controllers"], tuple(known))
    written = {name: section.optional(name, _unparsed, None) for name in known}
    keys = {name: known[name](faults, f"{path}.{name}", item) for name, item in written.items() if item is not None}
    mentioned = value["controllers"] if isinstance(value["controllers"], Mapping) else known
    return _Given(path, mentioned, {name: item for name, item in keys.items() if item is not None})


def _unparsed(value: Any) -> Any:
    return value


def _single(parser: Parser[Any]) -> Reader:
    return lambda faults, path, value: faults.parse(path, parser, value)


def _targets(faults: Faults, path: str, value: Any) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for here, target in each(faults, path, value, controller_target):
        if target in found:
            faults.add(here, f"'{target}' is {found[target]} already; write each controller once")
        found.setdefault(target, here)
    return tuple(found)


def _protocols(faults: Faults, path: str, value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(version for dummy, version in each(faults, path, value, one_of(PROTOCOLS))))


def _ssl(faults: Faults, path: str, value: Any) -> dict[str, str]:
    files = ("private_key", "certificate", "ca_cert")
    section = Section(faults, path, value, files)
    return {name: section.required(name, absolute_path, f"/etc/openvswitch/{name}.pem") or "" for name in files}


def _datapath_id(value: Any) -> str:
    if not isinstance(value, str) or not _DATAPATH_ID.fullmatch(value) or not int(value, 16):
        what = f"{shown(value)} is no datapath id"
        raise ValueError(f"{what}; write 16 hex digits in quotes, not all zero, as '00000000000000a1'")
    return str(value)


_READERS: Mapping[str, Reader] = {
    "targets": _targets,
    "ssl": _ssl,
    "protocols": _protocols,
    "connection_mode": _single(one_of(("in-band", "out-of-band"))),
    "inactivity_probe": _single(integer(0, _MILLISECONDS)),
    "max_backoff": _single(integer(1000, _MILLISECONDS)),
    "fail_mode": _single(one_of(("secure", "standalone"))),
}
_READERS_OF_ONE: Mapping[str, Reader] = {**_READERS, "datapath_id": _single(_datapath_id)}

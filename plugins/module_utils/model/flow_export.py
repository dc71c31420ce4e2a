# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flow exports of a bridge: columns of NetFlow, sFlow and IPFIX, and what a task wants of them.

Units and ranges are those of ovs-vswitchd.conf.db(5) and of the database's schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import ip_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachment, Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    FLAG,
    MAP,
    SAMPLE,
    Column,
    Kind,
    optional,
    parse_columns,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    path_of,
    sequence,
    shown,
    text,
)

_UINT = 2**32 - 1
_TARGET = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[0-9.]+):(?P<port>[0-9]{1,5})")
_TIMEOUT = integer(-1, 2**31 - 1)


def collector(value: Any) -> str:
    """Parse the address of a collector, which Open vSwitch sends UDP to; it does not look names up."""
    target = text(value)
    match = _TARGET.fullmatch(target)
    if match is None:
        raise ValueError(f"{shown(target)} is no collector; write IP:PORT, as '192.0.2.9:2055' or '[fd00::9]:2055'")
    if not 1 <= int(match["port"]) <= 65535:
        raise ValueError(f"port {match['port']} of {shown(target)} is out of range; write a number from 1 to 65535")
    host = ip_address(match["host"].strip("[]"))
    return f"[{host}]:{int(match['port'])}" if ":" in host else f"{host}:{int(match['port'])}"


def _targets(value: Any) -> frozenset[str]:
    targets = frozenset(collector(item) for item in sequence(value))
    if not targets:
        raise ValueError("is empty; name a collector, or write an empty mapping for the export to stop it")
    return targets


def _agent(value: Any) -> str:
    """Parse what sFlow calls itself by: an address, or a network device whose address is taken."""
    try:
        return ip_address(value)
    except ValueError:
        return interface_name(value)


TARGETS = Column(Kind.SET, _targets)
NETFLOW: Mapping[str, Column] = {
    "targets": TARGETS,
    "active_timeout": Column(Kind.SCALAR, lambda value: 0 if value == "" else _TIMEOUT(value)),  # s; 0: 600; -1: never
    "engine_type": optional(integer(0, 255)),
    "engine_id": optional(integer(0, 255)),
    "add_id_to_interface": FLAG,
}
SFLOW: Mapping[str, Column] = {
    "targets": TARGETS,
    "agent": optional(_agent),
    "header": optional(integer(14, 65535)),  # bytes of a sampled frame
    "sampling": optional(integer(1, 2**31 - 1)),  # one frame in so many
    "polling": optional(integer(0, 2**31 - 1)),  # seconds
}
PER_FLOW: Mapping[str, Column] = {
    "targets": TARGETS,
    "cache_active_timeout": optional(integer(0, 4200)),  # seconds
    "cache_max_flows": optional(integer(0, _UINT)),
    "other_config": MAP,
}
PER_BRIDGE: Mapping[str, Column] = {
    "sampling": optional(integer(1, _UINT)),  # one frame in so many
    "obs_domain_id": optional(integer(0, _UINT)),
    "obs_point_id": optional(integer(0, _UINT)),
}
IPFIX: Mapping[str, Column] = {**PER_FLOW, **PER_BRIDGE}
EXPORTS: Mapping[str, tuple[str, Mapping[str, Column]]] = {  # option: (table, its columns)
    "netflow": ("NetFlow", NETFLOW),
    "sflow": ("sFlow", SFLOW),
    "ipfix": ("IPFIX", IPFIX),
}
SAMPLES = "Flow_Sample_Collector_Set"


def parse_exports(params: Mapping[str, Any]) -> Attachments:
    """Return the wanted exports of a bridge, or raise InvalidInput with all faults."""
    faults = Faults()
    bridge = faults.parse("bridge", interface_name, params["bridge"]) or ""
    owner = parse_task(faults, params)
    if params.get("state") == "absent":
        wanted, complete = [], frozenset({SAMPLES, *(table for table, columns in EXPORTS.values())})
    else:
        wanted = [*_exports(faults, params), *_samples(faults, params.get("samples") or ())]
        complete = frozenset({SAMPLES} if params.get("samples") is not None and owner is not None else ())
        if complete and not params["samples"] and not params.get("allow_empty"):
            what = "an empty list would remove every sample of the owner"
            faults.add("samples", f"{what}; if you mean it, set allow_empty: true")
        if params.get("purge"):
            complete |= {table for option, (table, columns) in EXPORTS.items() if params.get(option) is None}
    if params.get("purge") and owner is None:
        faults.add("purge", "only what is marked as ours is ever removed; set owner too")
    faults.raise_any()
    return Attachments(bridge, tuple(wanted), complete)


def _exports(faults: Faults, params: Mapping[str, Any]) -> Iterable[Attachment]:
    for option, (table, columns) in EXPORTS.items():
        given = params.get(option)
        if given is not None:
            said = any(value is not None for value in given.values())
            yield Attachment((table,), parse_columns(faults, f"{option}.", columns, given), present=said)


def _samples(faults: Faults, given: Iterable[Mapping[str, Any]]) -> Iterable[Attachment]:
    numbers = set()
    for index, sample in enumerate(given):
        path = path_of("samples", index)
        columns = parse_columns(faults, f"{path}.", SAMPLE, sample)
        number = columns.get("id")
        if number is not None and number in numbers:
            faults.add(f"{path}.id", f"{number} is listed twice; list each sample once")
        numbers.add(number)
        if sample.get("state") == "absent":
            yield Attachment((SAMPLES, str(number)), present=False)
            continue
        if sample.get("ipfix") is None:
            faults.add(f"{path}.ipfix", "is missing; say where the samples go, as ipfix: {targets: ['192.0.2.9:4739']}")
        yield Attachment((SAMPLES, str(number)), columns)
        ipfix = parse_columns(faults, f"{path}.ipfix.", PER_FLOW, sample.get("ipfix") or {})
        yield Attachment(("IPFIX", str(number)), ipfix)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of allocated ids: a small YAML file beside the intent, which the user reviews and commits.

It is what makes later runs and other machines agree. An id that is no longer used is kept as retired: hosts that have
not converged since still carry it, and a network that took it over would be joined with the old one there. Deleting
the line is the user's word that no host does.

It also lists every hypervisor that ever was in the intent. One that no longer is gets emptied by the next run, while
a name that was never there is a typing error, and must not empty a host.

Three kinds of ids: ``tunnel`` (keys and VNIs), ``vlan`` (on the wire of a physical network) and ``local_vlan`` (inside
the integration bridge). The last two share one space of numbers, since ``plain`` forwarding uses a VLAN of the wire as
the local VLAN too.

OpenFlow port numbers are each hypervisor's own, and as many as there are ports. They stand as text, one line a port:
a YAML reader takes 100,000 of them in the time of some thousand keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import GUEST_OFPORTS, UPLINK_OFPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import (
    LocatedFaults,
    Origins,
    Section,
    no_origin,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import ID_MAXIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    mapping,
    sequence,
    shown,
)

VERSION = 1
MAXIMUM = {**ID_MAXIMUM, "local_vlan": ID_MAXIMUM["vlan"]}
HEADING = """\
# What tenantry.sdn allocated, and what the intent pinned. Written by the tool; commit it beside the intent.
# hypervisors: all that are or were in the intent. One that is gone is emptied by site; then delete its line.
# networks: their ids. retired: ids of networks that are gone or were renumbered; no other network gets them while
# their line stands here. Delete it after site has run on all hosts, if you want to use the id again.
"""
OFPORTS_HEADING = """\
# ofports: OpenFlow port numbers, of ports and of uplinks by their physical network. retired_ofports: those of ports
# that left the hypervisor. As with retired ids, delete a line after site has run on the hypervisor, if ever.
"""

_KEYS = ("version", "hypervisors", "networks", "retired", "ofports", "retired_ofports")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_RETIRED = re.compile(r"(tunnel|vlan|local_vlan)/([1-9][0-9]{0,9})")
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_OFPORT = re.compile(rf"({_LABEL}(?:\.{_LABEL}(?:\.plug|/{_LABEL})?)?) ([1-9][0-9]{{0,4}})")


@dataclass(frozen=True, order=True)
class Id:
    """One number of one kind, written ``kind/number``."""

    kind: str
    number: int

    @property
    def place(self) -> tuple[bool, int]:
        """What two networks may not share: equal for a VLAN and the local VLAN of the same number."""
        return self.kind == "tunnel", self.number

    def __str__(self) -> str:
        return f"{self.kind}/{self.number}"


Ofports = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True)
class Record:
    hypervisors: frozenset[str] = frozenset()  # names that are or were in the intent
    networks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # full name: kind: number
    retired: Mapping[Id, str] = field(default_factory=dict)  # id: full name of the network that had it
    ofports: Ofports = field(default_factory=dict)  # hypervisor: number: full name of the port, or physical network
    retired_ofports: Ofports = field(default_factory=dict)

    def held(self) -> Iterator[tuple[Id, str]]:
        """Yield each id and the network that has it or had it."""
        yield from self.retired.items()
        for name, ids in self.networks.items():
            for kind, number in ids.items():
                yield Id(kind, number), name


def parse_record(raw: Any, origins: Origins = no_origin) -> Record:
    """Return the record, or raise InvalidInput with all faults. An id that stands twice shows a careless merge."""
    faults = LocatedFaults(origins)
    if isinstance(raw, Mapping):  # who deletes the last line of a section, as messages ask for, leaves an empty one
        given = {key: value for key, value in raw.items() if value is not None}
    else:
        given = {"version": VERSION}
        what = "empty" if raw is None else "not a mapping"
        faults.add("allocation record", f"{what}; restore it, or delete the file if nothing was built from it yet")
    section = Section(faults, "", given, _KEYS)
    section.required("version", integer(VERSION, VERSION), str(VERSION))
    record = Record(
        frozenset(_hypervisors(faults, section.optional("hypervisors", sequence, []) or [])),
        dict(_networks(faults, section.optional("networks", mapping, {}) or {})),
        dict(_retired(faults, section.optional("retired", mapping, {}) or {})),
        *(_ofports(faults, key, section.optional(key, mapping, {}) or {}) for key in ("ofports", "retired_ofports")),
    )
    _refuse_shared(faults, record)
    faults.raise_any()
    return record


def render(record: Record) -> str:
    """Return the text of the record: sorted, one line an entry, so that two branches seldom touch the same line."""
    lines = [f"version: {VERSION}", "hypervisors:" if record.hypervisors else "hypervisors: []"]
    lines += [f"  - {_quoted(name)}" for name in sorted(record.hypervisors)]
    lines.append("networks:" if record.networks else "networks: {}")
    for name, ids in sorted(record.networks.items()):
        pairs = ", ".join(f"{kind}: {number}" for kind, number in sorted(ids.items(), reverse=True))
        lines.append(f"  {_quoted(name)}: {{{pairs}}}")
    lines.append("retired:" if record.retired else "retired: {}")
    lines += [f"  {gone}: {_quoted(name)}" for gone, name in sorted(record.retired.items())]
    blocks = [*_blocks("ofports", record.ofports), *_blocks("retired_ofports", record.retired_ofports)]
    return HEADING + "\n".join([(OFPORTS_HEADING if blocks else "") + lines[0], *lines[1:], *blocks]) + "\n"


def _blocks(key: str, ofports: Ofports) -> Iterator[str]:
    if ofports:
        yield f"{key}:"
    for host, numbers in sorted(ofports.items()):
        yield f"  {_quoted(host)}: |"
        yield from sorted(f"    {name} {number}" for number, name in numbers.items())


def network_name(value: Any) -> str:
    """Parse the full name of a network: ``tenant.network``, ``network@pod`` of one that tenants share, or ``network``
    of one where routers meet the outside.
    """
    parts = re.split("([.@])", value) if isinstance(value, str) else []
    if len(parts) == 1:
        return identifier(value)
    if len(parts) != 3:
        raise ValueError(f"{shown(value)} is no network; write it as 'tenant.network', 'network@pod' or 'network'")
    return parts[1].join(map(identifier, (parts[0], parts[2])))


def _quoted(name: str) -> str:
    """Return a name as a YAML 1.1 string: without quotes 1.2 would be a number, and ``no`` a boolean."""
    return f'"{name}"' if name[0].isdigit() or name in _YAML_WORDS else name


def _hypervisors(faults: Faults, given: Sequence[Any]) -> Iterator[str]:
    for index, value in enumerate(given):
        name = faults.parse(f"hypervisors[{index}]", identifier, value)
        if name:
            yield name


def _networks(faults: Faults, given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, int]]]:
    for key, value in given.items():
        path = f"networks.{key}"
        name = faults.parse(path, network_name, key)
        section = Section(faults, path, value, tuple(MAXIMUM))
        ids = {kind: section.optional(kind, integer(1, maximum), 0) for kind, maximum in MAXIMUM.items()}
        if name:
            yield name, {kind: number for kind, number in ids.items() if number}


def _retired(faults: Faults, given: Mapping[str, Any]) -> Iterator[tuple[Id, str]]:
    for key, value in given.items():
        match = _RETIRED.fullmatch(str(key))
        if not match or int(match[2]) > MAXIMUM[match[1]]:
            faults.add(f"retired.{key}", "no id; write it as 'tunnel/5001', 'vlan/120' or 'local_vlan/12'")
        name = faults.parse(f"retired.{key}", network_name, value)
        if match and name:
            yield Id(match[1], int(match[2])), name


def _ofports(faults: Faults, key: str, given: Mapping[str, Any]) -> Ofports:
    found: dict[str, dict[int, str]] = {}
    for host, text in given.items():
        path = f"{key}.{host}"
        name = faults.parse(path, identifier, host)
        numbers = found[name or ""] = {}
        for line in text.splitlines() if isinstance(text, str) else [shown(text)]:
            match = _OFPORT.fullmatch(line)
            if not match or int(match[2]) not in (GUEST_OFPORTS if "." in match[1] else UPLINK_OFPORTS):
                faults.add(path, f"{shown(line)} is no port; write a line as 'acme.web-1 {GUEST_OFPORTS[0]}'")
                continue
            other = numbers.setdefault(int(match[2]), match[1])
            if other != match[1]:
                faults.add(path, f"{match[2]} is {other}'s and {match[1]}'s; delete the line that the host has not")
    return found


def _refuse_shared(faults: Faults, record: Record) -> None:
    holders: dict[tuple[bool, int], str] = {}
    for held, name in sorted(record.held(), key=lambda item: (item[1], item[0])):
        other = holders.setdefault(held.place, name)
        if other != name:
            in_use = record.networks.get(name, {}).get(held.kind) == held.number
            faults.add(
                f"networks.{name}.{held.kind}" if in_use else f"retired.{held}",
                f"{held.number} is {other}'s too, as after a merge of branches; delete the one that no host has",
            )

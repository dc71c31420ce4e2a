# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows, groups and meters of a bridge in normal form, told apart into an owner's and those of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import (
    cookie_of,
    dumped,
    dumped_groups,
    dumped_meters,
    number_of,
    rule,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import Cookie, Program
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

Key = tuple[str, str]  # ("flow", table, priority and match), ("group", number) or ("meter", number)


class Table(NamedTuple):
    ours: frozenset[str]
    theirs: Sequence[str]


EMPTY = Table(frozenset(), ())
Tables = Mapping[str, Table]  # by kind


def read_table(ofctl: OfCtl, kind: str, owner: Program) -> Table:
    if kind == "flow":
        lines = dumped(ofctl.on_bridge("dump-flows", options=("--no-stats", "--no-names")))
        ours = frozenset(_marked(lines, owner.cookie))
    elif kind == "group":
        lines = dumped_groups(ofctl.on_bridge("dump-groups", options=("--no-names",)))
        ours = frozenset(_numbered(kind, lines, owner))
    elif has_meters(ofctl):
        lines = dumped_meters(ofctl.on_bridge("dump-meters"))
        ours = frozenset(_numbered(kind, lines, owner))
    else:
        raise BackendError(
            f"{ofctl.protocol} has no meters, OpenFlow13 and later have. Leave meters out (with state=absent, "
            "meter_ids), or speak such a version: see protocols of tenantry.sdn.ovs_bridge, and protocol."
        )
    return Table(ours, [line for line in lines if line not in ours])


def _numbered(kind: str, lines: Iterable[str], owner: Program) -> list[str]:
    return [line for line in lines if owner.ids[kind].owns(number_of(kind, line))]


def _marked(flows: Iterable[str], cookie: Cookie) -> Iterator[str]:
    """Yield the flows that have the mark; thousands may share few cookies, each of which is looked at once."""
    owns: dict[str, bool] = {}
    for flow in flows:
        text = flow[: flow.find(",")]
        if text not in owns:
            owns[text] = cookie.owns(cookie_of(flow))
        if owns[text]:
            yield flow


def has_meters(ofctl: OfCtl) -> bool:
    return PROTOCOLS.index(ofctl.protocol) >= PROTOCOLS.index("OpenFlow13")


def owned(ofctl: OfCtl, owner: Program) -> dict[str, list[str]]:
    """Return what the owner has, as a task would list it: the cookies without its mark."""
    flows = [_unmarked(flow, owner.cookie) for flow in read_table(ofctl, "flow", owner).ours]
    groups = read_table(ofctl, "group", owner).ours
    meters = read_table(ofctl, "meter", owner).ours if has_meters(ofctl) else ()
    return {"flows": sorted(flows), "groups": sorted(groups), "meters": sorted(meters)}


def _unmarked(flow: str, cookie: Cookie) -> str:
    number = cookie_of(flow) & ~cookie.mask
    rest = flow.partition(",")[2] if flow.startswith("cookie=") else flow
    return f"cookie={number:#x},{rest}" if number else rest


def key_of(kind: str, line: str) -> Key:
    return (kind, rule(line)) if kind == "flow" else (kind, str(number_of(kind, line)))


def keyed(kind: str, lines: Iterable[str]) -> dict[Key, str]:
    return {key_of(kind, line): line for line in lines}

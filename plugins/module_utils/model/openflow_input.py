# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted OpenFlow tables: every fault that can be seen without a switch, at once.

What a match or an action may say is left to Open vSwitch, which reads the texts next. Here is decided what a text is:
one flow or group on one line, with the owner's mark, and nothing that one of the tools would take for a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import number_of
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import (
    HIGHEST,
    KINDS,
    LOWEST,
    Cookie,
    Ids,
    Program,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    integer,
    interface_name,
    path_of,
    shown,
    text,
)

_ALL_BITS = 2**64 - 1
_COMMANDS = "add|modify|modify_strict|delete|delete_strict|add_or_mod|insert_bucket|remove_bucket|flow|group|packet-out"
_BEGINNINGS = frozenset(command[:3] for command in _COMMANDS.split("|"))
_COOKIE = r"(?i)(0x[0-9a-f]{1,16}|[0-9]{1,20})(?:/(0x[0-9a-f]{1,16}|-1|[0-9]{1,20}))?"
# For texts that are not plain; compiled when there is one.
_COMMAND = rf"(?i)\s*(-|(?:{_COMMANDS})\b(?![=:(]))"
_COOKIE_OF_FLOW = r"(?:(?<=[,\s])|^)cookie[=:]([^,\s]*)[,\s]*"
_LEARNED_COOKIE = r"(?i)\bcookie[=:](0x[0-9a-f]{1,16}|[0-9]{1,20})(?![0-9a-f])"
_IDS = r"([0-9]{1,10})(?: *- *([0-9]{1,10}))?"
_TABLE_0 = "table=0,"  # goes without saying in the normal form


def parse_program(params: Mapping[str, Any]) -> Program:
    """Return what the task wants, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = _owner(faults, params)._replace(purge=params["purge"], saved=params.get("saved"))
    if params["state"] == "absent":
        faults.raise_any()
        given = {"flow": (), **{kind: () if ids else None for kind, ids in owner.ids.items()}}
        return owner._replace(lists=given, purge=True, saved=False)
    parsers = {"flow": _flows, "group": _groups, "meter": _meters}
    lists = {kind: _listed(faults, params, kind, parse, owner) for kind, parse in parsers.items()}
    faults.raise_any()
    return owner._replace(lists=lists)


def parse_selection(params: Mapping[str, Any]) -> Program:
    """Return whose flows, groups and meters to read: with no cookie or no numbers, everybody's."""
    faults = Faults()
    owner = _owner(faults, params)
    faults.raise_any()
    everything = Ids((range(2**32),))
    return owner._replace(ids={kind: ids or everything for kind, ids in owner.ids.items()})


def _owner(faults: Faults, params: Mapping[str, Any]) -> Program:
    bridge = faults.parse("bridge", interface_name, params["bridge"])
    faults.parse("timeout", integer(1, 3600), params.get("timeout", 1))
    cookie = None if params["cookie"] is None else faults.parse("cookie", owner_cookie, params["cookie"])
    ids = {kind: faults.parse(f"{kind}_ids", _ids(kind), params.get(f"{kind}_ids")) or Ids() for kind in KINDS[1:]}
    return Program(bridge or "", cookie or Cookie(0, 0), ids)


def owner_cookie(value: Any) -> Cookie:
    """Parse value and mask of the cookie that marks an owner's flows; without a mask all 64 bits are its mark."""
    match = None if isinstance(value, bool) else re.fullmatch(_COOKIE, str(value))
    if not match:
        raise ValueError(
            f"{shown(value)} is no cookie; write 64 bits and which of them are the mark, as "
            "'0x7e4a000000000000/0xffff000000000000'"
        )
    number, mask = int(match[1], 0), _ALL_BITS if match[2] in (None, "-1") else int(match[2], 0)
    if number > _ALL_BITS or mask > _ALL_BITS:
        raise ValueError(f"{shown(value)} has more than 64 bits; write at most {_ALL_BITS:#x}")
    if number & ~mask:
        raise ValueError(f"{shown(value)} has bits that its mask leaves out; write {number & mask:#x}/{mask:#x}")
    if not number:
        raise ValueError(f"{shown(value)} is what the flows of nobody have; write a mark that is not 0")
    return Cookie(number, mask)


def _listed(
    faults: Faults,
    params: Mapping[str, Any],
    kind: str,
    parse: Callable[[Faults, list[Any], Program], Iterable[str]],
    owner: Program,
) -> tuple[str, ...] | None:
    option = f"{kind}s"
    given = params.get(option)
    if given is None:
        return None
    if not given and owner.purge and not params.get("allow_empty"):
        faults.add(
            option, f"an empty list would remove all {option} of the owner; if you mean it, set allow_empty: true"
        )
    return tuple(parse(faults, given, owner))


def _flows(faults: Faults, given: list[Any], owner: Program) -> Iterable[str]:
    """Return the text of each flow, the cookie first.

    Most tasks have thousands of flows with nothing to look at twice, which is seen of all of them together.
    """
    if set(map(type, given)) == {str}:
        together = "".join(given)
        beginnings = {flow[:3].lower() for flow in given}
        own = sum([flow.startswith("cookie=") for flow in given])
        if (
            together.isascii()
            and together.isprintable()
            and "#" not in together
            and together.count("cookie") == own
            and all(word[:1].isalpha() and word not in _BEGINNINGS for word in beginnings)
        ):
            return _marked(faults, given, owner.cookie) if own else _all_marked(given, owner.cookie)
    return [_flow(faults, path_of("flows", index), flow, owner.cookie) for index, flow in enumerate(given)]


def _all_marked(flows: list[str], cookie: Cookie) -> list[str]:
    mark = f"cookie={cookie.value:#x},"
    return [mark + flow.removeprefix(_TABLE_0) for flow in flows]


def _marked(faults: Faults, flows: list[str], cookie: Cookie) -> Iterator[str]:
    """Yield flows with the owner's mark in the cookie, which each has at its start or nowhere."""
    marks = {"": f"cookie={cookie.value:#x},"}
    parse = _flow_cookie(cookie)
    for index, flow in enumerate(flows):
        own, dummy, rest = flow.partition(",") if flow.startswith("cookie=") else ("", "", flow)
        if own not in marks:
            if not re.fullmatch(_COOKIE, own[len("cookie=") :]):
                yield _flow(faults, path_of("flows", index), flow, cookie)
                continue
            number = faults.parse(f"{path_of('flows', index)}: cookie", parse, own[len("cookie=") :]) or 0
            marks[own] = f"cookie={number | cookie.value:#x},"
        yield marks[own] + rest.removeprefix(_TABLE_0)


def _flow(faults: Faults, path: str, given: Any, cookie: Cookie) -> str:
    line = faults.parse(path, one_line, _written(faults, path, given)) or ""
    start = line.find("action")
    head, actions = (line[:start], line[start:]) if start >= 0 else (line, "")
    for learned in re.findall(_LEARNED_COOKIE, actions):
        if cookie.owns(int(learned, 0)):
            faults.add(
                path, f"it learns flows with the owner's cookie {learned}, which every run would remove; use another"
            )
    own = re.search(_COOKIE_OF_FLOW, head)
    number = 0
    if own:
        number = faults.parse(f"{path}: cookie", _flow_cookie(cookie), own[1]) or 0
        head = head[: own.start()] + head[own.end() :]
    return f"cookie={number | cookie.value:#x},{head.removeprefix(_TABLE_0)}{actions}"


def _written(faults: Faults, path: str, given: Any) -> Any:
    """Return the text that a mapping stands for; a text is what it is."""
    if not isinstance(given, Mapping):
        return given
    # Imported for who writes mappings: a task of thousands of texts has no time to lose.
    from ansible_collections.tenantry.sdn.plugins.module_utils.model import openflow_mappings

    if path.startswith("groups"):
        return openflow_mappings.group_text(faults, path, given)
    return openflow_mappings.flow_text(faults, path, given)


def _flow_cookie(owner: Cookie) -> Parser[int]:
    """Parse a flow's own cookie, which may say what the owner's mark leaves free."""

    def parse(value: Any) -> int:
        match = re.fullmatch(_COOKIE, str(value))
        if not match or match[2] or int(match[1], 0) > _ALL_BITS:
            raise ValueError(f"{shown(value)} is no cookie; write 64 bits without a mask, as '0x1f'")
        number = int(match[1], 0)
        if number & owner.mask not in (0, owner.value):
            raise ValueError(f"{shown(value)} has bits of the owner's mask {owner.mask:#x}; leave those 0")
        return number

    return parse


def _groups(faults: Faults, given: list[Any], owner: Program) -> Iterator[str]:
    for index, group in enumerate(given):
        path = path_of("groups", index)
        line = faults.parse(path, one_line, _written(faults, path, group)) or ""
        _refuse_foreign_id(faults, path, "group", line, owner)
        yield line


def _meters(faults: Faults, given: list[Any], owner: Program) -> Iterator[str]:
    # Imported for those who have meters, as what reads mappings is.
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.meter import meter_text, parse_meter

    for index, meter in enumerate(given):
        path = path_of("meters", index)
        if isinstance(meter, Mapping):
            line = faults.parse(path, meter_text, meter)
        else:
            line = faults.parse(path, lambda value: parse_meter(one_line(value)), meter)
        if line:
            _refuse_foreign_id(faults, path, "meter", line, owner)
            yield line


def _refuse_foreign_id(faults: Faults, path: str, kind: str, line: str, owner: Program) -> None:
    number, ids = number_of(kind, line), owner.ids[kind]
    if number is not None and not ids:
        faults.add(path, f"{kind}_ids is missing; set it to the numbers that are the owner's, as '{number}'")
    elif number is not None and not ids.owns(number):
        remedy = f"choose another number, or set {kind}_ids to a range that holds it"
        faults.add(path, f"{kind} {number} is not the owner's, which has {ids}; {remedy}")


def _ids(kind: str) -> Parser[Ids]:
    """Parse numbers and ranges of them, as ``100-199,300``; there are none where nothing is given."""

    def parse(value: Any) -> Ids:
        parts = [] if value is None else str(value).split(",")
        return Ids(tuple([_range(part.strip(), LOWEST[kind], HIGHEST[kind]) for part in parts]))

    return parse


def _range(part: str, lowest: int, highest: int) -> range:
    match = re.fullmatch(_IDS, part)
    if not match:
        raise ValueError(f"{shown(part)} is no range of ids; write one as '100-199' or '300'")
    low, high = int(match[1]), int(match[2] or match[1])
    if low < lowest or high > highest:
        raise ValueError(f"{shown(part)} is out of range; write ids from {lowest} to {highest}")
    if high < low:
        raise ValueError(f"{shown(part)} ends before it starts; write '{high}-{low}'")
    return range(low, high + 1)


def one_line(value: Any) -> str:
    """Parse one flow, group or meter: nothing that a tool would read as more than one, as a comment or as a command."""
    line = text(value).strip()
    if not line:
        raise ValueError("is empty; write it as in ovs-ofctl(8), or leave it out")
    if not line.isascii():
        raise ValueError(f"{shown(line)} holds characters that are not ASCII; write it as in ovs-ofctl(8)")
    if "#" in line:
        raise ValueError(f"{shown(line)} holds a '#', which starts a comment; leave it out")
    command = re.match(_COMMAND, line)
    if command:
        raise ValueError(f"{shown(line)} starts with '{command[1]}', a command; write what shall be there alone")
    return line

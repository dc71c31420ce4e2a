# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted OpenFlow tables: every fault that can be seen without a switch, at once.

What a match or an action may say is left to Open vSwitch, which reads the texts next. Here is decided what a text is:
one flow on one line, with the owner's cookie, and nothing that one of the tools would take for a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import Cookie, Program
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    integer,
    interface_name,
    path_of,
    sequence,
    shown,
    text,
)

_COOKIE = re.compile(r"(0x[0-9a-f]{1,16}|[0-9]{1,20})(?:/(0x[0-9a-f]{1,16}|-1|[0-9]{1,20}))?", re.IGNORECASE)
_ALL_BITS = 2**64 - 1
_COMMAND = re.compile(
    r"\s*(-|(?:add|modify|modify_strict|delete|delete_strict|flow|group|packet-out)\b(?![=:(]))", re.IGNORECASE
)
_COOKIE_OF_FLOW = re.compile(r"(?:(?<=[,\s])|^)cookie[=:]([^,\s]*)[,\s]*")


def parse_program(params: Mapping[str, Any]) -> Program:
    """Return what the task wants, or raise InvalidInput with all faults."""
    faults = Faults()
    bridge = faults.parse("bridge", interface_name, params["bridge"]) or ""
    faults.parse("timeout", integer(1, 3600), params.get("timeout", 1))
    cookie = faults.parse("cookie", owner_cookie, params["cookie"])
    present = params["state"] == "present"
    flows = None if params.get("flows") is None else sequence(params["flows"])
    if present and flows == [] and params["purge"] and not params.get("allow_empty"):
        faults.add("flows", "an empty list would remove every flow of the owner; if you mean it, set allow_empty: true")
    wanted = _flows(faults, flows or [], cookie) if cookie else ()
    faults.raise_any()
    if not present:
        return Program(bridge, cookie or Cookie(0, 0), ())
    return Program(bridge, cookie or Cookie(0, 0), None if flows is None else tuple(wanted), params["purge"])


def owner_cookie(value: Any) -> Cookie:
    """Parse value and mask of the cookie that marks an owner's flows; without a mask all 64 bits are its mark."""
    match = None if isinstance(value, bool) else _COOKIE.fullmatch(str(value))
    if not match:
        raise ValueError(
            f"{shown(value)} is no cookie; write 64 bits and which of them are the mark, as "
            "'0x7e4a000000000000/0xffff000000000000'"
        )
    number, mask = int(match[1], 0), _ALL_BITS if match[2] in (None, "-1") else int(match[2], 0)
    if number > _ALL_BITS or mask > _ALL_BITS:
        raise ValueError(f"{shown(value)} has more than 64 bits; write at most 0xffffffffffffffff")
    if number & ~mask:
        raise ValueError(f"{shown(value)} has bits that its mask leaves out; write {number & mask:#x}/{mask:#x}")
    if not number:
        raise ValueError(f"{shown(value)} is what flows of nobody have; write a mark that is not 0")
    return Cookie(number, mask)


def _flows(faults: Faults, given: list[Any], cookie: Cookie) -> tuple[str, ...]:
    """Return the text of each flow, the cookie first.

    Most tasks have thousands of flows with nothing to look at twice, which is seen of all of them together.
    """
    mark = f"cookie={cookie.value:#x},"
    if all(isinstance(flow, str) for flow in given):
        together = "".join(given)
        harmless = together.isascii() and together.isprintable() and "#" not in together and "cookie" not in together
        if harmless and all(given) and not any(map(_COMMAND.match, given)):
            return tuple([mark + flow for flow in given])
    return tuple([_flow(faults, path_of("flows", index), flow, cookie) for index, flow in enumerate(given)])


def _flow(faults: Faults, path: str, given: Any, cookie: Cookie) -> str:
    line = faults.parse(path, one_line, given) or ""
    start = line.find("action")
    head, actions = line[:start], line[start:]
    own = _COOKIE_OF_FLOW.search(head)
    number = 0
    if own:
        number = faults.parse(f"{path}: cookie", flow_cookie(cookie), own[1]) or 0
        head = head[: own.start()] + head[own.end() :]
    return f"cookie={number & ~cookie.mask | cookie.value:#x},{head}{actions}"


def flow_cookie(owner: Cookie) -> Parser[int]:
    """Parse a flow's own cookie, which may say what the owner's mark leaves free."""

    def parse(value: Any) -> int:
        match = _COOKIE.fullmatch(str(value))
        if not match or match[2] or int(match[1], 0) > _ALL_BITS:
            raise ValueError(f"{shown(value)} is no cookie; write 64 bits without a mask, as '0x1f'")
        number = int(match[1], 0)
        if number & owner.mask not in (0, owner.value):
            raise ValueError(f"{shown(value)} has bits of the owner's mask {owner.mask:#x}; leave those 0")
        return number

    return parse


def one_line(value: Any) -> str:
    """Parse one flow, group or meter: nothing that a tool would read as more than one, as a comment or as a command."""
    line = text(value).strip()
    if not line.isascii():
        raise ValueError(f"{shown(line)} holds characters that are not ASCII; write it as in ovs-ofctl(8)")
    if not line:
        raise ValueError("is empty; write it as in ovs-ofctl(8), or leave it out")
    if "#" in line:
        raise ValueError(f"{shown(line)} holds a '#', which starts a comment; leave it out")
    command = _COMMAND.match(line)
    if command:
        raise ValueError(f"{shown(line)} starts with '{command[1]}', a command; write what shall be there alone")
    return line

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted chains and jumps: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import (
    FAMILIES,
    TABLES,
    Chain,
    Jump,
    Wanted,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_rule_input import parse_rule
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import JUMP_COMMENT_BYTES
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import chain_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    one_of,
    path_of,
    shown,
)

LISTED = Listed("chains", "name", "chain", "chain", ("rules",))
_INCOMING = ("PREROUTING", "INPUT")  # chains in which it is not known yet where a packet leaves
_OUTGOING = ("OUTPUT", "POSTROUTING")  # and where it is not known any more where it came from

_ANY = "RETURN"  # the target of a jump whose own is wrong, and told of by then


def parse_rules(params: Mapping[str, Any]) -> Wanted:
    """Return what is wanted of a table, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, {"owner": params.get("owner")})
    table = params["table"]
    families = FAMILIES if params["family"] == "both" else (params["family"],)
    chains = [_chain(faults, path, table, families, given, owner) for path, given in LISTED.items(faults, params)]
    jumps = None if params.get("jumps") is None else list(_jumps(faults, table, families, chains, params))
    faults.raise_any()
    mark = set_mark(owner) if owner is not None and LISTED.is_complete(params) else None
    return Wanted(table, families, chains, jumps, mark)


def _chain(
    faults: Faults, path: str, table: str, families: tuple[str, ...], given: Mapping[str, Any], owner: str | None
) -> Chain:
    name = faults.parse(f"{path}name", chain_name, given["name"]) or ""
    mark = set_mark(owner) if owner else ""
    if name and not name.startswith(mark):
        what = f"{shown(name)} is not of owner {shown(owner)}, whose chains begin with {shown(mark)}"
        faults.add(f"{path}name", f"{what}; write '{mark}{name}', or leave owner out")
    if given.get("state") == "absent":
        return Chain(path, name, present=False)
    if given.get("rules") is None:
        return Chain(path, name)
    places = (f"{path}{path_of('rules', index)}." for index in range(len(given["rules"])))
    rules = (parse_rule(faults, place, table, families, one) for place, one in zip(places, given["rules"]))
    return Chain(path, name, rules=tuple(rules))


def _jumps(
    faults: Faults, table: str, families: tuple[str, ...], chains: list[Chain], params: Mapping[str, Any]
) -> Iterator[Jump]:
    names = {chain.name: chain.present for chain in chains}
    single = chains[0].name if params.get("chains") is None and chains else None
    for index, given in enumerate(params["jumps"]):
        path = f"{path_of('jumps', index)}."
        builtin = faults.parse(f"{path}chain", one_of(TABLES[table]), given["chain"]) or ""
        target = single if given.get("target") is None else given["target"]
        if target is None:
            faults.add(f"{path}target", "is missing; write the chain of this task that it leads to")
        told = target is None or (target == "" and given.get("target") is None)
        rule = parse_rule(faults, path, table, families, {**given, "target": _ANY if told else target})
        if rule.target and not told and not names.get(rule.target):
            what = "is to go" if rule.target in names else "is no chain of this task"
            faults.add(f"{path}target", f"{shown(rule.target)} {what}; write one of those that it has")
        if len((rule.comment or "").encode()) > JUMP_COMMENT_BYTES:
            faults.add(f"{path}comment", f"has more bytes than the {JUMP_COMMENT_BYTES} of a jump; write less")
        for options, where in ((("out_interface",), _INCOMING), (("in_interface", "mac_source"), _OUTGOING)):
            for option in options:
                if given.get(option) is not None and builtin in where:
                    faults.add(f"{path}{option}", f"is not known in {builtin}; leave it out, or write another chain")
        yield Jump(builtin, rule, given.get("position") or "first")

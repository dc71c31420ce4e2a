# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan: the desired state of every host of a fabric, compiled once, as a directory that runs take them from.

``plan.json`` names the file of each host by the hash of its content, and is replaced in one step after these are
there. So whoever reads a plan, also while the next one is made or after that was killed, finds the old or the new one
whole. Nothing in it depends on when, where, or after which plan it was made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput

FORMAT = 2  # of the directory and of the states in it; 1 had nothing routed and no gateways
FIGURES = ("tunnels", "flows", "sets", "elements", "rules")  # that a host has
ANEW = "make the plan anew with the playbook tenantry.sdn.plan"

_HOSTS = ' "hosts": {\n'
_END = "\n }\n}\n"

_encode = json.JSONEncoder(sort_keys=True).encode


class HostPlan(NamedTuple):
    """Of one host: as a tuple, since whoever wants one of 10,000 reads them all."""

    state: str  # SHA-256 of the file, in hex
    inputs: str  # hash of all that the state is a function of; empty: not known
    figures: Sequence[int]  # in the order of FIGURES


@dataclass(frozen=True)
class Plan:
    fabric: str
    collection: str  # version that made it
    intent: str  # hash of intent and record
    encrypted: (
        bool  # the intent has values from Ansible's vault, and the files of the hosts are closed with its password
    )
    warnings: Sequence[str]
    summary: Mapping[str, Any]
    hosts: Mapping[str, HostPlan]
    others: Sequence[str] = ()  # hosts that the fabric has, and a plan for one run does not

    def changes(self, before: Plan | None) -> dict[str, list[str]]:
        """Return the hosts whose state another plan did not have, or had otherwise, and those that this one lacks."""
        old = before.hosts if before else {}
        return {
            "added": sorted(self.hosts.keys() - old.keys()),
            "changed": sorted(name for name, host in self.hosts.items() if old.get(name, host).state != host.state),
            "removed": sorted(old.keys() - self.hosts.keys()),
        }

    def pending(self, applied: Mapping[str, str]) -> list[str]:
        """Return the hosts that were not brought to their state since it became what it is."""
        return sorted(name for name, host in self.hosts.items() if applied.get(name) != host.state)


def render(plan: Plan) -> str:
    """Return the text of plan.json: a host a line, for people who compare two."""
    head = {"format": FORMAT, **{field.name: getattr(plan, field.name) for field in fields(plan)}}
    del head["hosts"]
    lines = [f" {json.dumps(name)}: {json.dumps(value, sort_keys=True)}" for name, value in head.items()]
    hosts = [f"  {json.dumps(name)}: {json.dumps(host)}" for name, host in sorted(plan.hosts.items())]
    return "{\n" + ",\n".join([*lines, _HOSTS + ",\n".join(hosts)]) + _END


def parse(text: str, path: str, version: str) -> Plan:
    """Return the plan of a plan.json, or raise InvalidInput: it is torn, or for another version of the collection."""
    try:
        given = json.loads(text)
        made, collection = int(given.pop("format")), str(given["collection"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InvalidInput([f"{path}: is not whole; {ANEW}"]) from None
    if made > FORMAT or _numbers(collection) > _numbers(version):
        what = f"made by tenantry.sdn {collection}, which is newer than {version} that runs here"
        raise InvalidInput([f"{path}: {what}; update the collection, or {ANEW}"])
    if made < FORMAT:
        raise InvalidInput([f"{path}: made by tenantry.sdn {collection} in a form that is not read any more; {ANEW}"])
    try:
        hosts = {name: HostPlan(*host) for name, host in given["hosts"].items()}
        return Plan(**{**given, "hosts": hosts, "others": tuple(given["others"])})
    except (AttributeError, KeyError, TypeError):
        raise InvalidInput([f"{path}: is not whole; {ANEW}"]) from None


def of_one(text: str, host: str) -> str:
    """Return the text of a plan.json with this host alone, which is soon parsed; all of it if it has no such line."""
    head, hosts, lines = text.partition(_HOSTS)
    line = re.search(f"^  {re.escape(json.dumps(host))}: .*?(?=,?$)", lines, re.MULTILINE)
    return f"{head}{hosts}{line[0]}{_END}" if line and text.endswith(_END) else text


def render_state(state: Mapping[str, Any]) -> str:
    """Return the text of a host's file: a port, network or flow a line, for people who compare two."""
    lines = [f" {_encode(name)}: {_listed(value)}" for name, value in state.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _listed(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _encode(value)
    return "[\n  " + ",\n  ".join(map(_encode, value)) + "\n ]"


def _numbers(version: str) -> list[int]:
    """Return a version as what it is compared by; what is behind its three numbers does not count."""
    return [int(part) for part in version.partition("-")[0].partition("+")[0].split(".") if part.isdigit()]

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows and groups that are written as mappings, as the text of ovs-ofctl(8) that they stand for.

Only the seams are looked at here: no value may hold what would end it in a text, so that each stays what it is. What
the values mean is Open vSwitch's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, known_keys, shown, text

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"[^\s,#=()]+(?:\([^\s#=()]*\))?|\([^\s#=()]*\)")
_OF_FLOW = {
    "table": integer(0, 253),
    "priority": integer(0, 65535),
    "idle_timeout": integer(0, 65535),  # seconds
    "hard_timeout": integer(0, 65535),  # seconds
    "importance": integer(0, 65535),
}
_FLOW_KEYS = (*_OF_FLOW, "cookie", "match", "actions")
_GROUP_TYPES = {"fast_failover": "ff"}  # the names of the specification that ovs-ofctl prints otherwise
_GROUP_KEYS = ("group_id", "type", "selection_method", "selection_method_param", "fields", "buckets")
_BUCKET_KEYS = ("bucket_id", "weight", "watch_port", "watch_group", "actions")


def flow_text(faults: Faults, path: str, flow: Mapping[str, Any]) -> str:
    """Return the text of a flow, which starts with table, priority and match as Open vSwitch would print them."""
    known_keys(faults, path, flow, _FLOW_KEYS)
    parts = []
    if flow.get("cookie") is not None:
        parts.append(f"cookie={faults.parse(f'{path}.cookie', word, flow['cookie'])}")
    for name, parse in _OF_FLOW.items():
        if flow.get(name) is not None:
            parts.append(f"{name}={faults.parse(f'{path}.{name}', parse, flow[name])}")
    parts += _match(faults, f"{path}.match", flow.get("match"))
    return ",".join([*parts, f"actions={_actions(faults, path, flow)}"])


def group_text(faults: Faults, path: str, group: Mapping[str, Any]) -> str:
    known_keys(faults, path, group, _GROUP_KEYS)
    parts = []
    for name in ("group_id", "type"):
        if group.get(name) is None:
            faults.add(f"{path}.{name}", "is missing; a group has both group_id and type")
    for name in ("group_id", "type", "selection_method", "selection_method_param"):
        if group.get(name) is not None:
            value = faults.parse(f"{path}.{name}", word, group[name]) or ""
            parts.append(f"{name}={_GROUP_TYPES.get(value, value)}")
    fields = _listed(faults, f"{path}.fields", group.get("fields"), word)
    if fields:
        parts.append(f"fields({','.join(fields)})")
    parts += [f"bucket={bucket}" for bucket in _buckets(faults, f"{path}.buckets", group.get("buckets"))]
    return ",".join(parts)


def word(value: Any) -> str:
    """Parse a value that stands between two commas of a text."""
    plain = str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)
    if not plain.isascii() or not _VALUE.fullmatch(plain):
        raise ValueError(f"{shown(value)} is no single value; write it without spaces, commas, '=' and '#'")
    return plain


def _match(faults: Faults, path: str, match: Any) -> Iterable[str]:
    if match is None:
        return
    if isinstance(match, str):
        if faults.parse(path, _match_text, match):
            yield match
        return
    if not isinstance(match, Mapping):
        faults.add(path, f"{shown(match)} is no match; write it as 'in_port=1,ip', or as a mapping")
        return
    for name, value in match.items():
        if not _NAME.fullmatch(str(name)) or str(name) in _FLOW_KEYS or str(name).startswith("action"):
            faults.add(f"{path}.{name}", "is no field of a match; see ovs-fields(7)")
        elif value is None or value is True:
            yield str(name)
        else:
            yield f"{name}={faults.parse(f'{path}.{name}', word, value)}"


def _match_text(value: str) -> str:
    line = text(value)
    if "action" in line or "#" in line:
        raise ValueError(f"{shown(line)} holds more than a match; write the actions under actions")
    return line


def _actions(faults: Faults, path: str, flow: Mapping[str, Any]) -> str:
    actions = _listed(faults, f"{path}.actions", flow.get("actions"), _action_text)
    if not actions:
        faults.add(f"{path}.actions", "are missing, which would drop; write drop if you mean it")
    return ",".join(actions)


def _action_text(value: Any) -> str:
    line = text(value)
    if not line.strip() or "#" in line or re.match(r"\s*actions?\s*=", line):
        raise ValueError(f"{shown(line)} is no action; write it as 'output:2' or 'drop'")
    return line


def _buckets(faults: Faults, path: str, buckets: Any) -> Iterable[str]:
    if buckets is not None and not isinstance(buckets, (list, tuple)):
        faults.add(path, f"{shown(buckets)} is not a list; write one bucket a line, each after '- '")
        return
    for index, bucket in enumerate(buckets or ()):
        here = f"{path}[{index}]"
        if not isinstance(bucket, Mapping):
            yield faults.parse(here, _bucket_text, bucket) or ""
            continue
        known_keys(faults, here, bucket, _BUCKET_KEYS)
        given = [name for name in _BUCKET_KEYS[:-1] if bucket.get(name) is not None]
        parts = [f"{name}:{faults.parse(f'{here}.{name}', word, bucket[name])}" for name in given]
        yield ",".join([*parts, f"actions={_actions(faults, here, bucket)}"])


def _bucket_text(value: Any) -> str:
    line = text(value)
    if not line.strip() or "#" in line:
        raise ValueError(f"{shown(line)} is no bucket; write it as 'output:2' or 'weight:5,actions=output:2'")
    if "bucket=" in line or "bucket:" in line:
        raise ValueError(f"{shown(line)} holds more than one bucket; write one bucket a line")
    return line


def _listed(faults: Faults, path: str, value: Any, parse: Callable[[Any], str]) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return [faults.parse(path, parse, item) or "" for item in items]

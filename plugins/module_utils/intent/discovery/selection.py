# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select records from the answers of an API by JMESPath expressions, which a user may change.

jmespath runs on the controller alone.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, known_keys, mapping, shown, text

try:
    import jmespath
except ImportError:  # whoever discovers nothing needs none
    jmespath = None


class Record(dict[str, Any]):
    """What was selected; a field that the expression does not give is None."""

    def __missing__(self, key: str) -> None:
        return None


def select(faults: Faults, answers: Any, expressions: Mapping[str, str], changed: Any) -> dict[str, list[Record]]:
    """Return what each expression selects of the answers, without records that are empty.

    ``changed`` has expressions to use instead of those of the same name.
    """
    if jmespath is None:
        raise SdnError(
            f"The Python package jmespath is missing on the controller, for the Python that runs Ansible "
            f"({sys.executable}). Install it: pip install jmespath, or apt install python3-jmespath."
        )
    own = faults.parse("mapping", mapping, changed) or {}
    known_keys(faults, "mapping", own, expressions)
    data = plain(answers)
    return {name: _selected(faults, name, {**expressions, **own}[name], data) for name in expressions}


def _selected(faults: Faults, name: str, expression: Any, data: Any) -> list[Record]:
    path = f"mapping.{name}"
    source = faults.parse(path, text, expression)
    if source is None:
        return []
    try:
        found = jmespath.search(source, data)
    except jmespath.exceptions.JMESPathError as error:
        faults.add(path, f"JMESPath cannot use {shown(source)}: {' '.join(str(error).split())}")
        return []
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        faults.add(path, f"selects {shown(found)}; write an expression that gives a list of mappings, as '[].{{a: b}}'")
        return []
    return [_record(record) for record in found if any(value is not None for value in record.values())]


def _record(value: Any) -> Any:
    if isinstance(value, dict):
        return Record((key, _record(item)) for key, item in value.items())
    return [_record(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Return the value without Ansible's own types of text and lists, of which jmespath knows nothing."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return value

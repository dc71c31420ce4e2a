# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of an intent say, kept beside its plan: of 5,000 files, the one that changed alone is read as YAML.

A value is known by the hash of the text that it was read from, and of no use to other code than that which read it. It
is kept only if JSON gives it back as it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import write_atomically
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.yaml_documents import Document

PARSED_FILE = "parsed.json"


def read_parsed(folder: str, code: str) -> Mapping[str, Any]:
    """Return the values by the hashes of their texts; none if the file is not there, torn, or of other code."""
    try:
        with open(os.path.join(folder, PARSED_FILE), encoding="utf-8") as file:
            given = json.load(file)
        return dict(given["values"]) if given["code"] == code else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep_parsed(folder: str, code: str, documents: Iterable[Document], known: Mapping[str, Any]) -> None:
    """Have the values of these documents in the file, and no others. ``known`` is what was read from it."""
    path = os.path.join(folder, PARSED_FILE)
    values = {one.digest: one.value for one in documents if one.digest in known or _is_plain(one.value)}
    if not values:
        with suppress(FileNotFoundError):
            os.unlink(path)
    elif values.keys() != known.keys():
        lines = [f"  {json.dumps(digest)}: {json.dumps(value)}" for digest, value in sorted(values.items())]
        write_atomically(path, f'{{"code": {json.dumps(code)}, "values": {{\n' + ",\n".join(lines) + "\n}}\n")


def _is_plain(value: Any) -> bool:
    """Say whether JSON keeps a value: no date, no number as a key."""
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False

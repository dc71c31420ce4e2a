# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that options name. What is said of one never repeats its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, identifier

FaultOf = Callable[[Any], Optional[str]]  # of a value, as "is no key; write ..."


def known_secret(faults: Faults, path: str, name: Any, secrets: Mapping[str, Any], fault_of: FaultOf) -> str | None:
    """Return the name of a secret that is there, and without fault."""
    parsed = faults.parse(path, identifier, name)
    if parsed and parsed not in secrets:
        faults.add(path, f"no secret is called '{parsed}'; add it to tenantry_secrets, by Vault")
    elif parsed and (fault := fault_of(secrets[parsed])):
        faults.add(path, f"the secret '{parsed}' {fault}")
    return parsed

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all filters have in common: how they fail."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError

F = TypeVar("F", bound=Callable[..., Any])


def surfacing(function: F) -> F:
    """Turn an SdnError of a filter into the error that Ansible shows; the rest are bugs and keep their traceback."""

    @functools.wraps(function)
    def filtered(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SdnError as error:
            raise AnsibleFilterError(error.message) from None

    return filtered  # type: ignore[return-value]

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference between what is and what shall be: the only diff in the repository.

Both sides are maps of canonical values, so that ``==`` is the comparison. Laws (tests/unit/test_plan.py):
``between(a, a)`` is empty, and ``apply(a, between(a, d)) == d``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class Plan(Generic[K, V]):
    """Changes that lead from the actual to the desired state. Falsy when there are none."""

    create: Mapping[K, V]
    update: Mapping[K, tuple[V, V]]  # key: (actual, desired)
    delete: Mapping[K, V]

    @classmethod
    def between(cls, actual: Mapping[K, V], desired: Mapping[K, V]) -> Plan[K, V]:
        return cls(
            create={key: value for key, value in desired.items() if key not in actual},
            update={
                key: (actual[key], value) for key, value in desired.items() if key in actual and actual[key] != value
            },
            delete={key: value for key, value in actual.items() if key not in desired},
        )

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete)

    @property
    def before(self) -> dict[K, V]:
        """What the changes replace: the actual values of updated and deleted keys."""
        return {**self.delete, **{key: old for key, (old, new) in self.update.items()}}

    @property
    def after(self) -> dict[K, V]:
        """What the changes bring: the desired values of created and updated keys."""
        return {**self.create, **{key: new for key, (old, new) in self.update.items()}}


def apply(actual: Mapping[K, V], plan: Plan[K, V]) -> dict[K, V]:
    """Return the state that ``plan`` turns ``actual`` into."""
    return {**{key: value for key, value in actual.items() if key not in plan.delete}, **plan.after}

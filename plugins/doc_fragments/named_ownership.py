# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules whose things are an owner's by their names; mirrors module_utils/arguments.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  owner:
    description:
      - Whose these are. The kernel keeps nothing of a set or a chain but its name that could say so, so names are the
        mark. Those of the owner begin with the owner and a dot, as V(dc1.web). If the owner has more than 11
        characters, or others than lower-case letters, digits and V(-), a hash of 12 digits takes its place, which the
        refusal of another name tells.
      - With an owner nothing else is ever changed or removed, and a name that does not begin so is an error. What has
        such a name and was made by somebody else is taken for the owner's.
      - Without an owner the task manages exactly what it names, whoever made it, and removes nothing else. That may be
        Docker's, or an owner's, since anybody may have chosen a name with a dot. Give an owner on hosts where others
        have some.
    type: str
  allow_empty:
    description:
      - With an owner an empty list is refused, since a mistyped variable must not empty a host.
      - Set this to V(true) to remove all that the owner has.
    type: bool
    default: false
"""

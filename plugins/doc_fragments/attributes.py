# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that every module of the collection keeps."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Predicts exactly what would be changed, and changes nothing.
    support: full
  diff_mode:
    description: Returns what differs, before and after, in the words of the options.
    support: full
  idempotent:
    description: A second run with the same options reads once, writes nothing and reports no change.
    support: full
  platform:
    description: The target operating systems. Debian and Ubuntu are tested.
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: N/A
  idempotent:
    description: Changes nothing however often it runs.
    support: full
  platform:
    description: The target operating systems. Debian and Ubuntu are tested.
    support: full
    platforms: linux
"""

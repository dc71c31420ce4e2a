# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters about addresses have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  exclude:
    description: Addresses, ranges (C(first-last)) and networks to leave out. One string with commas, or a list.
    type: raw
    default: []
notes:
  - Needs the Python package netaddr on the controller.
  - IPv4 and IPv6.
"""

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that manage the Open vSwitch database; mirrors module_utils/arguments.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
requirements:
  - Open vSwitch 2.17 or later, running
  - python3-openvswitch (a dependency of Debian's and Ubuntu's openvswitch-switch)
options:
  database:
    description: Where ovsdb-server listens, as an active OVSDB connection method (ovsdb(7)).
    type: str
    default: unix:/run/openvswitch/db.sock
  timeout:
    description:
      - Seconds to wait for an answer of ovsdb-server, and for ovs-vswitchd to apply the change.
      - After that the task fails and names the daemon.
    type: int
    default: 10
"""

    OWNERSHIP = r"""
options:
  owner:
    description:
      - Mark everything that the task makes with this name (C(external_ids:tenantry-owner)), and take the given list
        as complete for this owner.
      - With an owner, only state with this mark is ever changed or removed; anything else in the way is an error.
      - Without an owner, the task manages exactly what it names, whoever made it, and removes nothing else.
    type: str
  adopt:
    description: Take over what is in the way and has another owner or none. Needs O(owner).
    type: bool
    default: false
  allow_empty:
    description:
      - With an owner an empty list is refused, since a mistyped variable must not empty a host.
      - Set this to V(true) to remove everything of the owner.
    type: bool
    default: false
"""

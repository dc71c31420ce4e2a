# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option of the modules that tenantry.sdn.converge runs; mirrors module_utils/arguments.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run:
    description:
      - The run of Ansible that the task is a part of, as M(tenantry.sdn.converge) names it. Other tasks leave it out.
      - One run at a time changes a host. The task fails and changes nothing if another run is changing the host, or has
        changed it since this run came first.
    type: str
    version_added: "0.3.0"
"""

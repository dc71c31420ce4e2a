# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every run of ansible-playbook begins with, done when this is imported: Ansible and plugins that all runs use."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ansible.plugins import loader

import_module("ansible.cli.playbook")  # most of Ansible
import_module("ansible.plugins.vars.host_group_vars")  # its loader would take the class for a plugin

OURS = Path(__file__).parents[2] / "plugins"
BUILTIN = {
    "action": ("assert", "debug", "include_tasks", "normal", "set_fact"),
    "become": ("sudo",),
    "callback": ("default",),
    "connection": ("local", "ssh"),
    "inventory": ("advanced_host_list", "auto", "host_list", "ini", "script", "toml", "yaml"),
    "shell": ("sh",),
    "strategy": ("linear",),
}

loader.init_plugin_loader()
for kind, names in BUILTIN.items():
    own = [f"tenantry.sdn.{path.stem}" for path in (OURS / kind).glob("*.py")]
    for name in [*names, *own]:
        getattr(loader, f"{kind}_loader").get(name, class_only=True)

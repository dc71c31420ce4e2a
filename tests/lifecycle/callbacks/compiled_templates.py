# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let runs of Ansible take the code that other runs compiled of the same templates: a quarter of a run.

Each task of each host runs in a process of its own, which compiles all templates that it meets, as does the next. And
let the tasks have filters and tests from their run: each would load all of them.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from pathlib import Path
from types import CodeType
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader, test_loader
from jinja2 import Environment, nodes

DOCUMENTATION = """
name: compiled_templates
type: aggregate
short_description: Compiled templates that outlive a run
description: Keeps them in the folder that the environment variable TENANTRY_COMPILED_TEMPLATES names.
"""

compiled = Environment.compile


def compile_once(environment: Environment, source: str | nodes.Template, *arguments: Any, **options: Any) -> CodeType:
    """Do what Environment.compile does, whose result depends on what it is given and on the environment's syntax."""
    syntax = (environment.block_start_string, environment.variable_start_string, environment.trim_blocks)
    key = hashlib.sha256(repr((source, arguments, options, syntax)).encode()).hexdigest()
    path = Path(os.environ["TENANTRY_COMPILED_TEMPLATES"], key)
    try:
        code: CodeType = marshal.loads(path.read_bytes())
    except FileNotFoundError:
        code = compiled(environment, source, *arguments, **options)
        whole = path.with_suffix(f".{os.getpid()}")
        whole.write_bytes(marshal.dumps(code))
        whole.replace(path)
    return code


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "compiled_templates"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        filter_loader.get("ansible.builtin.default")
        test_loader.get("ansible.builtin.defined")
        Environment.compile = compile_once  # type: ignore[method-assign]

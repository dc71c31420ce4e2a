# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Python on the hosts of a twin compiled of Ansible's modules, kept for the next task and for the other hosts.

Ansible sends a module with all that it imports as a zip file. Python keeps no compiled code of one, so each task
compiles it anew, before Python 3.13 even twice: a third of what a task costs. Processes that the connection plugin
starts on a host begin with this file (``usercustomize``, see Python's ``site``). Code is kept by the hash of its
source, as in PEP 552. Nothing of this is on a real host.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import CodeType

FOLDER = "/run/tenantry-compiled"  # on a host
ENVIRONMENT = {"PYTHONPATH": FOLDER}

_START = """\
import sys
if sys.version_info >= (3, 9):
    import tenantry_compiled
    tenantry_compiled.install()
"""

Compile = Callable[[str, bytes], CodeType]


def prepare(folder: str) -> None:
    """Make the folder that all hosts of a twin have as theirs."""
    os.makedirs(folder, exist_ok=True)
    _replace(os.path.join(folder, "tenantry_compiled.py"), __loader__.get_data(__file__))
    _replace(os.path.join(folder, "usercustomize.py"), _START.encode())


def install() -> None:
    """Let this process keep what it compiles of zip files, and take what others kept."""
    import zipimport
    from functools import lru_cache

    if hasattr(zipimport, "_compile_source"):  # nobody promises it; Python 3.9 to 3.13 have it
        remember = lru_cache(maxsize=1)  # before Python 3.13 a module is asked for its place first, then for its code
        zipimport._compile_source = remember(_keeping(zipimport._compile_source))


def _keeping(compile_source: Compile) -> Compile:
    """Return a function that gives the same code as ``compile_source``."""
    import _imp
    import marshal
    from importlib.util import source_hash

    def compile_or_take(path: str, source: bytes) -> CodeType:
        kept = os.path.join(FOLDER, f"{source_hash(source).hex()}-{sys.implementation.cache_tag}-{sys.flags.optimize}")
        try:
            with open(kept, "rb") as file:
                code: CodeType = marshal.loads(file.read())
            _imp._fix_co_filename(code, path)  # as importlib does with what it kept
        except (OSError, EOFError, TypeError, ValueError):
            code = compile_source(path, source)
            try:
                _replace(kept, marshal.dumps(code))
            except OSError:  # who may not write does without
                return code
        return code

    return compile_or_take


def _replace(path: str, data: bytes) -> None:
    """Write a file that others read and write at the same time."""
    draft = f"{path}.{os.urandom(8).hex()}"
    with open(draft, "xb") as file:
        file.write(data)
    os.replace(draft, path)

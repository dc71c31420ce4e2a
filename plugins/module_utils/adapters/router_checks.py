# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having each service's own checker read its file before it is used.

It is done in a namespace with interfaces of the same names, since a checker may look whether they are there.
"""

from __future__ import annotations

import os
import tempfile

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt, run
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_namespace
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import CHECKS, RouterWish
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_folder

_SECONDS = 20


def check(wish: RouterWish) -> None:
    """Raise BackendError with what a checker says of a file that its service would not take."""
    namespace = router_namespace(f"{wish.name}~")
    attempt(["ip", "netns", "delete", namespace])  # of a task that was killed
    run(["ip", "netns", "add", namespace])
    try:
        lines = [f"link add {interface.name} type bridge" for interface in wish.interfaces]
        run(["ip", "-n", namespace, "-batch", "-"], stdin="".join(f"{line}\n" for line in lines))
        with tempfile.TemporaryDirectory() as folder:
            for file in CHECKS.keys() & wish.files.keys():
                _check(wish, namespace, folder, file)
    finally:
        run(["ip", "netns", "delete", namespace])


def _check(wish: RouterWish, namespace: str, folder: str, file: str) -> None:
    path = os.path.join(folder, file)
    with open(path, "w", encoding="utf-8") as draft:
        draft.write(wish.files[file])
    words = [word.format(path) for word in CHECKS[file]]
    done = attempt(["ip", "netns", "exec", namespace, *words], _SECONDS)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).replace(folder, router_folder(wish.name)).split())
        raise BackendError(f"Router {wish.name}: {words[0]} refuses {file}: {said}. Nothing was changed.")

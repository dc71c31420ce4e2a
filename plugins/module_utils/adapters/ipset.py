# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program ipset: one call to list, one to read, one to change, each bounded, every failure named."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import Header
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import (
    Current,
    Listing,
    header_words,
    parse_listing,
    parse_save,
)

TIMEOUT = 120.0  # seconds; a million members take three
# The resolver, which ipset has read each address, looks for another configuration before it does: a system call each
# time, and half of the CPU that a large set takes. There is none to look for: no name is resolved.
_NO_RELOAD = {"RES_OPTIONS": "no-reload"}
_RULES = ("iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy")
_PREAMBLE = r"^ipset v[^:]*: "
_LINE = r"Error in line (\d+): "


class Refusal(NamedTuple):
    """Which of several sets the kernel does not make, what it says, and whether it has none of that type."""

    index: int
    said: str
    lacks_type: bool


class Ipset:
    """``held`` are files that the program keeps open as long as it runs, such as the host's lock."""

    def __init__(self, held: tuple[int, ...] = ()) -> None:
        self._held = held

    def listing(self) -> dict[str, Listing]:
        """Return all sets of the host by name, without their members."""
        return parse_listing(self._run("list", "-terse"))

    def read(self, names: Sequence[str]) -> dict[str, Current]:
        """Return these sets, which must exist, with their members."""
        if not names:
            return {}
        return parse_save(self._run("restore", stdin="".join(f"save {name}\n" for name in names)))

    def change(self, lines: Iterable[str]) -> None:
        """Make changes; an element that is to come and has come, or is to go and has timed out, is none."""
        text = "\n".join([*lines, ""])
        done = attempt(["ipset", "-exist", "restore"], TIMEOUT, text, {**os.environ, **_NO_RELOAD}, self._held)
        if done.returncode:
            raise self._failure(done, text)

    def refused(self, headers: Sequence[Header]) -> Refusal | None:
        """Return what the kernel says to the first of these sets that it does not make.

        It is asked in a network namespace that is gone with the program. Who may not make one learns nothing.
        """
        lines = [f"create {index} {header_words(header)}\n" for index, header in enumerate(headers)]
        done = attempt(["unshare", "--net", "ipset", "restore"], TIMEOUT, "".join(lines))
        said = re.match(rf"{_PREAMBLE}{_LINE}(.*)", done.stderr)
        if not done.returncode or not said:
            return None
        return Refusal(int(said[1]) - 1, said[2], said[2].endswith("set type not supported"))

    def _run(self, *arguments: str, stdin: str = "") -> str:
        done = attempt(["ipset", *arguments], TIMEOUT, stdin)
        if done.returncode:
            raise self._failure(done, stdin)
        return done.stdout

    def _failure(self, done: subprocess.CompletedProcess[str], text: str) -> BackendError:
        said = re.sub(_PREAMBLE, "", done.stderr.strip())
        if done.returncode < 0:
            return BackendError(
                f"ipset was killed by signal {-done.returncode}; what it had done stays. Run the task again."
            )
        if "Operation not permitted" in said:
            return BackendError("The kernel lets only root see and change IP sets. Run the task as root.")
        if "Cannot open session to kernel" in said:
            return BackendError(
                "This kernel has no IP sets. Load its module ip_set, or install the package of the kernel that has it."
            )
        number = re.search(_LINE, said)
        if number:
            line = text.split("\n")[int(number[1]) - 1]
            said = f"{re.sub(_LINE, '', said)}, in '{line}'"
        return BackendError(f"ipset failed ({done.returncode}): {said}")


def rules_that_use(name: str) -> list[str]:
    """Return the rules of iptables that match or change a set; only for an error, since it reads all of them."""
    rules: list[str] = []
    option = re.compile(rf"--(?:match|add|del|map)-set {re.escape(name)} ")
    for program in _RULES:
        try:
            printed = attempt([f"{program}-save"]).stdout
        except BackendError:  # a host need not have them all
            continue
        rules += [f"{program} {line}" for line in printed.split("\n") if option.search(f"{line} ")]
    return rules

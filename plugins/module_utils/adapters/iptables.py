# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of iptables, for a table of a family: a call to list, one to change, each bounded, every failure named.

There are two backends that do not see each other's chains, while the kernel obeys both. Each has programs of its own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt, run
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import Listing, parse_save

TIMEOUT = 60.0  # seconds; ten thousand rules take a third of one
BACKENDS = {"nf_tables": "nft", "legacy": "legacy"}
_WAIT = "10"  # seconds for the lock that the programs of the legacy backend have among themselves
_PROGRAM = {"ipv4": "iptables", "ipv6": "ip6tables"}
_LEGACY_TABLES = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}
_NOISE = r"(?m)^(?:ip6?tables\S*(?: v\S+ \(\w+\))?: ?)+|^(?:Try `|Error occurred at line|# ).*$"
_LINE = r"\bline:? (\d+)(?: failed)?:? ?"


class Iptables:
    """``held`` are files that the program keeps open as long as it runs, such as the host's lock."""

    def __init__(self, family: str, table: str, backend: str | None = None, held: tuple[int, ...] = ()) -> None:
        name = _PROGRAM[family]
        self.program = f"{name}-{BACKENDS[backend]}" if backend else name
        self._is_legacy = "(nf_tables)" not in run([self.program, "--version"])
        self.other = f"{name}-{BACKENDS['nf_tables' if self._is_legacy else 'legacy']}"
        self._legacy_tables = Path(_LEGACY_TABLES[family])
        self._table = table
        self._held = held

    def listing(self) -> Listing:
        """Return the chains of the table. If it is not there yet, it is not made."""
        if self._is_legacy and self._table not in self._made():
            return Listing({}, {})
        done = attempt([f"{self.program}-save", "-t", self._table], TIMEOUT)
        if done.returncode:
            raise self._failure(f"{self.program}-save", done)
        return parse_save(done.stdout, self._table)

    def elsewhere(self) -> Listing:
        """Return the chains that the other backend has in the table, if this host and its kernel have the other."""
        done = None
        if shutil.which(f"{self.other}-save") and (self._is_legacy or self._table in self._made()):
            done = attempt([f"{self.other}-save", "-t", self._table], TIMEOUT)
        return Listing({}, {}) if done is None or done.returncode else parse_save(done.stdout, self._table)

    def change(self, lines: Sequence[str], only_test: bool) -> None:
        """Make all of the changes or none, or only see whether the program takes them."""
        argv = [f"{self.program}-restore", "--noflush", "-w", _WAIT, *(["--test"] if only_test else [])]
        text = self._text(lines)
        done = attempt(argv, TIMEOUT, text, pass_fds=self._held)
        if done.returncode:
            raise self._failure(argv[0], done, text)

    def refused(self, chains: Iterable[str], rules: Sequence[str]) -> tuple[str, str] | None:
        """Return the first of these lines for rules that the kernel does not take, and what is said of it.

        It is asked in a network namespace that is gone with the program. Who may not make one learns nothing.
        """
        made = [f":{chain} - [0:0]" for chain in chains]
        if self._said(self._text([*made, *rules])) is None:
            return None
        said = self._said(self._text(made) + "".join(self._text([rule]) for rule in rules))
        return said and (said[0], said[1] or "Invalid argument")

    def _said(self, text: str) -> tuple[str, str] | None:
        done = attempt(["unshare", "--net", f"{self.program}-restore", "--noflush", "-w", _WAIT], TIMEOUT, text)
        number = re.search(_LINE, done.stderr)
        if not done.returncode or not number:
            return None
        lines = text.split("\n")
        index = int(number[1]) - 1
        line = lines[index] if lines[index] != "COMMIT" else lines[index - 1]
        return line, _said_of(done.stderr)

    def _text(self, lines: Iterable[str]) -> str:
        return "\n".join([f"*{self._table}", *lines, "COMMIT", ""])

    def _made(self) -> Sequence[str]:
        """Return the tables of the legacy backend; its programs would make one by looking."""
        try:
            return self._legacy_tables.read_text(encoding="ascii").split()
        except FileNotFoundError:  # its module is not loaded
            return ()
        except OSError as error:
            raise BackendError(f"Cannot read {self._legacy_tables}: {error.strerror}. Run the task as root.") from None

    def _failure(self, program: str, done: subprocess.CompletedProcess[str], text: str = "") -> BackendError:
        if done.returncode < 0:
            return BackendError(f"{program} was killed by signal {-done.returncode}. Run the task again.")
        said = _said_of(done.stderr)
        if "you must be root" in said:
            return BackendError("The kernel lets only root see and change rules. Run the task as root.")
        number = re.search(_LINE, done.stderr)
        if number and text:
            line = text.split("\n")[int(number[1]) - 1]
            said = f"{said}, in '{line}'".lstrip(", ")
        return BackendError(f"{program} failed ({done.returncode}): {said}")


def _said_of(printed: str) -> str:
    """Return what is left of an error when all is taken away that says only where it is."""
    return " ".join(re.sub(_LINE, "", re.sub(_NOISE, "", printed)).split())

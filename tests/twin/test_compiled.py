# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiled code that the hosts of a twin keep for each other: never other than what a host would compile itself."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from test_connection import TWO, connect
from twin_lab import TwinLab

from ansible_collections.tenantry.sdn.plugins.module_utils.twin.compiled import FOLDER

IMPORT = "/usr/bin/python3 -B {} -c 'import sys; sys.path.insert(0, \"{}\"); import lesson; print(lesson.ANSWER)'"


class Class:
    """A twin whose hosts import a module out of zip files."""

    def __init__(self, twin: TwinLab, folder: Path) -> None:
        twin.up(TWO)
        self._connections = {host: connect(twin, host) for host in ("hv1", "hv2")}
        self._archive = folder / "lesson.zip"
        self.kept = twin.folder / "compiled"

    def send(self, source: str, *hosts: str, to: str = "/tmp/lesson.zip") -> None:
        with zipfile.ZipFile(self._archive, "w") as archive:
            archive.writestr("lesson.py", source)
        for host in hosts:
            self._connections[host].put_file(str(self._archive), to)

    def ask(self, host: str, archive: str = "/tmp/lesson.zip", options: str = "", become: str = "") -> str:
        """Return the answer that the module has on a host, or the whole traceback."""
        _code, stdout, stderr = self._connections[host].exec_command(become + IMPORT.format(options, archive))
        return (stdout + stderr).decode().strip()

    def files(self) -> set[Path]:
        return {path for path in self.kept.iterdir() if path.suffix != ".py"}

    def teach(self, source: str) -> Path:
        """Let hv1 import a module, and return what is kept of it."""
        before = self.files()
        self.send(source, "hv1")
        self.ask("hv1")
        (path,) = self.files() - before
        return path


@pytest.fixture
def hosts(twin: TwinLab, tmp_path: Path) -> Class:
    return Class(twin, tmp_path)


def test_a_host_takes_what_another_compiled_and_compiles_what_is_new(hosts: Class) -> None:
    first, second = (hosts.teach(f"ANSWER = {number}") for number in (1, 2))
    first.write_bytes(second.read_bytes())
    hosts.send("ANSWER = 1", "hv2")
    assert hosts.ask("hv2") == "2", "it was taken, as this test has swapped it"
    assert hosts.ask("hv2", options="-O") == "1", "other options of Python, other code"
    hosts.send("ANSWER = 1 ", "hv2")
    assert hosts.ask("hv2") == "1", "a space more is another source"
    assert not Path(FOLDER).exists(), "nothing of it is on the machine"


def test_what_is_no_code_is_compiled_again(hosts: Class) -> None:
    kept = hosts.teach("ANSWER = 1")
    whole = kept.read_bytes()
    for damage in (b"", whole[:-1], b"nonsense", b"N"):  # the last is None
        kept.write_bytes(damage)
        assert hosts.ask("hv1") == "1"
        assert kept.read_bytes() == whole


def test_who_may_not_write_does_without(hosts: Class) -> None:
    before = hosts.files()
    hosts.send("ANSWER = 1", "hv1")
    assert hosts.ask("hv1", become="setpriv --reuid=65534 --clear-groups ") == "1"
    assert hosts.files() == before


def test_a_traceback_names_the_file_of_the_host(hosts: Class) -> None:
    hosts.send("def ask(): raise ValueError\nask()", "hv1")
    hosts.send("def ask(): raise ValueError\nask()", "hv2", to="/tmp/moved.zip")
    assert 'File "/tmp/lesson.zip/lesson.py", line 1, in ask' in hosts.ask("hv1")
    assert 'File "/tmp/moved.zip/lesson.py", line 1, in ask' in hosts.ask("hv2", "/tmp/moved.zip")
    hosts.send("ANSWER = (", "hv1", "hv2")
    assert 'File "/tmp/lesson.zip/lesson.py", line 1' in hosts.ask("hv2")


def test_many_at_once_leave_one_whole_file(hosts: Class) -> None:
    before = hosts.files()
    hosts.send(f"TEXT = {'x' * 500_000!r}\nANSWER = len(TEXT)", "hv1", "hv2")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(hosts.ask, ["hv1", "hv2"] * 8)) == {"500000"}
    assert len(hosts.files() - before) == 1

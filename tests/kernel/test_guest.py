# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/kernel: what comes out of its guest, what does not, and that it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts/kernel"
SECONDS = 200  # of patience: a guest takes four to boot on a machine that does nothing else

INSIDE = """
printf '<%s>' "$@"
echo
uname --kernel-release
ls /sys/class/net
echo to the standard error >&2
touch /etc/from-the-guest from-the-guest
echo results >"tests/output/$4"
exit 7
"""


def guests() -> set[str]:
    """Return the PIDs of guests of this checkout, and the folders that they work in."""
    found = {str(path) for path in Path(tempfile.gettempdir()).glob("tenantry-kernel.*")}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            argv = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # it ended
            continue
        if argv.startswith(b"qemu-system-x86_64") and os.fsencode(REPOSITORY / ".cache/guest/vmlinuz") in argv:
            found.add(pid)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = guests()
    yield
    assert guests() <= before


def run(*argv: str, seconds: int = SECONDS) -> tuple[int, str, str]:
    command = [SCRIPT, "-t", str(seconds), *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 20, check=False)
    return done.returncode, done.stdout, done.stderr


def test_output_results_and_exit_status_come_out_and_nothing_else() -> None:
    result = f"kernel-{os.getpid()}"
    words = ["two words", "", "a\nline, a 'quote' and $HOME", result]
    status, printed, error = run("bash", "-c", INSIDE, "bash", *words)
    try:
        assert (status, error) == (7, "")
        shown, _end, rest = printed.partition(">\n")
        assert shown == "<two words><><a\nline, a 'quote' and $HOME><" + result
        release, *devices, last = rest.splitlines()
        assert release.endswith("-amd64")
        assert devices == ["lo"], "it has a network card"
        assert last == "to the standard error"
        assert (REPOSITORY / "tests/output" / result).read_text() == "results\n"
    finally:
        (REPOSITORY / "tests/output" / result).unlink(missing_ok=True)
    assert not Path("/etc/from-the-guest").exists()
    assert not (REPOSITORY / "from-the-guest").exists()


def test_a_guest_that_dies_is_told_from_a_command_that_fails() -> None:
    status, printed, error = run("bash", "-c", "echo about to die; echo c >/proc/sysrq-trigger; sleep 100")
    assert (status, printed) == (99, "about to die\n")
    assert error.startswith("The guest died before the command ended (qemu: exit status 0). Its last words:\n")
    assert "Kernel panic - not syncing: sysrq triggered crash" in error


def test_a_guest_that_does_not_end_is_killed() -> None:
    assert run("true", seconds=2) == (99, "", "The guest did not end within 2 seconds and was killed.\n")


def test_who_ends_the_script_ends_the_guest() -> None:
    before = guests()
    with subprocess.Popen([SCRIPT, "sleep", "infinity"]) as script:
        until = time.monotonic() + SECONDS
        while not any(name.isdigit() for name in guests() - before):
            assert time.monotonic() < until, "there never was a guest"
            time.sleep(0.05)
        script.send_signal(signal.SIGTERM)
        assert script.wait(timeout=SECONDS) == 128 + signal.SIGTERM


def test_a_guest_that_is_not_there_and_nothing_to_run_are_told(tmp_path: Path) -> None:
    assert run()[::2] == (2, "Say what to run: scripts/kernel [-t SECONDS] COMMAND...\n")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name in ("kernel", "environment"):
        shutil.copy(SCRIPT.with_name(name), scripts)
    done = subprocess.run([scripts / "kernel", "true"], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (2, "There is no guest yet. Make it: scripts/setup kernel\n")

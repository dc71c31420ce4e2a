# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ovs-ofctl on one bridge: one OpenFlow version in all calls, every call bounded, every failure named.

Dumps differ from version to version, so that what is compared must be read by the same one.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import PurePosixPath
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import NoAnswerError, attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

RUN_DIRECTORY = "/run/openvswitch"
NEWEST = PROTOCOLS[-1]
ODD = PROTOCOLS[1]  # 1.1 prints matches that it cannot carry
WITH_BUNDLES = PROTOCOLS[3:]  # 1.3 by the extension 230 of the Open Networking Foundation
_VERSIONS = dict(enumerate(PROTOCOLS, 1))  # by their numbers on the wire
# What ovs-ofctl says when something is wrong; compiled only then.
_SPOKEN = r"peer supports versions? ((?:0x[0-9a-f]+(?:, )?)+)"
_REFUSED = r"(?:Error (\w+) for: |OFPT_ERROR .*: (\w+)\n)(.*)"
_UNREACHABLE = r"\((?:No such file or directory|Connection refused)\)"
_PORT = r'(?m)^ (\w+)\("?(.+?)"?\): '
Completed = subprocess.CompletedProcess


class VersionError(BackendError):
    """The bridge does not speak this version of OpenFlow."""


class NoBridgeError(BackendError):
    """The bridge is not there."""


class SwitchRefusal(BackendError):
    """The switch did not take a message: its code of OpenFlow, and the change as ovs-ofctl prints it."""

    def __init__(self, bridge: str, code: str, change: str) -> None:
        super().__init__(f"Bridge {bridge} refused the change: {code} for {change}.")
        self.code = code
        self.change = change


class OfCtl:
    """``protocol`` is the version to speak, or None for the newest that the bridge speaks.

    ``timeout`` (seconds) bounds each call. ``held`` are files that a program of ours keeps open as long as it runs,
    such as the host's lock.
    """

    def __init__(self, bridge: str, database: str, protocol: str | None, timeout: float, held: tuple[int, ...] = ()):
        self._bridge = bridge
        self._database = database
        self._target = f"unix:{_run_directory(database)}/{bridge}.mgmt"
        self._timeout = timeout
        self._held = held
        self._chosen = protocol is not None
        self.protocol = protocol or NEWEST

    def datapath_features(self) -> str:
        """Return what ovs-vswitchd says that the datapath of the bridge can do, a line each."""
        from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_control import SwitchControl

        control = SwitchControl(self._database, self._timeout)
        try:
            return control.ask("dpif/show-dp-features", self._bridge)
        finally:
            control.close()

    def on_bridge(self, command: str, *arguments: str, options: tuple[str, ...] = (), stdin: str = "") -> str:
        """Run a command on the bridge, and return what it prints."""
        try:
            done = self._attempt([*options, command, self._target, *arguments], stdin)
        except NoAnswerError:
            raise self._silent() from None
        if not done.returncode:
            return done.stdout
        spoken = re.search(_SPOKEN, done.stderr)
        if spoken and not self._chosen:
            self.protocol = _VERSIONS[max(int(number, 16) for number in spoken[1].split(", "))]
            self._chosen = True
            return self.on_bridge(command, *arguments, options=options, stdin=stdin)
        raise self._failure(command, done.stderr.strip())

    def _failure(self, command: str, said: str) -> BackendError:
        spoken = re.search(_SPOKEN, said)
        if spoken:
            versions = ", ".join(_VERSIONS[int(number, 16)] for number in spoken[1].split(", "))
            return VersionError(
                f"Bridge {self._bridge} does not speak {self.protocol}, but {versions}. Set protocol to one of these, "
                "or let tenantry.sdn.ovs_bridge set protocols."
            )
        if re.search(_UNREACHABLE, said):
            return self._unreachable()
        refused = re.search(_REFUSED, said)
        if refused:
            return SwitchRefusal(self._bridge, refused[1] or refused[2], refused[3])
        return BackendError(f"ovs-ofctl {command} on bridge {self._bridge} failed: {said}")

    def _silent(self) -> BackendError:
        """Return why the switch does not answer: without a database it answers nobody."""
        self._database_of_running_switch().close()
        return BackendError(
            f"ovs-vswitchd did not answer on bridge {self._bridge} within {self._timeout:g} s. It is running, but "
            "hangs or is busy: see ovs-vswitchd.log, or raise timeout. What was sent may still be done; run the task "
            "again."
        )

    def _unreachable(self) -> BackendError:
        """Return why nobody listens at the bridge's socket, as the database tells."""
        ovsdb = self._database_of_running_switch()
        bridges = ovsdb.transact([{"op": "select", "table": "Bridge", "where": [], "columns": ["name"]}])[0]["rows"]
        ovsdb.close()
        if {"name": self._bridge} not in bridges:
            return NoBridgeError(
                f"Bridge {self._bridge} does not exist. Create it first, with tenantry.sdn.ovs_bridge."
            )
        return BackendError(
            f"Bridge {self._bridge} exists, but ovs-vswitchd does not listen at {self._target}. Is database the socket "
            "of this host's ovsdb-server, beside which ovs-vswitchd has its own?"
        )

    def _database_of_running_switch(self) -> Any:
        # Imported when something is wrong alone: Open vSwitch's bindings take as long as reading 5,000 flows.
        from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb

        ovsdb = Ovsdb(self._database, self._timeout)
        ovsdb.require_switch()
        return ovsdb

    def with_bundles(self) -> OfCtl | None:
        """Return what speaks to the bridge in a version that has bundles; None if the bridge speaks none of these."""
        if self.protocol in WITH_BUNDLES:
            return self
        other = OfCtl(self._bridge, self._database, ",".join(WITH_BUNDLES), self._timeout, self._held)
        try:
            other.on_bridge("show")
        except VersionError:
            return None
        return other

    def ports(self) -> dict[str, str]:
        """Return the OpenFlow port number of each port of the bridge, that of the bridge's own being LOCAL."""
        return {name: number for number, name in re.findall(_PORT, self.on_bridge("dump-ports-desc"))}

    def offline(self, command: str, *arguments: str, stdin: str = "") -> Completed[str]:
        """Run a command that needs no switch, whether it succeeds or not."""
        return self._attempt([command, *arguments], stdin)

    def _attempt(self, command: list[str], stdin: str) -> Completed[str]:
        argv = ["ovs-ofctl", f"--protocols={self.protocol}", *command]
        return attempt(argv, self._timeout, stdin, pass_fds=self._held)


def _run_directory(database: str) -> str:
    """Return where ovs-vswitchd has the sockets of its bridges: beside that of the database."""
    kind, dummy, path = database.partition(":")
    return str(PurePosixPath(path).parent) if kind == "unix" else RUN_DIRECTORY

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a plan (model/fabric_plan.py) on the controller.

    plan.json                what belongs to the plan
    hosts/NAME-HASH.json     the state of a host
    applied.json             the states that runs brought hosts to, by the hashes of their files

A file of ``hosts`` never changes: another state is another name. Those of the last plan stay until plan.json is of the
next one, so a run that is killed leaves files that nobody reads, and the next plan removes them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import locked, write_atomically
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import ANEW, Plan, of_one, parse, render

PLAN_FILE = "plan.json"
APPLIED_FILE = "applied.json"
HOSTS = "hosts"

_NAME_DIGITS = 16  # of the hash in a file's name


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_plan(folder: str, version: str, host: str = "") -> Plan:
    """Return the plan of a directory, or raise InvalidInput; with this host alone, if one is given that it has."""
    path = os.path.join(folder, PLAN_FILE)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
            return parse(of_one(text, host) if host else text, path, version)
    except OSError as error:
        raise InvalidInput([f"{path}: cannot be read ({error.strerror}); {ANEW}, or name its directory"]) from None


def read_state(folder: str, host: str, plan: Plan) -> bytes:
    """Return the file of a host that is in the plan, or raise InvalidInput if that is not the one it was made with."""
    path = _path(folder, host, plan.hosts[host].state)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InvalidInput(
            [f"{path}: cannot be read ({error.strerror}), and is of this plan; remove {PLAN_FILE} there, and {ANEW}"]
        ) from None
    if hash_of(content) != plan.hosts[host].state:
        raise InvalidInput([f"{path}: torn or edited since the plan was made; remove {PLAN_FILE} there, and {ANEW}"])
    return content


def has_state(folder: str, host: str, digest: str) -> bool:
    return os.path.exists(_path(folder, host, digest))


def write_state(folder: str, host: str, content: bytes) -> str:
    """Write the file of a host, and return its hash."""
    digest = hash_of(content)
    path = _path(folder, host, digest)
    try:
        with open(f"{path}.new", "wb") as file:
            file.write(content)
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise BackendError(
            f"{path} cannot be written ({error.strerror}). Check the permissions of {folder}, and the disk."
        ) from None
    return digest


def make_folder(folder: str) -> None:
    try:
        os.makedirs(os.path.join(folder, HOSTS), exist_ok=True)
    except OSError as error:
        raise BackendError(f"{folder} cannot be made ({error.strerror}). Check the permissions above it.") from None


def commit(folder: str, plan: Plan) -> None:
    """Make it the plan of the directory, and remove what is of none."""
    write_atomically(os.path.join(folder, PLAN_FILE), render(plan))
    kept = {os.path.basename(_path(folder, host, its.state)) for host, its in plan.hosts.items()}
    for name in os.listdir(os.path.join(folder, HOSTS)):
        if name not in kept:
            os.unlink(os.path.join(folder, HOSTS, name))


def read_applied(folder: str) -> dict[str, str]:
    """Return the hash of the state that each host was brought to; of none if the file is not there, or torn."""
    try:
        with open(os.path.join(folder, APPLIED_FILE), encoding="utf-8") as file:
            given = json.load(file)
    except (OSError, ValueError):
        return {}
    return {str(host): str(digest) for host, digest in given.items()} if isinstance(given, Mapping) else {}


def note_applied(folder: str, hashes: Mapping[str, str]) -> None:
    """Note the hash of the state that each of these hosts was brought to. Slices of a job may do so at once."""
    path = os.path.join(folder, APPLIED_FILE)
    with locked(os.path.join(folder, HOSTS, APPLIED_FILE)):  # not that of the next plan, which takes its time
        found = sorted({**read_applied(folder), **hashes}.items())
        lines = (f" {json.dumps(host)}: {json.dumps(digest)}" for host, digest in found if digest)
        write_atomically(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _path(folder: str, host: str, digest: str) -> str:
    return os.path.join(folder, HOSTS, f"{host}-{digest[:_NAME_DIGITS]}.json")

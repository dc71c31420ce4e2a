# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same mesh by openvswitch.openvswitch, one module call a port, as its users write it.

Ours counts whole here, with what any Ansible module costs; the peer pays that for each port.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from measure import Cost, medians, run, together
from payload import HOST_PYTHON, REPOSITORY, collections, environment, payloads, playbook
from table import Row
from tunnels import TUNNELS, daemons, mesh, switch

OURS = "tenantry.sdn.ovs_gre_mesh"
CACHE = REPOSITORY / ".cache/peer"
RELEASE = "ansible==10.7.0"  # holds openvswitch.openvswitch
FOLDER = "ansible_collections/openvswitch"
PORTS = 20
RUNS = 3
Command = Callable[[list[int]], Cost]  # given the daemons' process ids


def rows(directory: Path) -> Iterator[Row]:
    link = collections(directory) / FOLDER
    link.symlink_to(installed() / FOLDER)
    host = directory / "host"
    arguments = mesh(TUNNELS, f"unix:{host}/db.sock")
    tasks = [_task(arguments, f"gre{number}", arguments["remotes"][number]) for number in range(PORTS)]
    modules = {
        "ours": _modules(directory, "ours", [{OURS: arguments}]),
        "peer": _modules(directory, "peer", tasks),
    }
    yield _compared("modules and daemons", host, modules, bound=300)
    yield _compared("whole ansible-playbook, less an empty one", host, _plays(directory, arguments))


def _compared(what: str, host: Path, contenders: Mapping[str, Command], bound: float | None = None) -> Row:
    def fresh(command: Command) -> Callable[[], Cost]:
        def measured() -> Cost:
            with switch(host) as ovs:
                return command(daemons(ovs))

        return measured

    costs = medians(RUNS, {name: fresh(command) for name, command in contenders.items()})
    start = costs["empty"].cpu if "empty" in costs else 0
    ours, each = costs["ours"].cpu - start, (costs["peer"].cpu - start) / PORTS
    text = f"peer {each * TUNNELS:.0f} s, extrapolated from {each:.3f} s a port of {PORTS}"
    return Row(f"create {TUNNELS:,}: {what}", f"{ours:.2f} s", text, each * TUNNELS / ours, "x", bound, at_least=True)


def _modules(directory: Path, name: str, tasks: Sequence[Mapping[str, Any]]) -> Command:
    paths = payloads(directory, name, tasks)
    return lambda pids: together(run([HOST_PYTHON, str(path)], pids) for path in paths)


def _plays(directory: Path, arguments: Mapping[str, Any]) -> dict[str, Command]:
    variables = directory / "variables.json"  # loaded by every play, the empty one too
    variables.write_text(json.dumps({"remotes": arguments["remotes"]}))
    settings = environment(directory)

    def play(name: str, task: Mapping[str, Any]) -> Command:
        book = playbook(directory / f"play-{name}.json", [task])
        return lambda pids: run(["ansible-playbook", "-e", f"@{variables}", str(book)], pids, settings)

    loop = {"loop": f"{{{{ remotes[:{PORTS}] }}}}", "loop_control": {"extended": True}}
    return {
        "empty": play("empty", {"meta": "noop"}),
        "ours": play("ours", {OURS: {**arguments, "remotes": "{{ remotes }}"}}),
        "peer": play("peer", {**_task(arguments, "gre{{ ansible_loop.index }}", "{{ item }}"), **loop}),
    }


def _task(arguments: Mapping[str, Any], name: str, remote: str) -> dict[str, Any]:
    """Return the task that makes one of the tunnels."""
    options = {"key": arguments["key"], "local_ip": arguments["local_ip"], "remote_ip": remote}
    interface = " ".join(f"options:{option}={value}" for option, value in options.items())
    port = {
        "bridge": arguments["bridge"],
        "port": name,
        "tag": arguments["tag"],
        "external_ids": {"tenantry-mesh": arguments["name"]},
        "set": [f"Interface {name} type=gre {interface}", f"Port {name} protected=true"],
        "database_socket": arguments["database"],
    }
    return {"openvswitch.openvswitch.openvswitch_port": port}


def installed() -> Path:
    """Return the collections path of the peer, fetched from PyPI once; only the peer is kept of the large package."""
    if not (CACHE / FOLDER).is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*download, "--dest", CACHE, RELEASE], check=True, timeout=300)
        (wheel,) = CACHE.glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(CACHE, [name for name in archive.namelist() if name.startswith(f"{FOLDER}/")])
        wheel.unlink()
    return CACHE

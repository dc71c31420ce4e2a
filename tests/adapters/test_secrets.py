# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pre-shared key appears in the row of the tunnel, and nowhere else that anybody looks."""

from __future__ import annotations

import pytest
from host import Host

CANARY = "canary-5d41402abc4b2a76"
MESH = {"bridge": "br0", "name": "web", "remotes": ["10.0.0.2"], "psk": CANARY}


@pytest.fixture(autouse=True)
def bridge(host: Host) -> None:
    host.ovs.vsctl("add-br", "br0")


@pytest.mark.parametrize("networks", [False, True])
def test_a_pre_shared_key_is_in_no_output_diff_or_log(host: Host, networks: bool) -> None:
    mesh = {"name": "web", "remotes": ["10.0.0.2"], "psk": CANARY}
    task = {"bridge": "br0", "networks": [mesh]} if networks else {"bridge": "br0", **mesh}
    results = [
        host.mesh(check=True, **task),
        host.mesh(**task),
        host.mesh(**task),
        host.mesh(**{**task, "csum": True}),
        host.mesh(bridge="br0", name="web", state="absent"),
    ]
    assert [result["changed"] for result in results] == [True, True, False, True, True]
    for result in results:
        assert CANARY not in result.output + result.log
    assert "VALUE_HIDDEN" in results[1].output


def test_a_changed_key_is_applied_and_an_empty_one_removed(host: Host) -> None:
    host.mesh(**MESH)
    (name,) = host.ports("br0")
    assert host.interface(name)["options"]["psk"] == CANARY
    changed = host.mesh(**{**MESH, "psk": f"{CANARY}-2"})
    assert (changed["changed"], CANARY in changed.output) == (True, False)
    assert host.interface(name)["options"]["psk"] == f"{CANARY}-2"
    assert host.mesh(**{**MESH, "psk": ""})["changed"]
    assert "psk" not in host.interface(name)["options"]


@pytest.mark.parametrize(
    "wrong",
    [{"key": "x"}, {"psk": f"{CANARY}\n"}, {"bridge": "br9"}, {"remotes": ["10.0.0.3"]}, {"database": "unix:/nowhere"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_pre_shared_key_is_in_no_error_message(host: Host, wrong: dict[str, object]) -> None:
    gre1 = "add-port br0 gre1 -- set Interface gre1 type=gre options:remote_ip=10.0.0.3"
    host.ovs.vsctl(*gre1.split(), f"options:psk={CANARY}")
    failed = host.mesh(**{**MESH, **wrong})
    assert failed["failed"]
    assert CANARY not in failed.output + failed.log


def test_a_bridge_refuses_a_key_that_it_could_not_keep_secret(host: Host) -> None:
    options = {"remote_ip": "10.0.0.2", "psk": CANARY}
    refused = host.bridge(name="br0", ports=[{"name": "gre1", "type": "gre", "options": options}])
    assert refused.message == (
        "ports[0].options.psk: a key here would show in logs; let tenantry.sdn.ovs_gre_mesh make the tunnel"
    )

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch modules as a user runs them, by ansible-playbook: check, apply, again, revert, and the screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from private_ovs import PrivateOvs
from rule_lab import chain
from set_lab import members, own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils import errors

PLAYBOOKS = Path(__file__).parent / "playbooks"
COLLECTIONS = Path(errors.__file__).parents[5]
SETTING = re.compile("ANSIBLE_(?!CALLBACK)")  # of the user's, and not what makes runs cheaper
CANARY = "canary-5d41402abc4b2a76"


def play(ovs: PrivateOvs, playbook: str, *options: str) -> str:
    """Run a playbook against a switch, expect success, and return all that it printed."""
    inherited = {name: value for name, value in os.environ.items() if not SETTING.match(name)}
    ours = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(ovs.directory / "ansible")}
    variables = f"database={ovs.remote} canary={CANARY} ansible_python_interpreter=/usr/bin/python3"
    command = [Path(sys.executable).with_name("ansible-playbook"), PLAYBOOKS / playbook, "-i", "localhost,"]
    done = subprocess.run(
        [*command, "--connection=local", "--extra-vars", variables, *options],
        env={**inherited, **ours},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_bridge_is_checked_applied_repeated_and_reverted(ovs: PrivateOvs) -> None:
    screen = play(ovs, "ovs_bridge.yml", "--diff")
    for line in ('-            "tag": 5', '+            "tag": 6', '+            "lacp": "active"'):
        assert line in screen
    assert "br9" not in [row["name"] for row in ovs.rows("Bridge")], "check mode made a bridge"


def test_meshes_are_checked_applied_repeated_and_reverted_and_their_secret_never_shown(ovs: PrivateOvs) -> None:
    screen = play(ovs, "ovs_gre_mesh.yml", "--diff", "-vvv")
    assert "VALUE_HIDDEN" in screen
    assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in screen
    assert CANARY not in screen


def test_flows_are_checked_applied_repeated_and_reverted(ovs: PrivateOvs) -> None:
    screen = play(ovs, "of_flow.yml", "--diff")
    for line in (
        "-cookie=0x7a1c000000000000,priority=50,arp,actions=CONTROLLER:65535",
        "+cookie=0x7a1c000000000001,priority=100,in_port=1,actions=meter:100,group:100",
    ):
        assert line in screen
    assert len(ovs.ofctl("dump-flows", "br0", "--no-stats").splitlines()) == 5


@pytest.mark.parametrize("module", ["ovs_qos", "ovs_mirror", "ovs_flow_export"])
def test_what_hangs_on_bridges_is_checked_applied_repeated_described_and_reverted(ovs: PrivateOvs, module: str) -> None:
    play(ovs, f"{module}.yml", "--diff")


def test_sets_are_checked_applied_repeated_and_reverted(ovs: PrivateOvs) -> None:
    with own_namespace():
        screen = play(ovs, "sg_ipset.yml", "--diff")
        assert members("dc1.web") == ["10.1.16.112", "10.1.16.31", '10.1.189.5 comment "web 3"', "10.21.9.77"]
    for line in ('+            "fd00:1::12,ipv6-icmp:echo-request"', '-            "10.1.16.31",'):
        assert line in screen


def test_rules_are_checked_applied_repeated_and_reverted(ovs: PrivateOvs) -> None:
    with own_namespace():
        screen = play(ovs, "sg_rules.yml", "--diff")
        assert chain("FORWARD") == ['-o tap0 -m comment --comment "tenantry.sdn" -j dc1.db-1']
        assert chain("dc1.db-1", family="ipv6") == ["-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN", "-j DROP"]
    for line in (
        '+                "-p tcp -m tcp --dport 3306 -m set --match-set dc1.web src -m comment --comment '
        '\\"web may reach db\\" -j RETURN",',
        '+                "-o tap0 -g dc1.db-1"',
        '-                "1: -o tap0 -m comment --comment \\"tenantry.sdn\\" -j dc1.db-1"',
    ):
        assert line in screen


def test_the_guides_defaults_of_both_action_groups_hold(ovs: PrivateOvs) -> None:
    """What ``docs/operations.md`` shows, on a switch and in a network namespace of the test's own."""
    guide = (Path(__file__).parents[2] / "docs/operations.md").read_text()
    (text,) = re.findall(r"^```yaml\n(- hosts: .*?)^```", guide, re.MULTILINE | re.DOTALL)
    (shown,) = yaml.safe_load(text)
    shown["module_defaults"]["group/tenantry.sdn.ovs"]["database"] = ovs.remote
    playbook = ovs.directory / "shown.yml"
    playbook.write_text(yaml.safe_dump([{**shown, "hosts": "localhost", "become": False}]))
    with own_namespace():
        play(ovs, str(playbook))
        assert members("lab.web") == ["10.1.1.20"]
        shown["module_defaults"]["group/tenantry.sdn.sg"]["owner"] = "other"
        playbook.write_text(yaml.safe_dump([{**shown, "hosts": "localhost", "become": False, "ignore_errors": True}]))
        assert "lab" in play(ovs, str(playbook), "-v").partition("A set of that owner")[2].partition("fatal")[2]
    (bridge,) = (row for row in ovs.rows("Bridge") if row["name"] == "br-lab")
    assert bridge["external_ids"] == ["map", [["tenantry-owner", "lab"]]]

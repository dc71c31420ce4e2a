# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sixteen cases in which the modules of openvswitch.openvswitch (3.0.0-dev) fail, and what ours do there.

Each docstring says what the peer does with the same wish.
"""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result


def converge(host: Host, *ports: dict[str, Any], **options: Any) -> Result:
    """Bring br0 to a state, by check mode, in earnest and again; without ports nothing is said of them."""
    return host.converge("ovs_bridge", **{"name": "br0", "ports": list(ports) or None, **options})


def test_peer_case_01_a_bridge_again_without_fail_mode_keeps_it(host: Host) -> None:
    """Peer: runs ``set-fail-mode br0 None`` and fails."""
    converge(host, fail_mode="secure")
    assert not converge(host)["changed"]
    assert host.row("Bridge", "br0")["fail_mode"] == "secure"


def test_peer_case_02_external_ids_on_a_bridge_that_has_none(host: Host) -> None:
    """Peer: TypeError, argument of type 'NoneType' is not iterable."""
    converge(host)
    assert converge(host, external_ids={"bridge-id": "br0"})["changed"]
    assert host.row("Bridge", "br0")["external_ids"] == {"bridge-id": "br0"}


def test_peer_case_03_a_changed_column_of_what_exists_is_applied(host: Host) -> None:
    """Peer: reports ok and never applies a changed ``set`` on an existing bridge or port."""
    converge(host, {"name": "p", "tag": 5}, other_config={"mac-aging-time": 30})
    assert converge(host, {"name": "p", "tag": 6}, other_config={"mac-aging-time": 60})["changed"]
    assert (host.port("p")["tag"], host.row("Bridge", "br0")["other_config"]) == (6, {"mac-aging-time": "60"})


def test_peer_case_04_external_ids_with_colons_are_compared_as_values(host: Host) -> None:
    """Peer: changed on every run, as the quotes of ovs-vsctl's output stay in the comparison."""
    ids = {"attached-mac": "52:54:00:12:34:56", "note": 'a "quoted" \\ value'}
    converge(host, {"name": "p", "external_ids": ids})
    assert host.port("p")["external_ids"] == ids
    assert not converge(host, {"name": "p", "external_ids": ids})["changed"]


def test_peer_case_05_a_tagged_port_again_without_tag_keeps_it(host: Host) -> None:
    """Peer: runs ``set port p tag=None`` and fails."""
    converge(host, {"name": "p", "tag": 5})
    assert not converge(host, {"name": "p"})["changed"]
    assert host.port("p")["tag"] == 5


def test_peer_case_06_check_mode_knows_the_bridge_that_the_same_play_will_make(host: Host) -> None:
    """Peer: fails in check mode, no bridge named br0."""
    predicted = host.bridge(check=True, name="br0", ports=[{"name": "p", "tag": 5}])
    assert predicted["diff"]["after"]["ports"]["p"] == {"bridge": "br0", "tag": 5}
    tunnels = host.mesh(check=True, bridge="br0", name="web", remotes=["10.0.0.2"])
    assert (predicted["changed"], tunnels["changed"], host.ovs.rows("Bridge")) == (True, True, [])


def test_peer_case_07_removing_a_port_or_bridge_that_is_not_there_is_no_change(host: Host) -> None:
    """Peer: fails where the bridge of an absent port does not exist."""
    assert not host.converge("ovs_bridge", name="br0", state="absent")["changed"]
    assert not host.converge("ovs_gre_mesh", bridge="br0", name="web", state="absent")["changed"]
    converge(host)
    assert not converge(host, {"name": "p", "state": "absent"})["changed"]


@pytest.mark.parametrize(
    "value", ["two words", "-- del-br br0", "a,b=c;d", "$(reboot)", "}{[", '{"', "'single' \"double\"", "ä"]
)
def test_peer_case_08_a_value_is_one_value_whatever_is_in_it(host: Host, value: str) -> None:
    """Peer: builds a command line, so that a space splits the value and ``--`` starts another command."""
    converge(host, {"name": "p", "external_ids": {value: value}}, other_config={"note": value})
    assert host.port("p")["external_ids"] == {value: value}
    assert host.row("Bridge", "br0")["other_config"] == {"note": value}


def test_peer_case_09_a_set_is_the_same_in_any_order(host: Host) -> None:
    """Peer: changed on every run for a column that holds a set."""
    converge(host, {"name": "p", "trunks": [3, 1, 2]}, protocols=["OpenFlow13", "OpenFlow10"])
    assert not converge(host, {"name": "p", "trunks": [1, 2, 3]}, protocols=["OpenFlow10", "OpenFlow13"])["changed"]


def test_peer_case_10_a_column_is_cleared_by_an_empty_value_and_a_key_by_null(host: Host) -> None:
    """Peer: builds an invalid command to remove a column without naming a key, and fails."""
    converge(
        host, {"name": "p", "tag": 5, "trunks": [1], "other_config": {"a": "1", "b": "2"}}, protocols=["OpenFlow13"]
    )
    converge(host, {"name": "p", "tag": "", "trunks": [], "other_config": {"a": None}}, protocols=[])
    port = host.port("p")
    assert (port["tag"], port["trunks"], port["other_config"]) == (None, frozenset(), {"b": "2"})
    assert host.row("Bridge", "br0")["protocols"] == frozenset()


def test_peer_case_11_check_mode_with_a_change_says_what_it_would_be(host: Host) -> None:
    """Peer: UnboundLocalError in check mode."""
    converge(host, {"name": "p", "tag": 5})
    predicted = host.bridge(check=True, name="br0", ports=[{"name": "p", "tag": 6}])
    assert predicted["diff"] == {"before": {"ports": {"p": {"tag": 5}}}, "after": {"ports": {"p": {"tag": 6}}}}
    assert host.port("p")["tag"] == 5


def test_peer_case_12_looking_changes_nothing(host: Host) -> None:
    """Peer: reports changed where it only reads."""
    converge(host, {"name": "p"})
    seen = converge(host, {"name": "p"})
    assert (seen["changed"], seen["ofports"]) == (False, {"br0": 65534, "p": 1})


def test_peer_case_13_other_members_and_another_mode_of_a_bond_are_applied(host: Host) -> None:
    """Peer: reports ok and never applies them."""
    converge(host, {"name": "bond0", "interfaces": ["eth1", "eth2"], "bond_mode": "active-backup"})
    converge(host, {"name": "bond0", "interfaces": ["eth1", "eth3"], "bond_mode": "balance-slb"})
    assert host.port("bond0")["bond_mode"] == "balance-slb"
    assert set(host.ovs.vsctl("list-ifaces", "br0").split()) == {"eth1", "eth3"}


def test_peer_case_14_everything_is_one_transaction_or_nothing(host: Host) -> None:
    """Peer: runs one command after another, so that a bridge is open for a moment and a failure leaves half of it."""
    before = host.ovs.writes()
    host.bridge(name="br0", fail_mode="secure", ports=[{"name": "p", "tag": 5}], controllers=[{"target": "ptcp:16653"}])
    assert host.ovs.writes() == before + 1
    untouched = host.ovs.dump()
    assert host.bridge(name="br1", fail_mode="secure", ports=[{"name": "q"}, {"name": "p"}]).get("failed")
    assert host.ovs.dump() == untouched


def test_peer_case_15_a_port_of_another_bridge_is_told_or_moved(host: Host) -> None:
    """Peer: add-port fails with what ovs-vsctl says; values with '=' break its parser."""
    converge(host, {"name": "p", "external_ids": {"a": "b=c=d"}}, owner="dc1")
    assert host.bridge(name="br1", ports=[{"name": "p"}]).message == (
        "port p: it is on bridge br0; remove it there first, or set owner and adopt: true to move it"
    )
    converge(host, {"name": "p"}, name="br1", owner="dc1")
    assert (host.ports("br0"), host.ports("br1")) == (set(), {"p"})
    assert host.port("p")["external_ids"] == {"a": "b=c=d", "tenantry-owner": "dc1"}


def test_peer_case_16_what_is_no_longer_listed_goes_and_the_diff_shows_it(host: Host) -> None:
    """Peer: knows neither purge nor diff, and returns nothing of the state."""
    converge(host, {"name": "a", "tag": 5}, {"name": "b"}, owner="dc1")
    result = converge(host, {"name": "b"}, owner="dc1")
    gone = {"bridge": "br0", "external_ids": {"tenantry-owner": "dc1"}}
    assert result["diff"] == {"before": {"ports": {"a": gone}}, "after": {}}
    assert result["ofports"].keys() == {"br0", "b"}

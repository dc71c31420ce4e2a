# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_ipset on the kernel's own sets: what it makes, changes, exchanges, takes away and leaves alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from private_ovs import eventually
from set_lab import converge, header, ipset, members, own_namespace, run

WEB = ["10.1.16.31", "10.1.16.112", "10.1.189.5", "10.21.9.77"]  # the talk's


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        yield


def iptables(*arguments: str) -> None:
    subprocess.run(["iptables", "-w", *arguments], check=True, timeout=10)


def references(name: str) -> int:
    return int(ipset("list", "-terse", name).partition("References: ")[2].split()[0])


def names() -> list[str]:
    return sorted(ipset("list", "-name").split())


def count(**counts: int) -> dict[str, int]:
    return {"members": 0, "added": 0, "changed": 0, "removed": 0, **counts}


def test_a_set_comes_changes_and_goes() -> None:
    made = converge(name="web_sg", type="hash:ip", members=WEB)
    assert made["counts"] == {"web_sg": count(members=4, added=4)}
    assert members("web_sg") == sorted(WEB)
    assert header("web_sg") == "hash:ip family inet hashsize 1024 maxelem 65536"
    changed = converge(name="web_sg", members=[*WEB[1:], "10.1.16.32/31"])
    assert changed["diff"] == {
        "before": {"web_sg": {"members": ["10.1.16.31"]}},
        "after": {"web_sg": {"members": ["10.1.16.32", "10.1.16.33"]}},
    }
    assert changed["counts"] == {"web_sg": count(members=5, added=2, removed=1)}
    more = converge(name="web_sg", members=["10.9.9.9"], purge=False)
    assert more["counts"] == {"web_sg": count(members=6, added=1)}
    assert converge(name="web_sg", members=[])["counts"] == {"web_sg": count(removed=6)}
    assert not converge(name="web_sg")["changed"], "an omitted list is left alone"
    gone = converge(name="web_sg", state="absent")
    options = {"type": "hash:ip", "family": "inet", "hashsize": 1024, "maxelem": 65536}
    assert gone["diff"] == {"before": {"web_sg": options}, "after": {}}
    assert not converge(name="web_sg", state="absent")["changed"]
    assert names() == []


def test_many_sets_in_one_call_and_an_owner_has_what_is_listed() -> None:
    ipset("create", "foreign", "hash:ip")
    ipset("create", "dc1-lab.web", "hash:ip")
    foreign = ipset("save")
    sets: list[dict[str, Any]] = [
        {"name": "dc1.all", "type": "list:set", "members": ["dc1.web", "foreign"]},
        {"name": "dc1.web", "type": "hash:ip", "members": WEB},
        {"name": "dc1.ports", "type": "bitmap:port", "range": "0-1023", "members": ["80", "tcp:443"]},
        {"name": "dc1.nets", "type": "hash:net", "family": "inet6", "members": ["::/0", "fd00::1"]},
    ]
    made = converge(owner="dc1", sets=sets)
    assert made["counts"]["dc1.all"] == count(members=2, added=2)
    assert members("dc1.nets") == ["8000::/1", "::/1", "fd00::1"]
    assert members("dc1.ports") == ["443", "80"]
    converge(owner="dc1", sets=sets[1:2])
    assert names() == ["dc1-lab.web", "dc1.web", "foreign"]
    converge(owner="dc1", sets=[], allow_empty=True)
    assert ipset("save") == foreign


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"maxelem": 100}, "hash:ip family inet hashsize 1024 maxelem 100"),
        ({"hashsize": 5000}, "hash:ip family inet hashsize 8192 maxelem 65536"),
        ({"timeout": 600}, "hash:ip family inet hashsize 1024 maxelem 65536 timeout 600"),
        ({"counters": True, "skbinfo": True}, "hash:ip family inet hashsize 1024 maxelem 65536 counters skbinfo"),
        ({"comment": True}, "hash:ip family inet hashsize 1024 maxelem 65536 comment"),
        ({"type": "bitmap:ip", "range": "10.0.0.0/8"}, None),
        ({"type": "bitmap:ip", "range": "10.1.0.0/16", "members": WEB[:3]}, "bitmap:ip range 10.1.0.0-10.1.255.255"),
    ],
    ids=str,
)
def test_options_change_by_exchange_while_rules_and_lists_match(options: dict[str, Any], expected: str | None) -> None:
    converge(name="web", type="hash:ip", members=WEB)
    ipset("create", "all", "list:set")
    ipset("add", "all", "web")
    iptables("-A", "FORWARD", "-m", "set", "--match-set", "web", "src", "-j", "ACCEPT")
    if expected is None:
        assert run(name="web", **options).get("failed")
        return
    converge(name="web", **options)
    assert header("web") == expected
    assert [member.split()[0] for member in members("web")] == sorted(options.get("members", WEB))
    assert references("web") == 2
    assert names() == ["all", "web"]


def test_a_set_that_nobody_refers_to_changes_type_and_family() -> None:
    converge(name="web", type="hash:ip", members=WEB)
    converge(name="web", type="hash:net", members=["10.1.0.0/16"])
    converge(name="web", family="inet6", members=["fd00::/64"])
    assert header("web") == "hash:net family inet6 hashsize 1024 maxelem 65536"
    converge(name="web", type="list:set", members=[])
    assert names() == ["web"]


def test_members_are_no_matter_for_the_log_of_a_host() -> None:
    assert run(name="web", type="hash:ip", members=WEB).log == ""


def test_a_set_is_sized_by_its_members_and_grows() -> None:
    assert run(name="big", type="hash:ip", members=["10.0.0.0/16"])["changed"]
    assert header("big").endswith("maxelem 65536")
    assert run(name="big", members=["10.1.0.1"], purge=False)["counts"] == {"big": count(members=65537, added=1)}
    assert header("big").endswith("maxelem 131072")
    assert len(members("big")) == 65537


def test_details_of_members() -> None:
    given = [
        "10.0.0.1",
        '10.0.0.2 timeout 300 comment "web 2"',
        {"entry": "10.0.0.3", "packets": 7, "bytes": 900, "comment": "Größe #1 \\"},
        {"entry": "10.0.0.4", "skbmark": "0x00FF/0xff", "skbprio": "1:1F", "skbqueue": 3},
        {"entry": "10.0.0.5", "skbmark": "0x0/0x0", "skbprio": "0:0", "skbqueue": 0, "comment": ""},
    ]
    converge(name="web", type="hash:ip", members=given)
    assert members("web") == [
        "10.0.0.1 timeout 0 packets 0 bytes 0",
        members("web")[1],
        '10.0.0.3 timeout 0 packets 7 bytes 900 comment "Größe #1 \\"',
        "10.0.0.4 timeout 0 packets 0 bytes 0 skbmark 0xff/0xff skbprio 1:1f skbqueue 3",
        "10.0.0.5 timeout 0 packets 0 bytes 0",
    ]
    assert not converge(name="web", members=[f"10.0.0.{last}" for last in range(1, 6)])["changed"]
    changed = converge(name="web", members=[{"entry": "10.0.0.3", "comment": "other"}], purge=False)
    assert changed["diff"]["after"] == {"web": {"members": ['10.0.0.3 timeout 0 packets 7 bytes 900 comment "other"']}}
    converge(name="web", members=[{"entry": "10.0.0.3", "comment": ""}], purge=False)
    assert "10.0.0.3 timeout 0 packets 7 bytes 900" in members("web")


def test_a_comment_may_have_what_breaks_lines_elsewhere() -> None:
    converge(name="web", type="hash:ip", members=[{"entry": "10.0.0.1", "comment": "a\u2028b\x85c"}, "10.0.0.2"])


def test_time_that_passes_is_no_difference_and_time_that_is_over_is() -> None:
    task = {"name": "web", "type": "hash:ip", "members": ["10.0.0.1 timeout 1", "10.0.0.2 timeout 0"], "timeout": 2}
    assert run(**task)["changed"]
    eventually(lambda: len(members("web")) == 1, "timeout of a member")
    assert run(**task)["counts"] == {"web": count(members=2, added=1)}
    ipset("-exist", "add", "web", "10.0.0.2", "timeout", "9")
    ipset("-exist", "add", "web", "10.0.0.1", "timeout", "2000")
    assert run(**task)["counts"] == {"web": count(members=2, changed=2)}
    assert "10.0.0.2 timeout 0" in members("web")


def test_exceptions_of_nets_and_wildcards_of_interfaces() -> None:
    converge(name="nets", type="hash:net", members=["10.0.0.0/8", "10.1.0.0/16 nomatch"])
    assert members("nets") == ["10.0.0.0/8", "10.1.0.0/16 nomatch"]
    converge(name="nets", members=["10.0.0.0/8 nomatch", "10.1.0.0/16"])
    assert members("nets") == ["10.0.0.0/8 nomatch", "10.1.0.0/16"]
    converge(name="taps", type="hash:net,iface", members=["0.0.0.0/0,tap wildcard", "10.0.0.0/8,physdev:eth0"])
    assert members("taps") == ["0.0.0.0/0,tap wildcard", "10.0.0.0/8,physdev:eth0"]
    converge(name="taps", members=["0.0.0.0/0,tap", "10.0.0.0/8,physdev:eth0 wildcard"])
    assert members("taps") == ["0.0.0.0/0,tap", "10.0.0.0/8,physdev:eth0 wildcard"]


def test_a_mac_that_the_kernel_may_learn_and_one_that_is_set() -> None:
    converge(name="macs", type="bitmap:ip,mac", range="10.0.0.0/24", members=["10.0.0.1", "10.0.0.2"])
    ipset("-exist", "add", "macs", "10.0.0.2,52:54:00:00:00:02")  # as the kernel does at the first packet
    assert not converge(name="macs", members=["10.0.0.1", "10.0.0.2"])["changed"]
    converge(name="macs", members=["10.0.0.1,52:54:00:00:00:0a", "10.0.0.2,52:54:00:00:00:03"])
    assert members("macs") == ["10.0.0.1,52:54:00:00:00:0A", "10.0.0.2,52:54:00:00:00:03"]


def test_lists_let_go_before_sets_are_removed() -> None:
    sets = [{"name": name, "type": "hash:ip", "members": WEB} for name in ("a", "b")]
    everything = {"name": "all", "type": "list:set", "members": ["a", "b"]}
    converge(sets=[everything, *sets])
    converge(sets=[{"name": "a", "state": "absent"}, {**everything, "members": ["b", "c"]}, {**sets[1], "name": "c"}])
    assert (names(), members("all")) == (["all", "b", "c"], ["b", "c"])
    converge(state="absent", sets=[{"name": "b"}, {"name": "all"}])
    assert names() == ["c"]


def test_what_nobody_manages_here_stays_when_a_set_is_exchanged() -> None:
    ipset("create", "web", "hash:ip", "bucketsize", "4")
    converge(name="web", comment=True, members=WEB)
    assert "comment bucketsize 4" in ipset("save", "web")


def test_sets_of_strangers_stay_as_they_are() -> None:
    ipset("create", "two words", "hash:ip", "comment")
    ipset("add", "two words", "10.0.0.1", "comment", "a b")
    ipset("create", "masked", "hash:ip", "netmask", "24")
    before = ipset("save")
    converge(name="web", type="hash:ip", members=WEB)
    converge(name="web", state="absent")
    assert ipset("save") == before

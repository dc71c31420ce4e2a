# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of of_flow to texts that a tool may be given. The messages: tests/adapters/wrong_flows.txt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import Cookie, Ids, Program
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow_input import (
    owner_cookie,
    parse_program,
    parse_selection,
)

COOKIE = "0x7e4a000000000000/0xffff000000000000"
IDS = {"group_ids": "100-199,300", "meter_ids": None}


def program(**options: Any) -> Program:
    task = {"bridge": "br0", "cookie": COOKIE, "purge": True, "state": "present", "timeout": 5, **IDS}
    return parse_program({**task, **options})


def flows(*given: Any) -> list[str]:
    return list(program(flows=list(given)).lists["flow"] or ())


@pytest.mark.parametrize(
    ("text", "cookie"),
    [
        ("0x5", Cookie(5, 2**64 - 1)),
        ("5", Cookie(5, 2**64 - 1)),
        ("0x50/0xf0", Cookie(0x50, 0xF0)),
        ("0x50/-1", Cookie(0x50, 2**64 - 1)),
        (COOKIE, Cookie(0x7E4A << 48, 0xFFFF << 48)),
    ],
)
def test_the_mark_of_an_owner(text: str, cookie: Cookie) -> None:
    assert owner_cookie(text) == cookie
    assert cookie.owns(cookie.value)
    assert not cookie.owns(cookie.value ^ (cookie.mask & -cookie.mask))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("priority=5,actions=drop", "cookie=0x7e4a000000000000,priority=5,actions=drop"),
        ("table=0,priority=5,actions=drop", "cookie=0x7e4a000000000000,priority=5,actions=drop"),
        ("cookie=0x5,table=0,actions=drop", "cookie=0x7e4a000000000005,actions=drop"),
        ("cookie=0x7e4a000000000005,table=1,actions=drop", "cookie=0x7e4a000000000005,table=1,actions=drop"),
        ("table=1,cookie=5 ,ip,actions=drop", "cookie=0x7e4a000000000005,table=1,ip,actions=drop"),
        ("cookie=5 table=1 actions=drop", "cookie=0x7e4a000000000005,table=1 actions=drop"),
        ("actions=learn(table=1,cookie=0x9)", "cookie=0x7e4a000000000000,actions=learn(table=1,cookie=0x9)"),
        ({"actions": "drop"}, "cookie=0x7e4a000000000000,actions=drop"),
        (
            {"table": 3, "priority": 5, "match": {"ip": None, "nw_src": "10.0.0.1"}, "actions": ["set_queue:1", "2"]},
            "cookie=0x7e4a000000000000,table=3,priority=5,ip,nw_src=10.0.0.1,actions=set_queue:1,2",
        ),
        (
            {"match": {"in_port": 1, "arp": True, "packet_type": "(1,0x806)"}, "actions": "drop", "cookie": 5},
            "cookie=0x7e4a000000000005,in_port=1,arp,packet_type=(1,0x806),actions=drop",
        ),
    ],
)
def test_the_cookie_comes_first_and_is_the_owners(given: Any, text: str) -> None:
    assert flows(given) == [text]
    assert flows("actions=drop", given, {"actions": "drop"})[1] == text, "the same among others"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=30), st.sampled_from(["flows", "groups"]))
def test_no_text_is_more_than_one_line_a_comment_or_a_command(text: str, option: str) -> None:
    for written in (text, f"ip,{text},actions=drop", f"{text},group_id=100", {"match": text, "actions": text}):
        try:
            lists = program(**{option: [written]}).lists
        except InvalidInput:
            continue
        (line,) = lists[option[:-1]] or ()
        assert len(line.splitlines()) == 1
        assert line.isascii()
        assert "#" not in line
        assert not line.lower().lstrip().startswith(("add ", "delete", "modify ", "-", "flow ", "group "))


def test_what_is_not_given_is_no_opinion() -> None:
    assert program(flows=None).lists == {"flow": None, "group": None, "meter": None}
    assert program(flows=[], allow_empty=True).lists["flow"] == ()


def test_absent_means_all_that_is_the_owners() -> None:
    absent = program(state="absent", flows=["actions=drop"], purge=False)
    assert absent.lists == {"flow": (), "group": (), "meter": None}
    assert absent.purge


def test_numbers_that_are_the_owners() -> None:
    ids = program().ids
    assert ids["group"] == Ids((range(100, 200), range(300, 301)))
    assert str(ids["group"]) == "100-199,300"
    assert not ids["meter"]
    everything = parse_selection({"bridge": "br0", "cookie": None, "timeout": 5, "group_ids": "5", "meter_ids": None})
    assert everything.cookie.owns(0)
    assert everything.ids["meter"].owns(77)
    assert not everything.ids["group"].owns(6)


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ("group_id=100,type=all,bucket=drop", "group_id=100,type=all,bucket=drop"),
        (
            {
                "group_id": 100,
                "type": "fast_failover",
                "buckets": ["watch_port:1,2", {"watch_group": 5, "actions": "3"}],
            },
            "group_id=100,type=ff,bucket=watch_port:1,2,bucket=watch_group:5,actions=3",
        ),
        (
            {"group_id": "300", "type": "select", "selection_method": "hash", "fields": ["ip_src", "tcp_dst"]},
            "group_id=300,type=select,selection_method=hash,fields(ip_src,tcp_dst)",
        ),
    ],
)
def test_groups(group: Any, text: str) -> None:
    assert program(groups=[group]).lists["group"] == (text,)


@pytest.mark.parametrize(
    ("meter", "text"),
    [
        ("meter=5 pktps band=type=drop rate=5", "meter=5,pktps,bands=type=drop,rate=5"),
        (
            "meter=16,stats,burst,kbps,bands=type=drop,rate=5,burst_size=7,type=drop,rate=9,burst_size=1",
            "meter=16,kbps,burst,stats,bands=type=drop,rate=5,burst_size=7,type=drop,rate=9,burst_size=1",
        ),
        (
            {"meter_id": 7, "flags": "kbps,burst", "bands": [{"type": "drop", "rate": "9", "burst_size": 1}]},
            "meter=7,kbps,burst,bands=type=drop,rate=9,burst_size=1",
        ),
    ],
)
def test_meters(meter: Any, text: str) -> None:
    assert program(meters=[meter], meter_ids="1-20").lists["meter"] == (text,)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP sets as values: what a member stands for, what is printed of it, and what leads from one set to another."""

from __future__ import annotations

import ipaddress
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import address_text
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    BITMAPS,
    PLAIN,
    TYPES,
    Details,
    Header,
    Members,
    PlainMembers,
    Wanted,
    are_plain,
    exchangeable,
    merged,
    settled,
    sized,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_change import Change, change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_details import parse_details, parse_row
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_input import parse_sets, read_members
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import (
    BITS,
    Span,
    elements,
    prefixes,
    span,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_script import script
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import (
    Current,
    details_words,
    header_words,
    parse_header,
    parse_listing,
    parse_save,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import (
    is_unfinished_set,
    set_name,
    unfinished_set,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

# What is written, and what the kernel keeps of it
TABLE = [
    ("hash:ip", "10.0.0.5/30", "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7"),
    ("hash:ip", "10.0.0.9-10.0.0.10", "10.0.0.9 10.0.0.10"),
    ("hash:ip", "fd00:0:0::0:1", "fd00::1"),
    ("hash:ip", "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ("hash:net", "10.0.0.5/24", "10.0.0.0/24"),
    ("hash:net", "10.0.0.5/32", "10.0.0.5"),
    ("hash:net", "10.0.0.1-10.0.0.6", "10.0.0.1 10.0.0.2/31 10.0.0.4/31 10.0.0.6"),
    ("hash:net", "0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1"),
    ("hash:net", "::/0", "::/1 8000::/1"),
    ("hash:net", "FD00::1/64", "fd00::/64"),
    ("hash:net,iface", "0.0.0.0/0,physdev:tap0", "0.0.0.0/0,physdev:tap0"),
    ("hash:net,port,net", "0.0.0.0/0,80,::/0", None),
    ("hash:net,port,net", "0.0.0.0/0,80,10.0.0.0/8", "0.0.0.0/0,tcp:80,10.0.0.0/8"),
    ("hash:ip,port", "10.0.0.1,80-81", "10.0.0.1,tcp:80 10.0.0.1,tcp:81"),
    ("hash:ip,port", "10.0.0.1,17:53", "10.0.0.1,udp:53"),
    ("hash:ip,port", "10.0.0.1,icmp:8/0", "10.0.0.1,icmp:echo-request"),
    ("hash:ip,port", "10.0.0.1,ICMP:ping", "10.0.0.1,icmp:echo-request"),
    ("hash:ip,port", "10.0.0.1,icmp:8/1", "10.0.0.1,icmp:8/1"),
    ("hash:ip,port", "fd00::1,icmpv6:135/0", "fd00::1,ipv6-icmp:neighbour-solicitation"),
    ("hash:ip,port", "10.0.0.1,47:0", "10.0.0.1,gre:0"),
    ("hash:ip,port", "10.0.0.1,253:0", "10.0.0.1,253:0"),
    ("hash:mac", "aa:bb:cc:dd:ee:0f", "AA:BB:CC:DD:EE:0F"),
    ("hash:ip,mac", "10.0.0.2/31,aa:bb:cc:dd:ee:0f", "10.0.0.2,AA:BB:CC:DD:EE:0F 10.0.0.3,AA:BB:CC:DD:EE:0F"),
    ("hash:ip,mark", "10.0.0.1,555", "10.0.0.1,0x0000022b"),
    ("bitmap:port", "udp:7-8", "7 8"),
    ("list:set", "dc1.web", "dc1.web"),
]
NUMBERS = {family: st.integers(0, 2**bits - 1) for family, bits in BITS.items()}
spans = st.sampled_from(["inet", "inet6"]).flatmap(
    lambda family: st.tuples(NUMBERS[family], NUMBERS[family]).map(lambda ends: Span(family, min(ends), max(ends)))
)
words = st.text(string.ascii_letters + string.digits + " äß#\\$'", max_size=20)
details = st.builds(
    Details,
    timeout=st.none() | st.integers(0, 2147483),
    nomatch=st.booleans(),
    wildcard=st.booleans(),
    packets=st.none() | st.integers(0, 2**40),
    bytes=st.none() | st.integers(0, 2**40),
    comment=st.none() | words.filter(bool),
    skbmark=st.none() | st.sampled_from(["0x1", "0x1111/0xff00ffff"]),
    skbprio=st.none() | st.sampled_from(["1:10", "0:0"]),
    skbqueue=st.none() | st.integers(0, 65535),
)
headers = st.builds(
    Header,
    type=st.just("hash:ip"),
    family=st.sampled_from(["inet", "inet6"]),
    range=st.none(),
    hashsize=st.none() | st.just(2048),
    maxelem=st.just(65536),
    timeout=st.none() | st.integers(0, 2147483),
    counters=st.booleans(),
    comment=st.booleans(),
    skbinfo=st.booleans(),
    kept=st.sampled_from([(), ("bucketsize", "12"), ("forceadd", "netmask", "24")]),
)
hosts = st.sampled_from([f"10.0.0.{number}" for number in range(1, 8)])
sets = st.dictionaries(hosts, details)


@pytest.mark.parametrize(("kind", "written", "kept"), TABLE)
def test_what_a_member_stands_for(kind: str, written: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(ValueError, match="mixes IPv4 and IPv6"):
            elements(kind, written)
        return
    assert [element.text for element in elements(kind, written)] == kept.split()
    assert [element.text for one in kept.split() for element in elements(kind, one)] == kept.split(), "a fixed point"


@given(spans)
def test_prefixes_are_exactly_the_addresses(addresses: Span) -> None:
    nets = list(map(span, prefixes(addresses, 1)))
    assert (nets[0].first, nets[-1].last) == addresses[1:]
    assert all(left.last + 1 == right.first for left, right in zip(nets, nets[1:]))
    ends = [ipaddress.ip_address(address_text(addresses.family, end)) for end in addresses[1:]]
    if addresses.last - addresses.first < 2 ** BITS[addresses.family] - 1:
        assert len(nets) == len(list(ipaddress.summarize_address_range(*ends)))  # type: ignore[type-var]


@given(st.sampled_from(["inet", "inet6"]).flatmap(lambda family: st.tuples(st.just(family), NUMBERS[family])))
def test_an_address_is_read_back(address: tuple[str, int]) -> None:
    family, number = address
    assert span(address_text(family, number)) == Span(family, number, number)


@given(details)
def test_details_are_read_back(one: Details) -> None:
    assert parse_details(details_words(one)) == one


def test_what_ipset_itself_would_not_read_back_is_no_fault_of_ours() -> None:
    assert parse_row('10.0.0.1 comment "it"s"') == ("10.0.0.1", Details(comment='comment "it"s"'))


@given(headers)
def test_headers_are_read_back(header: Header) -> None:
    assert parse_header(header_words(header)) == header


@given(details, details)
def test_what_is_merged_is_settled(actual: Details, wanted: Details) -> None:
    assert settled(wanted, wanted)
    assert settled(merged(actual, wanted), wanted)


@given(sets, sets, headers, st.booleans())
def test_a_change_leads_to_what_is_wanted_and_then_there_is_none(
    actual: dict[str, Details], desired: dict[str, Details], header: Header, purge: bool
) -> None:
    header = header._replace(kept=(), timeout=5, counters=True, comment=True, skbinfo=True)
    faults = Faults()
    wanted = Wanted("", "web", type="hash:ip", family=header.family, members=desired, plain=False, purge=purge)
    planned = change(faults, wanted, Current(header, actual))
    assert not faults
    reached = Current(header, planned.members())
    assert planned.size == len(reached.members)
    assert set(reached.members) == (set(desired) if purge else {*actual, *desired})
    assert all(settled(reached.members[element], one) for element, one in desired.items())
    assert not change(faults, wanted, reached)
    assert not change(faults, Wanted("", "web", type="hash:ip"), reached), "no opinion, no change"


@given(st.lists(hosts), st.lists(hosts), st.booleans())
def test_of_sets_with_nothing_beside_the_elements_as_of_others(
    actual: list[str], desired: list[str], purge: bool
) -> None:
    header = Header("hash:ip", "inet", maxelem=65536)

    def planned(before: Members, after: Members) -> Change:
        wanted = Wanted("", "web", type="hash:ip", members=after, purge=purge)
        return change(Faults(), wanted, Current(header, before))

    found = planned(PlainMembers(actual), PlainMembers(desired))
    other = planned(*(dict.fromkeys(listed, PLAIN) for listed in (actual, desired)))
    assert (found, found.members(), found.size) == (other, other.members(), other.size)
    assert list(found.added) == list(other.added), "in another order"


NEARLY_ADDRESSES = st.from_regex(r"[0-9]{0,3}(\.[0-9]{0,3}){2,4}[-/ ,\n]?[0-9]?", fullmatch=True)


@given(st.sampled_from(TYPES), NEARLY_ADDRESSES | st.ip_addresses(v=4).map(str))
def test_what_is_taken_as_it_is_stands_for_itself(kind: str, written: str) -> None:
    try:
        kept = [element.text for element in elements(kind, written)]
    except ValueError:
        kept = []
    itself = kind in ("hash:ip", "hash:net") and kept == [written] and "/" not in written
    assert are_plain(kind, [written]) == (itself and written != "0.0.0.0")  # which sets of nets alone can hold


@pytest.mark.parametrize(
    "other", [4, None, b"10.0.0.1", {"entry": "10.0.0.1"}, "10.0.0.1\0", "\ud800", "::", "0.0.0.0"]
)
def test_one_member_that_is_something_else(other: Any) -> None:
    assert are_plain("hash:ip", ["10.0.0.1"])
    assert not are_plain("hash:ip", ["10.0.0.1", other])


def test_members_that_are_listed_twice() -> None:
    members = PlainMembers(["10.0.0.2", "10.0.0.1", "10.0.0.2"])
    assert (list(members), len(members)) == (["10.0.0.2", "10.0.0.1"], 2)
    assert ("10.0.0.1" in members, "10.0.0.3" in members, members["10.0.0.1"]) == (True, False, PLAIN)


@pytest.mark.parametrize(
    ("count", "options", "hashsize"),
    [(3000, {}, None), (20_000, {}, 8192), (20_000, {"hashsize": 64}, 64), (20_000, {"type": "bitmap:ip"}, None)],
)
def test_a_large_set_is_made_with_room(count: int, options: dict[str, Any], hashsize: int | None) -> None:
    members = PlainMembers([f"10.0.{number >> 8}.{number & 255}" for number in range(1, count + 1)])
    wanted = Wanted("", "web", range="10.0.0.0-10.0.255.255", members=members)._replace(
        **{"type": "hash:ip", **options}
    )
    made = next(script([change(Faults(), wanted, None)], []))
    assert parse_header(made.split(" ", 2)[2]).hashsize == hashsize


def test_what_ipset_prints_is_read() -> None:
    listed = parse_listing(
        "Name: a b\nType: hash:ip\nRevision: 6\nHeader: family inet\nSize in memory: 200\nReferences: 2\n"
        "Number of entries: 0\n\nName: c\nType: list:set\nRevision: 3\nHeader: size 8\nReferences: 0\n"
    )
    assert {name: tuple(one) for name, one in listed.items()} == {
        "a b": ("hash:ip", 2, "inet", "family inet", 0),
        "c": ("list:set", 0, None, "size 8", None),
    }
    assert [one.header for one in listed.values()] == [
        Header("hash:ip", "inet"),
        Header("list:set", kept=("size", "8")),
    ]
    printed = (
        "create web hash:ip family inet hashsize 64 maxelem 9 timeout 5 comment bucketsize 12 initval 0x1f\n"
        'add web 10.0.0.1 timeout 3 comment "a b"\nadd web 10.0.0.2 timeout 0\n'
        "create low bitmap:port range 0-9\nadd low 8\n"
        "create marks hash:ip,mark family inet markmask 0xffffffff hashsize 64 maxelem 9 bucketsize 12 initval 0x1f\n"
        "create masked hash:ip,mark family inet markmask 0x000000ff hashsize 64 maxelem 9\n"
    )
    assert isinstance(parse_save(printed)["low"].members, PlainMembers)
    assert parse_save(printed) == {
        "web": Current(
            Header("hash:ip", "inet", None, 64, 9, 5, comment=True, kept=("bucketsize", "12")),
            {"10.0.0.1": Details(timeout=3, comment="a b"), "10.0.0.2": Details(timeout=0)},
        ),
        "low": Current(Header("bitmap:port", range="0-9"), {"8": Details()}),
        "marks": Current(Header("hash:ip,mark", "inet", None, 64, 9, kept=("bucketsize", "12")), {}),
        "masked": Current(Header("hash:ip,mark", "inet", None, 64, 9, kept=("markmask", "0x000000ff")), {}),
    }
    assert (parse_listing(""), parse_save("")) == ({}, {})


def test_another_version_of_ipset_may_print_elements_otherwise() -> None:
    old = Current(Header("hash:ip,port", "inet", maxelem=65536), {"10.0.0.1,6:80": Details(), "x,y": Details()})
    members = {f"10.0.0.{host},tcp:80": Details() for host in (1, 2)}
    wanted = Wanted("", "web", type="hash:ip,port", members=members)
    planned = change(Faults(), wanted, old)
    assert (set(planned.added), set(planned.removed)) == ({"10.0.0.2,tcp:80"}, {"x,y"})


def test_only_sets_that_store_the_same_are_exchanged() -> None:
    alike = {
        (one, other)
        for one in TYPES
        for other in TYPES
        if one < other and exchangeable(*(Header(kind, None if kind in BITMAPS else "inet") for kind in (one, other)))
    }
    assert alike == {("bitmap:ip", "hash:ip"), ("bitmap:ip,mac", "hash:ip,mac")}
    assert not exchangeable(Header("hash:ip", "inet"), Header("hash:ip", "inet6"))
    assert not exchangeable(Header("bitmap:ip"), Header("hash:ip", "inet6"))


def test_the_size_of_a_set() -> None:
    assert [sized(n) for n in (0, 1, 65536, 65537, 1_000_000)] == [65536, 65536, 65536, 131072, 1048576]


def test_marks_of_owners() -> None:
    assert set_mark("dc1") == "dc1."
    assert set_mark("dc1-lab") == "dc1-lab."
    assert len(set_mark("a-fabric-name")) == 13
    assert len({set_mark(owner) for owner in ("DC1", "dc1", "d c1", "dc1.web")}) == 4


def test_names_of_sets() -> None:
    assert set_name("a" * 31) == "a" * 31
    assert is_unfinished_set(unfinished_set("web"))
    assert len(unfinished_set("a" * 31)) <= 31
    assert not is_unfinished_set("tenantry-tmp-web")


def test_every_fault_is_told_at_once() -> None:
    sets = [{"name": "a b", "type": "hash:ip", "members": ["1", "10.0.0.1"]}, {"name": "c", "maxelem": 0}]
    with pytest.raises(InvalidInput) as error:
        parse_sets({"sets": sets})
    paths = [fault.split(":")[0] for fault in error.value.faults]
    assert paths == ["sets[0].members[0]", "sets[0].name", "sets[1].maxelem"]


def test_members_that_overlap_are_kept_once() -> None:
    faults = Faults()
    members, family = read_members(faults, "", "hash:ip", None, ["10.0.0.0/30", "10.0.0.1", "10.0.0.1-10.0.0.2"])
    assert (len(members), family, bool(faults)) == (4, "inet", False)


def test_a_list_is_made_after_its_sets_and_goes_before_them() -> None:
    faults = Faults()
    web = change(faults, Wanted("", "web", type="hash:ip", members={"10.0.0.1": Details()}), None)
    every = change(faults, Wanted("", "all", type="list:set", members={"web": Details()}), None)
    lines = "\n".join(script([every, web], ["old"]))
    for name in ("web", "all"):
        lines = lines.replace(unfinished_set(name), name.upper())
    assert lines.split("\n") == [
        "destroy old",
        "create WEB hash:ip family inet maxelem 65536",
        "add WEB 10.0.0.1",
        "rename WEB web",
        "create ALL list:set",
        "add ALL web",
        "rename ALL all",
    ]

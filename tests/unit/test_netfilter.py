# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as values and as text: what each option says, what iptables-save prints, and what a change of a table does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Listing as SetListing
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Chain, Jump, Rule, SetMatch, Wanted
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_change import change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_references import refuse_held
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_rule_input import parse_rule
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_sets import with_families
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import (
    Listing,
    is_jump_of_a_task,
    limit_text,
    normal,
    parse_save,
    quoted,
    rule_text,
    target_of,
    without_sets,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

BOTH = ("ipv4", "ipv6")
SYN = "-m tcp --tcp-flags FIN,SYN,RST,ACK SYN"
TEXTS: list[tuple[dict[str, Any], str]] = [  # written by hand, from iptables-extensions(8)
    ({}, ""),
    ({"protocol": "TCP"}, "-p tcp "),
    ({"protocol": "6", "negate": ["protocol"]}, "! -p tcp "),
    ({"protocol": "200"}, "-p 200 "),
    ({"protocol": "icmpv6"}, "-p ipv6-icmp "),
    ({"protocol": "47"}, "-p gre "),
    ({"source": "10.0.0.1"}, "-s 10.0.0.1/32 "),
    ({"source": "0.0.0.0/0", "destination": "::/0"}, "fault"),
    ({"source": "0.0.0.0/0"}, ""),
    ({"source": "10.0.0.0/8", "destination": "192.0.2.1", "negate": ["source"]}, "! -s 10.0.0.0/8 -d 192.0.2.1/32 "),
    ({"destination": "2001:DB8:0:0:1::"}, "-d 2001:db8:0:0:1::/128 "),
    ({"destination": "::1:0"}, "-d ::0.1.0.0/128 "),
    ({"in_interface": "eth0", "out_interface": "tap+", "negate": ["out_interface"]}, "-i eth0 ! -o tap+ "),
    ({"protocol": "tcp", "destination_ports": [80]}, "-p tcp -m tcp --dport 80 "),
    (
        {"protocol": "udp", "source_ports": ["53"], "destination_ports": ["0-9"]},
        "-p udp -m udp --sport 53 --dport 0:9 ",
    ),
    ({"protocol": "tcp", "destination_ports": [443, 80]}, "-p tcp -m multiport --dports 80,443 "),
    ({"protocol": "tcp", "destination_ports": [82, "80-81", 90, 80]}, "-p tcp -m multiport --dports 80:82,90 "),
    ({"protocol": "sctp", "destination_ports": ["0-65535"]}, "-p sctp "),
    ({"protocol": "dccp", "source_ports": [5]}, "-p dccp -m multiport --sports 5 "),
    ({"protocol": "tcp", "syn": True}, f"-p tcp {SYN} "),
    ({"protocol": "tcp", "syn": False}, f"-p tcp {SYN} ".replace("--tcp", "! --tcp")),
    ({"protocol": "tcp", "syn": True, "destination_ports": [1, 5]}, f"-p tcp {SYN} -m multiport --dports 1,5 "),
    (
        {"protocol": "tcp", "tcp_flags": {"mask": ["URG", "SYN"], "set": []}, "source_ports": [7]},
        "-p tcp -m tcp --sport 7 --tcp-flags SYN,URG NONE ",
    ),
    ({"protocol": "icmp", "icmp_type": "echo-request"}, "-p icmp -m icmp --icmp-type 8 "),
    ({"protocol": "icmp", "icmp_type": 3, "icmp_code": 4}, "-p icmp -m icmp --icmp-type 3/4 "),
    ({"protocol": "icmpv6", "icmp_type": "packet-too-big"}, "-p ipv6-icmp -m icmp6 --icmpv6-type 2 "),
    (
        {"protocol": "icmpv6", "icmp_type": 136, "nd_target": "fd00:1::/48"},
        "-p ipv6-icmp -m icmp6 --icmpv6-type 136 "
        '-m u32 --u32 "0x4&0xff00=0x3a00&&0x30=0xfd000001&&0x34&0xffff0000=0x0" ',
    ),
    ({"fragment": True}, "-f "),
    ({"fragment": False, "protocol": "udp"}, "-p udp ! -f "),
    ({"sets": [{"set": "web", "direction": "src"}]}, "-m set --match-set web src "),
    ({"sets": [{"set": "a:b", "direction": "src,dst", "negate": True}]}, "-m set ! --match-set a:b src,dst "),
    (
        {"physdev_out": "tap0", "physdev_in": "vnet+", "physdev_is_bridged": True, "negate": ["physdev_in"]},
        "-m physdev ! --physdev-in vnet+ --physdev-out tap0 --physdev-is-bridged ",
    ),
    ({"physdev_is_bridged": False}, "-m physdev ! --physdev-is-bridged "),
    ({"ctstate": ["ESTABLISHED", "RELATED"]}, "-m conntrack --ctstate RELATED,ESTABLISHED "),
    (
        {"ctstate": ["NEW"], "ctstatus": ["ASSURED", "EXPECTED"], "ctdir": "REPLY", "negate": ["ctstate"]},
        "-m conntrack ! --ctstate NEW --ctstatus EXPECTED,ASSURED --ctdir REPLY ",
    ),
    ({"mac_source": "52:54:00:AB:CD:EF"}, "-m mac --mac-source 52:54:00:ab:cd:ef "),
    ({"limit": "90/minute", "limit_burst": 5}, "-m limit --limit 90/min "),
    ({"limit": "5/second", "limit_burst": 9}, "-m limit --limit 5/sec --limit-burst 9 "),
    ({"mark": 255}, "-m mark --mark 0xff "),
    ({"mark": "0X1/0xFF", "negate": ["mark"]}, "-m mark ! --mark 0x1/0xff "),
    ({"comment": "web"}, "-m comment --comment web "),
    ({"comment": "it's web"}, '-m comment --comment "it\\\'s web" '),
]
TARGETS = [
    ("filter", {"target": "REJECT"}, "-j REJECT --reject-with icmp-port-unreachable"),
    (
        "filter",
        {"target": "REJECT", "reject_with": "host-unreachable"},
        "-j REJECT --reject-with icmp-host-unreachable",
    ),
    ("filter", {"goto": "web"}, "-g web"),
    ("filter", {"target": "web"}, "-j web"),
    ("filter", {"target": "LOG", "log_prefix": "no: "}, '-j LOG --log-prefix "no: "'),
    ("filter", {"target": "LOG", "log_level": "warning"}, "-j LOG"),
    ("filter", {"target": "LOG", "log_level": "debug"}, "-j LOG --log-level 7"),
    ("raw", {"target": "CT", "notrack": True}, "-j CT --notrack"),
    ("raw", {"target": "CT", "zone": 7}, "-j CT --zone 7"),
    ("mangle", {"target": "MARK", "set_mark": "0x1"}, "-j MARK --set-xmark 0x1/0xffffffff"),
    ("mangle", {"target": "MARK", "set_mark": "0x1/0xff"}, "-j MARK --set-xmark 0x1/0xff"),
]


def parsed(given: dict[str, Any], table: str = "filter", families: tuple[str, ...] = BOTH) -> Rule | None:
    faults = Faults()
    rule = parse_rule(faults, "", table, families, given)
    return None if faults else rule


@pytest.mark.parametrize(("given", "text"), TEXTS, ids=str)
def test_a_match_is_written_as_iptables_prints_it(given: dict[str, Any], text: str) -> None:
    rule = parsed({**given, "target": "DROP"})
    assert (rule_text(rule, rule.family or "ipv4") if rule else "fault") == text + ("-j DROP" if rule else "")


@pytest.mark.parametrize(("table", "given", "text"), TARGETS, ids=str)
def test_a_target_is_written_as_iptables_prints_it(table: str, given: dict[str, Any], text: str) -> None:
    rule = parsed(given, table)
    assert rule
    assert rule_text(rule, "ipv4") == text


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ({}, None),
        ({"protocol": "tcp"}, None),
        ({"source": "10.0.0.1"}, "ipv4"),
        ({"source": "0.0.0.0/0"}, "ipv4"),
        ({"destination": "fd00::/8"}, "ipv6"),
        ({"protocol": "icmpv6"}, "ipv6"),
        ({"protocol": "ah"}, "ipv4"),
        ({"protocol": "icmp", "negate": ["protocol"]}, None),
        ({"fragment": False}, "ipv4"),
        ({"family": "ipv6"}, "ipv6"),
    ],
)
def test_a_rule_is_of_the_family_of_its_values(given: dict[str, Any], family: str | None) -> None:
    rule = parsed({**given, "target": "DROP"})
    assert rule
    assert rule.family == family
    assert (parsed({**given, "target": "DROP"}, families=("ipv4",)) is None) == (family == "ipv6")


def test_what_a_set_holds_says_what_rules_can_look_up() -> None:
    sets = {
        "v4": SetListing("hash:ip", 0, "inet"),
        "v6": SetListing("hash:ip", 0, "inet6"),
        "p": SetListing("bitmap:port", 0),
    }
    rules = tuple(Rule("DROP", sets=(SetMatch(name, ("src",)),)) for name in sets)
    faults = Faults()
    (chain,) = with_families(faults, Wanted("filter", BOTH, [Chain("", "c", rules=rules)]), sets).chains
    assert not faults
    assert [rule.family for rule in chain.rules or ()] == ["ipv4", "ipv6", None]


def test_rates_are_those_that_the_kernel_keeps() -> None:
    rates = {(7, "sec"): "7/sec", (60, "minute"): "1/sec", (90, "min"): "90/min", (9999, "second"): "10000/sec"}
    rates |= {(24, "day"): "1/hour", (25, "day"): "25/day", (3600, "hour"): "1/sec", (10001, "second"): None}  # type: ignore[dict-item]
    assert {rate: limit_text(*rate) for rate in rates} == rates


def test_what_is_printed_is_read_whatever_the_host_calls_it() -> None:
    assert normal("-p 47 -j ACCEPT") == normal("-p gre -j ACCEPT") == "-p gre -j ACCEPT"
    assert normal("! -p ipv6-icmp -j A") == "! -p ipv6-icmp -j A"
    assert normal("-p fancy -j A") == "-p fancy -j A"
    assert normal('-m comment --comment "a -p 47" -j A') == '-m comment --comment "a -p 47" -j A'
    assert normal("-m mac --mac-source 52:54:00:AB:CD:EF -j A") == "-m mac --mac-source 52:54:00:ab:cd:ef -j A"
    assert normal("-j A") == "-j A"


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("-j web", "web"),
        ("-i eth0 -g web", "web"),
        ("-m comment --comment -j -j web", "web"),
        ('-m comment --comment "x -j no" -j web', "web"),
        ('-m comment --comment "a \\" -j no" -j web', "web"),
        ('-j LOG --log-prefix "-j web"', "LOG"),
        ("-i eth0", ""),
        ("", ""),
    ],
)
def test_a_rule_leads_to_its_target(rule: str, target: str) -> None:
    assert target_of(rule) == target


def test_a_rule_without_its_sets() -> None:
    said = "-p tcp -m set --match-set web src -m set ! --match-set b:c dst,dst -m mark --mark 0x1 -j DROP"
    assert without_sets(said) == "-p tcp -m mark --mark 0x1 -j DROP"


def test_a_table_is_read_from_all_that_is_printed() -> None:
    printed = (
        "# Generated by iptables-save\n*nat\n:INPUT ACCEPT [0:0]\n:web - [0:0]\n-A web -j ACCEPT\nCOMMIT\n*filter\n"
        ":INPUT DROP [7:900]\n:web - [0:0]\n:bare - [0:0]\n-A INPUT -j web\n-A web -p tcp -j DROP\n-A bare\n"
        "COMMIT\n# Done\n"
    )
    listing = parse_save(printed, "filter")
    assert listing == Listing({"INPUT": ("-j web",)}, {"web": ("-p tcp -j DROP",), "bare": ("",)})
    assert parse_save(printed, "raw") == Listing({}, {})


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=300, exclude_characters='"\\'), min_size=1))
def test_words_in_quotes_are_whole(text: str) -> None:
    word = quoted(text)
    assert word == text or word[1:-1].replace("\\'", "'") == text


WEB = Chain("", "web", rules=(Rule("ACCEPT", source="10.0.0.1/32"), Rule("DROP")))
JUMP = '-m comment --comment "tenantry.sdn" -j web'
OTHER = '-m comment --comment "tenantry.sdn: of another" -j x'


def lines(wanted: Wanted, builtin: dict[str, tuple[str, ...]], **chains: tuple[str, ...]) -> list[str]:
    return list(change(wanted, "ipv4", Listing(builtin, chains)).lines)


def test_a_chain_that_differs_is_replaced_and_one_that_is_as_wanted_is_not_named() -> None:
    wanted = Wanted("filter", ("ipv4",), [WEB, Chain("", "new", rules=()), Chain("", "kept")])
    rules = ("-s 10.0.0.1/32 -j ACCEPT", "-j DROP")
    assert lines(wanted, {}, web=("-j DROP",), kept=("-j X",)) == [
        ":web - [0:0]",
        ":new - [0:0]",
        "-A web -s 10.0.0.1/32 -j ACCEPT",
        "-A web -j DROP",
    ]
    assert lines(wanted, {}, web=rules, new=(), kept=("-j X",)) == []


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((), [f"-I FORWARD 1 {JUMP}"]),
        ((JUMP, "-j DROP"), []),
        ((OTHER, JUMP, "-j DROP"), []),
        (("-j DOCKER", JUMP), [f"-D FORWARD {JUMP}", f"-I FORWARD 1 {JUMP}"]),
        ((JUMP, OTHER, JUMP), [f"-D FORWARD {JUMP}"] * 2 + [f"-I FORWARD 1 {JUMP}"]),
        (("-i eth0 -j web", "-j DROP"), ["-D FORWARD -i eth0 -j web", f"-I FORWARD 1 {JUMP}"]),
        (("-j web",), ["-D FORWARD -j web", f"-I FORWARD 1 {JUMP}"]),
    ],
)
def test_a_jump_is_first_once_and_jumps_of_other_tasks_stay(there: tuple[str, ...], expected: list[str]) -> None:
    wanted = Wanted("filter", ("ipv4",), [Chain("", "web")], [Jump("FORWARD", Rule("web"))])
    assert lines(wanted, {"FORWARD": there}, web=()) == expected


def test_jumps_are_first_and_last_in_order() -> None:
    jumps = [
        Jump("FORWARD", Rule("web", in_interface="eth0")),
        Jump("FORWARD", Rule("web"), "last"),
        Jump("FORWARD", Rule("web", in_interface="eth1")),
    ]
    wanted = Wanted("filter", ("ipv4",), [Chain("", "web")], jumps)
    first, second = (f"-i {name} {JUMP}" for name in ("eth0", "eth1"))
    in_place = {"FORWARD": (first, OTHER, second, "-j DROP", JUMP, OTHER)}
    assert lines(wanted, in_place, web=()) == []
    assert lines(wanted, {"FORWARD": ("-j DROP",)}, web=()) == [
        f"-I FORWARD 1 {first}",
        f"-I FORWARD 2 {second}",
        f"-A FORWARD {JUMP}",
    ]
    for wrong in ((second, first, "-j DROP", JUMP), (first, second, JUMP, "-j DROP")):
        assert len(lines(wanted, {"FORWARD": wrong}, web=())) == 6


def test_what_an_owner_lists_no_longer_goes_with_the_jumps_to_it() -> None:
    wanted = Wanted("filter", ("ipv4",), [Chain("", "dc1.web")], None, "dc1.")
    chains = {"dc1.web": (), "dc1.old": ("-j dc1.older",), "dc1.older": (), "dc2.x": ()}
    planned = change(wanted, "ipv4", Listing({"INPUT": ("-j dc1.web", "-j dc1.old", "-j dc2.x")}, chains))
    assert planned.lines == ["-F dc1.old", "-F dc1.older", "-D INPUT -j dc1.old", "-X dc1.old", "-X dc1.older"]
    assert planned.actual["jumps", "INPUT"] == ("1: -j dc1.web", "2: -j dc1.old")
    assert planned.desired["jumps", "INPUT"] == ("1: -j dc1.web",)


def test_a_chain_that_others_lead_to_stays() -> None:
    wanted = Wanted("filter", ("ipv4",), [Chain("", "web", present=False)])
    listing = Listing({"INPUT": ("-j web",)}, {"web": (), "x": ("-p tcp -j web",) * 5})
    with pytest.raises(OwnershipError) as refusal:
        refuse_held("filter", listing, change(wanted, "ipv4", listing), "iptables")
    rule = "'iptables -t filter -A x -p tcp -j web'"
    assert refusal.value.message == (
        f"chain web: it cannot be removed while rules lead to it: {rule}; {rule}; {rule}; 2 more; remove these first"
    )


def test_jumps_of_tasks_are_known_by_their_comment() -> None:
    assert is_jump_of_a_task(JUMP)
    assert is_jump_of_a_task(OTHER)
    for said in ("-j web", '-m comment --comment "tenantry.sdnx" -j web', '-m comment --comment "tenantry.sdn" -g web'):
        assert not is_jump_of_a_task(said)

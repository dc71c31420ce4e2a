# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each parser takes what it should, in one canonical form, and says of the rest what to write instead."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils import validate
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, Parser

MAC_HINT = "is no MAC address; write six pairs of hex digits, as 52:54:00:12:34:56"
NAME_RULE = "is no interface name; write letters, digits, '_', '.', '-', starting with a letter, digit or '_'"

GOOD = [
    (validate.vlan_id, 1, 1),
    (validate.vlan_id, 4094, 4094),
    (validate.vlan_id, "120", 120),  # Jinja makes strings of numbers
    (validate.integer(-5, 5), "-5", -5),
    (validate.boolean, True, True),
    (validate.text, "a b=c:d", "a b=c:d"),
    (validate.text, "", ""),
    (validate.one_of(("gre", "vxlan")), "gre", "gre"),
    (validate.interface_name, "br-int", "br-int"),
    (validate.interface_name, "a23456789012345", "a23456789012345"),
    (validate.interface_name, "_x.1", "_x.1"),
    (validate.identifier, "web-1", "web-1"),
    (validate.identifier, "a" * 63, "a" * 63),
    (validate.mac_address, "52:54:00:AB:cd:Ef", "52:54:00:ab:cd:ef"),
    (validate.mapping, {"a": 1}, {"a": 1}),
    (validate.sequence, (1, 2), [1, 2]),
]
BAD = [
    (validate.vlan_id, 0, "0 is out of range; write a number from 1 to 4094"),
    (validate.vlan_id, 4095, "4095 is out of range; write a number from 1 to 4094"),
    (validate.vlan_id, True, "True is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, 12.0, "12.0 is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, "012", "'012' is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, "0x10", "'0x10' is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, "12\n", "'12\\n' is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, "\u0661", "'\u0661' is not an integer; write a number from 1 to 4094"),
    (validate.vlan_id, None, "None is not an integer; write a number from 1 to 4094"),
    (validate.boolean, "yes", "'yes' is not a boolean; write true or false"),
    (validate.boolean, 1, "1 is not a boolean; write true or false"),
    (validate.text, 5, "5 is not a string; put it in quotes"),
    (validate.text, "a\nb", "'a\\nb' holds a control character; write printable text on one line"),
    (validate.text, "a\x7f", "'a\\x7f' holds a control character; write printable text on one line"),
    (validate.one_of(("gre", "vxlan")), "ipip", "'ipip' is unknown; write one of gre, vxlan"),
    (validate.one_of(("gre", "vxlan")), ["gre"], "['gre'] is unknown; write one of gre, vxlan"),
    (validate.interface_name, "a234567890123456", "'a234567890123456' has 16 bytes; the kernel takes at most 15"),
    (validate.interface_name, "äääääääö", "'äääääääö' has 16 bytes; the kernel takes at most 15"),
    (validate.interface_name, "brücke", f"'brücke' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "-br0", f"'-br0' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, ".br0", f"'.br0' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "", f"'' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "a b", f"'a b' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "a%d", f"'a%d' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "a/b", f"'a/b' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "all", f"'all' {NAME_RULE}, and none of all, default, none"),
    (validate.interface_name, "br0\n", "'br0\\n' holds a control character; write printable text on one line"),
    (validate.interface_name, 0, "0 is not a string; put it in quotes"),
    (validate.mac_address, "52:54:00:12:34", f"'52:54:00:12:34' {MAC_HINT}"),
    (validate.mac_address, "52-54-00-12-34-56", f"'52-54-00-12-34-56' {MAC_HINT}"),
    (validate.mac_address, "52:54:00:12:34:56\n", f"'52:54:00:12:34:56\\n' {MAC_HINT}"),
    (validate.mac_address, 525400123456, f"525400123456 {MAC_HINT}"),
    (
        validate.mac_address,
        "01:00:5e:00:00:01",
        "'01:00:5e:00:00:01' is no unicast MAC address; its first byte must be even, and not all zero",
    ),
    (
        validate.mac_address,
        "00:00:00:00:00:00",
        "'00:00:00:00:00:00' is no unicast MAC address; its first byte must be even, and not all zero",
    ),
    (validate.mapping, ["a"], "['a'] is not a mapping; write key: value pairs"),
    (validate.sequence, "a,b", "'a,b' is not a list; write one item a line, each after '- '"),
    (validate.identifier, 7, "the name 7 is not a string; put it in quotes"),
]


@pytest.mark.parametrize(("parser", "value", "canonical"), GOOD)
def test_good_values(parser: Parser[Any], value: Any, canonical: Any) -> None:
    parsed = parser(value)
    assert parsed == canonical
    assert type(parsed) is type(canonical)


@pytest.mark.parametrize(("parser", "value", "message"), BAD)
def test_bad_values(parser: Parser[Any], value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parser(value)


@pytest.mark.parametrize("name", ["Web", "web_1", "-web", "web-", "a" * 64, "", "wéb", "a.b", "web\n"])
def test_an_identifier_is_a_dns_label(name: str) -> None:
    with pytest.raises(ValueError, match="is no DNS label; write at most 63 lower-case letters, digits and '-'"):
        validate.identifier(name)


def test_a_long_value_is_shown_by_its_start() -> None:
    assert validate.shown("x" * 500) == "'" + "x" * 56 + "..."
    assert validate.shown("a\nb") == r"'a\nb'"


def test_paths_read_like_yaml() -> None:
    assert validate.path_of("ports", 3, "tag") == "ports[3].tag"
    assert validate.path_of("tenants", "acme", "ports", "web-1", "ip") == "tenants.acme.ports.web-1.ip"


def test_all_faults_are_reported_at_once_sorted_and_once() -> None:
    faults = Faults()
    assert faults.parse("b", validate.vlan_id, 7) == 7
    assert faults.parse("c", validate.vlan_id, 0) is None
    faults.add("a", "is missing; write one")
    faults.add("a", "is missing; write one")
    with pytest.raises(InvalidInput) as caught:
        faults.raise_any()
    assert caught.value.message == (
        "2 faults, nothing was changed:\n- a: is missing; write one\n"
        "- c: 0 is out of range; write a number from 1 to 4094"
    )
    assert caught.value.facts == {"faults": caught.value.faults}


def test_one_fault_is_one_line() -> None:
    assert InvalidInput(["a: is missing; write one"]).message == "a: is missing; write one"


def test_no_fault_raises_nothing() -> None:
    faults = Faults()
    assert not faults
    faults.raise_any()


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("vlan_mod", "ports.vlan_mod: unknown key; did you mean vlan_mode?"),
        ("xyz", "ports.xyz: unknown key; known are tag, trunks, vlan_mode"),
        (7, "ports.7: unknown key; known are tag, trunks, vlan_mode"),
    ],
)
def test_unknown_keys_are_told_with_the_nearest_known_one(key: Any, fault: str) -> None:
    faults = Faults()
    validate.known_keys(faults, "ports", {key: 1, "tag": 2}, ["tag", "trunks", "vlan_mode"])
    with pytest.raises(InvalidInput, match=f"^{re.escape(fault)}$"):
        faults.raise_any()

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ipaddress
import struct
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    BEHIND_HEADERS,
    BROADCAST,
    ECHO_FRAME,
    FLOOD,
    FORGED,
    HALFWAY,
    HIDDEN,
    IN_FRAGMENTS,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.attacks import in_fragments, taken_back
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.flood import flood
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Marker, decode, encode
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answer_of, answerer_in
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target

OWN = Target("acme.a", "02:00:00:00:00:0a", ("10.1.1.1", "fd00::1"), 1400, 10)
OTHER = Target("acme.b", "02:00:00:00:00:0b", ("10.1.1.2", "fd00::2"), 1400, 10)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789.- +", min_size=1, max_size=60)


@given(NAMES, NAMES, NAMES, NAMES, st.integers(0, 10**6), st.binary(max_size=80), st.binary(max_size=80))
def test_a_marker_is_found_wherever_it_is(
    run: str, sender: str, kind: str, receiver: str, sequence: int, before: bytes, after: bytes
) -> None:
    assume(b"tenantry" not in before)
    marker = Marker(run, sender, kind, receiver, "10.1.1.1", sequence)
    assert decode(before + encode(marker) + after) == marker


@given(st.binary(max_size=200), st.integers(0, 60))
def test_what_is_no_whole_marker_is_none(noise: bytes, cut: int) -> None:
    whole = encode(Marker("run", "acme.a", BROADCAST))
    assert decode(noise) is None
    assert decode(whole[: min(cut, len(whole) - 1)]) is None
    assert decode(whole.replace(b"\x1f0", b"\x1fx")) is None


def mark(kind: str, receiver: str, address: str) -> bytes:
    return encode(Marker("run", "acme.a", kind, receiver, address, 1))


def test_a_round_of_the_flood_has_every_kind_once() -> None:
    sent = flood(OWN, [OTHER], [10, 20], 47021, mark)
    kinds = [kind for kind, _frame in sent]
    assert kinds == [
        *("802.1Q tag 0", "802.1Q tag 10", "802.1Q tag 20", "802.1Q tag 0 + 10", "802.1Q tag 0 + 20"),
        *("802.1Q tag 0 + 0 + 10", "802.1Q tag 0 + 0 + 20", "802.1Q tag 10 + 10", "802.1Q tag 10 + 20"),
        *[ECHO_FRAME] * 2,
        *FLOOD,
    ]
    for kind, frame in sent:
        marker = decode(frame)
        assert marker is not None
        assert marker.kind == kind
        assert frame[6:12] == frames.packed_mac(OWN.mac)
        assert not frames.is_icmp_answer(frame)


@pytest.mark.parametrize("own", [OWN, Target("acme.a", OWN.mac, (), 1400, None)], ids=["addresses", "none"])
def test_attacks_are_sent_where_a_guard_stops_them_and_a_sniffer_knows_them(own: Target) -> None:
    guarded = replace(own, guarded=True)
    forged = [frame for frame in flood(guarded, [OTHER], [], 47021, mark) if frame[0].startswith(FORGED)]
    assert [kind for kind, _frame in flood(own, [OTHER], [], 47021, mark) if kind.startswith(FORGED)] == []
    assert len({kind for kind, _frame in forged}) == len(forged) == 14
    for kind, frame in forged:
        marker = decode(frame)
        assert marker is not None
        assert marker.kind == kind
        assert not frames.is_icmp_answer(frame)


@pytest.mark.parametrize(("own", "other"), [(True, False), (False, True), (False, False)])
def test_segments_of_no_connection_go_to_a_service_if_an_end_is_judged(own: bool, other: bool) -> None:
    target = replace(OTHER, judged=other, services=("udp 53", "tcp 80"))
    sent = [item for item in flood(replace(OWN, judged=own), [target], [], 47021, mark) if item[0] in HALFWAY]
    assert len(sent) == len(HALFWAY) * len(OTHER.addresses) * (own or other)
    for _kind, frame in sent:
        start = 14 + (20 if frame[12:14] == b"\x08\0" else 40)
        assert struct.unpack("!HH", frame[start : start + 4]) == (1021, 80)


def test_ports_behind_headers_are_the_probes_own() -> None:
    sent = [one for one in flood(OWN, [replace(OTHER, judged=True)], [], 47021, mark) if one[0] in HIDDEN]
    assert [kind for kind, _frame in sent] == [*BEHIND_HEADERS]
    for kind, frame in sent:
        assert_marked(kind, frame)
        assert (frame[20], frame[54]) == ((0, 17) if HIDDEN[kind] == "udp" else (60, 6))
        assert struct.unpack("!HH", frame[62:66]) == (1022, 47021)


def test_fragments_go_to_the_next_neighbour_alone() -> None:
    others = [
        replace(OTHER, name=f"acme.{name}", judged=judged, vlan=vlan)
        for name, judged, vlan in (("c", True, 10), ("b", True, 10), ("aa", True, 20), ("Z", True, 10))
    ]
    for name, to in (("a", "b"), ("b", "c"), ("c", "Z")):
        own = replace(OWN, name=f"acme.{name}")
        targets = [other for other in others if other.name != own.name]
        sent = [*in_fragments(own, targets, 47021, mark)]
        assert [kind for kind, _frame in sent] == [*IN_FRAGMENTS] * 2
        for kind, frame in sent:
            assert assert_marked(kind, frame).receiver == f"acme.{to}"
            assert len(frame) <= 14 + OWN.mtu
    assert [*in_fragments(OWN, [OTHER], 47021, mark)] == [], "no end is judged"


def assert_marked(kind: str, frame: bytes) -> Marker:
    marker = decode(frame)
    assert marker is not None
    assert marker.kind == kind
    assert not frames.is_icmp_answer(frame)
    return marker


@pytest.mark.parametrize(("source", "to"), [("10.1.1.1", "10.1.1.2"), ("fd00::1", "fd00::2")])
@given(cut=st.integers(1, 20), payload=st.binary(min_size=160, max_size=300))
def test_two_fragments_are_the_whole_packet(source: str, to: str, cut: int, payload: bytes) -> None:
    whole = frames.udp_packet(source, to, 1022, payload, 47021)
    first, second = frames.fragments(whole, 8 * cut, 0x12345678)
    if ":" in to:
        assert (first[:48].hex(), second[:48].hex()) == (
            f"60000000{8 + 8 * cut:04x}2cff{whole[8:40].hex()}1100000112345678",
            f"60000000{16 + len(payload) - 8 * cut:04x}2cff{whole[8:40].hex()}1100{8 * cut:04x}12345678",
        )
        assert first[48:] + second[48:] == whole[40:]
    else:
        assert [frames.checksum(piece[:20]) for piece in (first, second)] == [0, 0]
        assert [piece[2:8].hex() for piece in (first, second)] == [
            f"{20 + 8 * cut:04x}56782000",
            f"{28 + len(payload) - 8 * cut:04x}5678{cut:04x}",
        ]
        assert first[20:] + second[20:] == whole[20:]


def test_tags_are_on_the_wire_as_their_kind_says() -> None:
    tagged = {kind: frame for kind, frame in flood(OWN, [], [20], 47021, mark) if "tag" in kind}
    assert tagged["802.1Q tag 20"][12:18].hex() == "810000140800"
    assert tagged["802.1Q tag 10 + 20"][12:22].hex() == "8100000a810000140800"


def test_every_kind_can_be_sent_without_an_address() -> None:
    bare = Target("acme.a", OWN.mac, (), 1400, None)
    assert {kind for kind, _frame in flood(bare, [OTHER], [], 47021, mark)} == {*FLOOD, ECHO_FRAME, "802.1Q tag 0"}


def test_who_has_no_ipv4_address_broadcasts_as_a_client_of_dhcp() -> None:
    """So a guard lets it pass: it could not tell anything else from a lie."""
    bare = Target("acme.a", OWN.mac, ("fd00::1/64",), 1400, None)
    for own, ports in ((bare, (68, 67)), (OWN, (1021, 1021))):
        broadcast = dict(flood(own, [], [], 47021, mark))[BROADCAST]
        assert struct.unpack("!HH", broadcast[34:38]) == ports


@pytest.mark.parametrize("destination", ["10.1.1.2", "fd00::2"])
def test_checksums_are_right(destination: str) -> None:
    source = "fd00::1" if ":" in destination else "10.1.1.1"
    for payload in (b"odd", b"even"):
        packet = frames.udp_packet(source, destination, 1021, payload)
        header = 40 if ":" in destination else 20
        if header == 20:
            assert frames.checksum(packet[:20]) == 0
        addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
        length = (len(packet) - header).to_bytes(4, "big")
        assert frames.checksum(addresses + length + bytes([0, 0, 0, 17]) + packet[header:]) == 0
    assert frames.checksum(frames.echo_request(4, 1, b"x")) == 0


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.254", "01:00:5e:00:00:fe"),
        ("239.129.1.2", "01:00:5e:01:01:02"),
        ("ff02::1:ff00:20", "33:33:ff:00:00:20"),
    ],
)
def test_multicast_groups_have_their_mac_addresses(group: str, mac: str) -> None:
    assert frames.multicast_mac(group) == mac


def ip_frame(protocol: int, kind: int, version: int = 4, tags: tuple[int, ...] = (), fragment: bool = False) -> bytes:
    message = bytes([kind]) + bytes(20)
    if fragment:
        message, protocol = bytes([protocol]) + bytes(7) + message, 44
    packet = (frames.ipv4 if version == 4 else frames.ipv6)(*_addresses(version), protocol, message)
    return frames.ethernet(OWN.mac, OTHER.mac, frames.IPV4 if version == 4 else frames.IPV6, packet, tags)


def _addresses(version: int) -> tuple[str, str]:
    return ("10.1.1.1", "10.1.1.2") if version == 4 else ("fd00::1", "fd00::2")


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (ip_frame(1, 8), False),
        (ip_frame(1, 0), True),
        (ip_frame(1, 3), True),  # an error quotes the packet that it is about
        (ip_frame(1, 0, tags=(5, 6)), True),
        (ip_frame(17, 0), False),
        (ip_frame(58, 128, 6), False),
        (ip_frame(58, 135, 6), False),
        (ip_frame(58, 129, 6), True),
        (ip_frame(58, 1, 6), True),
        (ip_frame(58, 129, 6, fragment=True), True),
        (ip_frame(58, 128, 6, fragment=True), False),
        (b"", False),
        (bytes(60), False),
    ],
)
def test_answers_are_told_from_questions(frame: bytes, answer: bool) -> None:
    assert frames.is_icmp_answer(frame) is answer


def test_an_answer_counts_when_it_is_whole_and_of_this_run() -> None:
    answer = answer_of("run", "acme.a")
    assert answerer_in(answer, "run") == "acme.a"
    assert answerer_in(answer, "other") == ""
    assert answerer_in(answer[:-1], "run") == ""
    assert answerer_in(b"", "run") == ""


def test_a_solicitation_is_heard_in_the_group_of_the_last_three_bytes() -> None:
    assert frames.solicited_node("fd00::12:3456") == "ff02::1:ff12:3456"


def test_the_truth_about_the_own_addresses_replaces_what_neighbours_know() -> None:
    announcement, advertisement = taken_back(OWN)
    own, address = frames.packed_mac(OWN.mac), frames.packed_ip("10.1.1.1")
    assert announcement == frames.ethernet(
        frames.BROADCAST_MAC,
        OWN.mac,
        frames.ARP,
        struct.pack("!HHBBH", 1, frames.IPV4, 6, 4, 1) + own + address + bytes(6) + address,
    )
    message = advertisement[14 + 40 :]
    assert (message[0], message[4]) == (136, 0x20), "an advertisement that overrides"
    assert message[8:24] == frames.packed_ip("fe80::ff:fe00:a")
    assert message[24:32] == b"\x02\x01" + own

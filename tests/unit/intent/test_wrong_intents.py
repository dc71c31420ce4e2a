# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way of getting an intent wrong that we know of: what is said, word for word, and that all of it is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import NETWORKS_MAXIMUM, parse

TABLE = Path(__file__).with_name("wrong_intents.txt")


def cases(table: Path = TABLE) -> Iterator[tuple[str, list[str]]]:
    change, faults = "", []
    for line in [*table.read_text().splitlines(), "end"]:
        if line.startswith("    "):
            faults.append(line.strip())
        elif line and not line.startswith("#"):
            if change:
                yield change, faults
            change, faults = line, []


WRONG = list(cases())


def faults_of(intent: object) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse(intent)  # type: ignore[arg-type]
    return caught.value.faults


def test_the_intent_that_is_changed_is_right() -> None:
    assert parse(raw())
    assert len(WRONG) >= 120


@pytest.mark.parametrize(("change", "expected"), WRONG, ids=[change for change, faults in WRONG])
def test_a_wrong_intent_is_told_exactly(change: str, expected: list[str]) -> None:
    assert faults_of(raw(change)) == expected


def test_all_faults_are_told_at_once_and_sorted() -> None:
    change = """
    fabric: {mtu: 1e3, hypervisors: {hv2: {vtep: 192.168.1.151}, hv3: {zone: z1}}, flows: {}}
    tenants:
      globex:
        networks: {app: {subnet: 10.1.1.1/8}}
        ports: {app-1: {ip: 10.9.9.9, interface: tap0}, app-2: {network: web, hypervisor: hv3, mac: nonsense}}
      acme:
        ports:
          web-1: {ip: 10.1.1.255, hypervisor: hv7}
          web-2: {ip: 10.1.1.300, interface: a-name-that-is-too-long, mac: "03:00:00:00:00:01"}
    """
    expected = """\
13 faults, nothing was changed:
- fabric.flows: unknown key; known are controllers, external_networks, forwarding, hypervisors, monitoring, mtu, name, \
networks, qos_profiles, security_driver, segments, underlay
- fabric.hypervisors.hv2.vtep: 192.168.1.151 is taken by fabric.hypervisors.hv1.vtep; a tunnel ends at one host, so \
give each its own address
- fabric.hypervisors.hv3.vtep: missing; write for example 'vtep: 192.168.1.151'
- fabric.mtu: '1e3' is not an integer; write a number from 576 to 65535
- tenants.acme.ports.web-1.hypervisor: 'hv7' is no hypervisor of this fabric; known are hv1, hv2, hv3
- tenants.acme.ports.web-1.ip: 10.1.1.255 is the broadcast address of 10.1.1.0/24; write the address of a host
- tenants.acme.ports.web-2.interface: 'a-name-that-is-too-long' has 23 bytes; the kernel takes at most 15
- tenants.acme.ports.web-2.ip: '10.1.1.300' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'
- tenants.acme.ports.web-2.mac: '03:00:00:00:00:01' is no unicast MAC address; its first byte must be even, and not \
all zero
- tenants.globex.networks.app.subnet: '10.1.1.1/8' is a host address with a prefix length, not a network; write \
'10.0.0.0/8'
- tenants.globex.ports.app-2.ip: missing; write for example 'ip: 10.1.1.20'
- tenants.globex.ports.app-2.mac: 'nonsense' is no MAC address; write six pairs of hex digits, as 52:54:00:12:34:56
- tenants.globex.ports.app-2.network: 'web' is no network of tenant globex; known are app"""
    with pytest.raises(InvalidInput) as caught:
        parse(raw(change))
    assert caught.value.message == expected


def test_more_networks_than_a_bridge_has_vlans_are_refused() -> None:
    networks = {
        f"n{number}": {"type": "gre", "subnet": f"10.{number >> 8}.{number & 255}.0/24"} for number in range(4001)
    }
    intent = {**raw(), "tenants": {"acme": {"networks": networks}}}
    assert faults_of(intent) == [
        f"tenants: 4001 networks; a bridge has local VLANs for at most {NETWORKS_MAXIMUM}, so split the fabric in two"
    ]
    del networks["n0"]
    assert len(parse(intent).networks) == NETWORKS_MAXIMUM

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what a network's guests are told: by DHCP, by DNS, and of their gateway."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_address, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.host_gateway import parse_host_gateway
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, key_text
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Dhcp, Dns, NetworkService
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import integer, mapping, shown, text

KEYS = ("dhcp", "dns", "gateway")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_LEASE_TIME = integer(120, 31_536_000)  # seconds; dnsmasq takes no less (dnsmasq(8), --dhcp-range)
_OPTION = integer(1, 254)  # RFC 2132; 0 and 255 are padding and end
_OURS = {1: "the subnet", 3: "gateway", 6: "dns", 26: "the MTU", 51: "lease_time", 53: "the protocol", 54: "the router"}


def parse_service(section: Section, tenant: str, subnets: Sequence[Subnet]) -> NetworkService:
    """Return what the section of a network says of it."""
    service = NetworkService(
        dhcp=_dhcp(section, subnets) if "dhcp" in section else None,
        dns=_dns(section, tenant) if "dns" in section else None,
    )
    if isinstance(section.value("gateway"), Mapping):
        host = parse_host_gateway(section, subnets)
        return replace(service, host=host, gateways=(host.address,) if host else ())
    return replace(service, gateways=tuple(_gateways(section, subnets)))


def domain_name(value: Any) -> str:
    """Parse a domain name of lower-case labels (RFC 1035 2.3.1; RFC 2782 has the underscore)."""
    name = text(value)
    labels = name.split(".")
    if len(name) > 253 or not all(re.fullmatch(_LABEL, label) for label in labels):
        raise ValueError(
            f"{shown(name)} is no domain name; write labels of lower-case letters, digits and '-' with dots between "
            "them, as 'web.example.org'"
        )
    return name


def _dhcp(network: Section, subnets: Sequence[Subnet]) -> Dhcp:
    given = network.value("dhcp")
    section = Section(
        network.faults, network.path_to("dhcp"), {} if given == {} else given, ("lease_time", "range", "options")
    )
    options: Mapping[Any, Any] = section.optional("options", mapping, {}) or {}
    return Dhcp(
        lease_time=section.optional("lease_time", _LEASE_TIME, 3600) or 3600,
        range=section.optional("range", _range_in(subnets), None),
        options={number: told for key, value in options.items() for number, told in _option(section, key, value)},
    )


def _option(section: Section, key: Any, value: Any) -> list[tuple[int, str]]:
    path = f"{section.path_to('options')}.{key_text(key)}"
    number = section.faults.parse(path, _OPTION, key)
    told = section.faults.parse(path, _option_value, value)
    if number in _OURS:
        section.faults.add(path, f"option {number} is told by {_OURS[number]} of the intent; leave it out here")
        return []
    return [(number, told)] if number and told else []


def _option_value(value: Any) -> str:
    """Parse what dnsmasq takes as the value of an option: addresses, numbers or a word, with commas between them."""
    words = text(str(value) if isinstance(value, int) else value)
    if not re.fullmatch(r"[A-Za-z0-9_.:/@+-]+(,[A-Za-z0-9_.:/@+-]+)*", words):
        raise ValueError(f"{shown(words)} is no value of an option; write words, numbers or addresses, as '192.0.2.1'")
    return words


def _range_in(subnets: Sequence[Subnet]) -> Any:
    def parse(value: Any) -> tuple[str, str]:
        first, dash, last = text(value).replace(" ", "").partition("-")
        if not dash:
            raise ValueError(f"{shown(value)} is no range; write two addresses, as '10.1.1.100-10.1.1.199'")
        ends = ip_address(first), ip_address(last)
        numbers = [int(ipaddress.ip_address(end)) for end in ends]
        if numbers[0] > numbers[1]:
            raise ValueError(f"{shown(value)} ends before it begins; write '{ends[1]}-{ends[0]}'")
        if family(ends[0]) != 4 or family(ends[1]) != 4:
            raise ValueError(f"{shown(value)} is not of IPv4; guests that nobody knows get an IPv4 address alone")
        homes = [part for part in subnets if all(part.contains(4, number) for number in numbers)]
        if subnets and not homes:
            raise ValueError(f"{shown(value)} is in no subnet of the network; write a range within one of them")
        roles = [homes[0].role_of(number) for number in numbers] if homes else []
        if any(roles):
            raise ValueError(f"{shown(value)} holds the {next(filter(None, roles))} of {homes[0].text}; leave it out")
        return ends

    return parse


def _dns(network: Section, tenant: str) -> Dns:
    given = network.value("dns")
    section = Section(
        network.faults, network.path_to("dns"), {} if given == {} else given, ("zone", "records", "forwarders")
    )
    records: Mapping[Any, Any] = section.optional("records", mapping, {}) or {}
    found: dict[str, Sequence[str]] = {}
    for key, value in records.items():
        path = f"{section.path_to('records')}.{key_text(key)}"
        name = section.faults.parse(path, domain_name, key)
        addresses = tuple(address for _path, address in each(section.faults, path, value, ip_address))
        if name:
            found[name] = addresses
    return Dns(
        zone=section.optional("zone", domain_name, f"{tenant}.internal") or "",
        records=found,
        forwarders=_addresses(section, "forwarders"),
    )


def _addresses(section: Section, key: str) -> tuple[str, ...]:
    if key not in section:
        return ()
    return tuple(
        address for _path, address in each(section.faults, section.path_to(key), section.value(key), unicast_address)
    )


def _gateways(section: Section, subnets: Sequence[Subnet]) -> Sequence[str]:
    """Return the addresses of the device that routes for the network, if it is none of ours."""
    if section.value("gateway") == "virtual":
        return []
    found = []
    for address in _addresses(section, "gateway"):
        parsed = ipaddress.ip_address(address)
        home = next((part for part in subnets if part.contains(parsed.version, int(parsed))), None)
        if home:
            found.append(f"{address}/{home.prefix}")
        elif subnets:
            where = " or ".join(part.text for part in subnets)
            section.faults.add(
                section.path_to("gateway"),
                f"{address} is in no subnet of the network; write an address in {where}, or 'virtual'",
            )
    return found

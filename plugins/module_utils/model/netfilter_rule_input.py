# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a task says of a rule to its values: each parsed, and all faults recorded."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import address_text, ip_address, ip_network
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_protocol import (
    port_range,
    protocol_name,
    protocol_number,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import (
    DIRECTIONS,
    FAMILIES,
    NEGATABLE,
    Rule,
    SetMatch,
    is_verdict,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_check import check, family_of
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import (
    COMMENT_BYTES,
    DEFAULT_BURST,
    LIMIT_SCALE,
    REJECTIONS,
    limit_text,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import INTERFACE_NAME_BYTES
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import chain_name, set_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    integer,
    interface_name,
    mac_address,
    mapping,
    mark,
    one_of,
    path_of,
    sequence,
    shown,
    text,
)

# Each in the order in which iptables prints them
CTSTATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")
CTSTATUSES = ("NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED")
CTDIRS = ("ORIGINAL", "REPLY")
TCP_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
LOG_LEVELS = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")  # syslog(3), from 0
_SYN = ("FIN,SYN,RST,ACK", "SYN")
_PREFIX_BYTES = 29  # of struct xt_log_info in linux/netfilter/xt_LOG.h, less the NUL
_MOST_PORTS = 15  # XT_MULTI_PORTS in linux/netfilter/xt_multiport.h; a range counts twice
_MOST_DIRECTIONS = 3  # parts that an element of a set can have
_DAY = 24 * 60 * 60 * LIMIT_SCALE
_RATE = r"([1-9][0-9]{0,6})/(sec(?:ond)?|min(?:ute)?|hour|day)"
_TYPES = {  # of the registries of the IANA
    "icmp": (
        "echo-reply=0 destination-unreachable=3 redirect=5 echo-request=8 router-advertisement=9 "
        "router-solicitation=10 time-exceeded=11 parameter-problem=12 timestamp-request=13 timestamp-reply=14"
    ),
    "ipv6-icmp": (
        "destination-unreachable=1 packet-too-big=2 time-exceeded=3 parameter-problem=4 echo-request=128 "
        "echo-reply=129 multicast-listener-query=130 multicast-listener-report=131 multicast-listener-done=132 "
        "router-solicitation=133 router-advertisement=134 neighbour-solicitation=135 neighbour-advertisement=136 "
        "redirect=137 multicast-listener-report-v2=143"
    ),
}
_EXTENSION_HEADERS = ("ipv6-route", "ipv6-frag", "ipv6-opts")


def parse_rule(faults: Faults, path: str, table: str, families: Collection[str], given: Mapping[str, Any]) -> Rule:
    """Return the rule whose options are at ``path``, as ``rules[0].``."""
    found = Faults()
    values = {
        option: found.parse(f"{path}{option}", parse, given[option])
        for option, parse in PARSERS.items()
        if given.get(option) is not None
    }
    if given.get("sets") is not None:
        values["sets"] = tuple(
            _set_match(found, f"{path}{path_of('sets', index)}.", one) for index, one in enumerate(given["sets"])
        )
    if given.get("icmp_type") is not None:
        values["icmp_type"] = found.parse(f"{path}icmp_type", _icmp_type(values.get("protocol")), given["icmp_type"])
    if not found:
        check(found, path, table, {**given, **values})
    if not found:
        values["family"] = family_of(found, path, families, values)
    faults.include(found)
    return Rule("", path=path) if found else _rule(path, values)


def _rule(path: str, values: Mapping[str, Any]) -> Rule:
    """Return the rule in the form that iptables would print: what goes without saying is not said."""
    said = {option: value for option, value in values.items() if option in Rule._fields}
    negated = set(values.get("negate", ()))
    if values.get("syn") is not None:
        said["tcp_flags"] = _SYN
        negated |= set() if values["syn"] else {"tcp_flags"}
    if values.get("goto"):
        said.update(target=values["goto"], goto=True)
    for option in ("source", "destination", "ctorigsrc", "ctorigdst"):
        if str(said.get(option, "")).endswith("/0"):
            del said[option]
    if "limit" in said:
        said["limit"] = said["limit"], values.get("limit_burst", DEFAULT_BURST)
    return Rule(**{**said, "negate": frozenset(negated), "path": path})


def _set_match(faults: Faults, path: str, given: Mapping[str, Any]) -> SetMatch:
    name = faults.parse(f"{path}set", set_name, given["set"])
    directions = faults.parse(f"{path}direction", _directions, given["direction"])
    return SetMatch(name or "", directions or (), bool(given.get("negate")))


def _directions(value: Any) -> tuple[str, ...]:
    words = tuple(text(value).split(","))
    if not set(words) <= set(DIRECTIONS) or len(words) > _MOST_DIRECTIONS:
        raise ValueError(f"{shown(value)} is no direction; write src or dst for each part of an element, as 'src,dst'")
    return words


def _protocol(value: Any) -> str:
    name = text(value).lower()
    name = protocol_name(name, name)
    if name in _EXTENSION_HEADERS:
        raise ValueError(f"{shown(value)} is a header of IPv6 before the protocol's, which no rule would match")
    return name


def _network(value: Any) -> str:
    network = ipaddress.ip_network(ip_network(value) if "/" in text(value) else ip_address(value))
    family = "inet" if network.version == 4 else "inet6"
    return f"{address_text(family, int(network.network_address))}/{network.prefixlen}"


def _port_list(value: Any) -> tuple[str, ...]:
    """Parse ports to the fewest ranges, in order; all of them are none."""
    ranges = sorted(port_range(str(port)) for port in sequence(value))
    if not ranges:
        raise ValueError("is empty, so that the rule would never match; write ports, or leave it out")
    merged = ranges[:1]
    for first, last in ranges[1:]:
        if first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    if sum(1 if first == last else 2 for first, last in merged) > _MOST_PORTS:
        raise ValueError(f"has more than {_MOST_PORTS} ports, of which a range counts two; write two rules")
    if merged == [(0, 65535)]:
        return ()
    return tuple(str(first) if first == last else f"{first}:{last}" for first, last in merged)


def _port_span(value: Any) -> str:
    first, last = port_range(text(value))
    return str(first) if first == last else f"{first}:{last}"


def _icmp_type(protocol: str | None) -> Parser[int]:
    names = dict(word.split("=") for word in _TYPES.get(str(protocol), "").split())

    def parse(value: Any) -> int:
        if isinstance(value, str) and value in names:
            return int(names[value])
        if isinstance(value, str) and names and not value.isdigit():
            raise ValueError(f"{shown(value)} is no type of {protocol}; write a number, or one of {', '.join(names)}")
        return integer(0, 254)(value)  # 255 is reserved, and iptables takes it for any

    return parse


def _interface(value: Any) -> str:
    """Parse the name of an interface, or what it begins with and a plus."""
    name = text(value)
    if name == "+":
        raise ValueError("'+' is every interface; leave it out")
    if len(name.encode()) > INTERFACE_NAME_BYTES or not name.endswith("+"):
        return interface_name(name)
    return f"{interface_name(name[:-1])}+"


def _some_of(choices: Collection[str], what: str) -> Parser[str]:
    """Parse words to those that are printed, in that order."""

    def parse(value: Any) -> str:
        words = [one_of(choices)(word) for word in sequence(value)]
        if not words:
            raise ValueError(f"is empty, so that the rule would never match; write {what}, or leave it out")
        return ",".join(choice for choice in choices if choice in words)

    return parse


def _ctstatus(value: Any) -> str:
    words = _some_of(CTSTATUSES, "what a connection is")(value)
    if words.startswith("NONE,"):
        raise ValueError("NONE says that a connection is nothing of the others; write it alone")
    return words


def _tcp_flags(value: Any) -> tuple[str, str]:
    given = mapping(value)
    mask = _some_of(TCP_FLAGS, "flags to look at")(given["mask"])
    wanted = _some_of(TCP_FLAGS, "")(given["set"]) if given["set"] else "NONE"
    strange = set(wanted.split(",")) - {"NONE"} - set(mask.split(","))
    if strange:
        raise ValueError(f"{min(strange)} is set but not looked at; write it in mask too, or not in set")
    return mask, wanted


def _mark(value: Any) -> str:
    word = mark(f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value)
    bits, dummy, mask = word.partition("/")
    if mask and int(bits, 16) & ~int(mask, 16):
        raise ValueError(f"{shown(word)} has bits that its mask has not, so that nothing is like it; write both alike")
    return word


def _rate(value: Any) -> str:
    match = re.fullmatch(_RATE, text(value))
    rate = limit_text(int(match[1]), match[2]) if match else None
    if rate is None:
        raise ValueError(
            f"{shown(value)} is no rate; write as '5/second', or by minute, hour or day, at most 10000/second"
        )
    return rate


def _printable(most: int, what: str) -> Parser[str]:
    """Parse text that iptables-save prints and iptables-restore reads back as it was, at every start of a host too."""

    def parse(value: Any) -> str:
        words = text(value)
        if not words or len(words.encode()) > most:
            raise ValueError(f"{shown(words)} has {len(words.encode())} bytes; write 1 to {most}")
        if words.startswith("-") or re.search(r'["\\]', words):
            raise ValueError(
                f"{shown(words)} has a quote or backslash, or starts with '-', which would break what iptables-save "
                f"prints; write {what} without"
            )
        return words

    return parse


def _log_level(value: Any) -> int:
    return LOG_LEVELS.index(one_of(LOG_LEVELS)(value))


def _verdict(value: Any) -> str:
    return text(value) if is_verdict(value) else chain_name(value)


PARSERS: Mapping[str, Parser[Any]] = {
    "family": one_of(FAMILIES),
    "negate": lambda value: frozenset(map(one_of(NEGATABLE), sequence(value))),
    "protocol": _protocol,
    "source": _network,
    "destination": _network,
    "source_ports": _port_list,
    "destination_ports": _port_list,
    "tcp_flags": _tcp_flags,
    "icmp_code": integer(0, 255),
    "nd_target": _network,
    "in_interface": _interface,
    "out_interface": _interface,
    "physdev_in": _interface,
    "physdev_out": _interface,
    "ctstate": _some_of(CTSTATES, "states"),
    "ctproto": lambda value: protocol_number(_protocol(value)),
    "ctorigsrc": _network,
    "ctorigdst": _network,
    "ctorigdstport": _port_span,
    "ctstatus": _ctstatus,
    "ctdir": one_of(CTDIRS),
    "mac_source": mac_address,
    "limit": _rate,
    "limit_burst": integer(1, 10000),
    "mark": _mark,
    "comment": _printable(COMMENT_BYTES, "the comment"),
    "target": _verdict,
    "goto": chain_name,
    "reject_with": one_of(tuple(REJECTIONS)),
    "log_prefix": _printable(_PREFIX_BYTES, "the prefix"),
    "log_level": _log_level,
    "zone": integer(1, 65535),
    "set_mark": _mark,
    **{switch: lambda value: value for switch in ("syn", "physdev_is_bridged", "fragment", "notrack")},
}

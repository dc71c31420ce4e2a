# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of rules, as iptables-save prints them, so that what we write and what we read are compared as equal texts.

Both backends print the same. Where they take a name or a case from the host's files or the program's version, what is
printed is brought to the form that we write.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_protocol import protocol_name
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Rule

DEFAULT_BURST = 5
LIMIT_SCALE = 10000  # XT_LIMIT_SCALE in linux/netfilter/xt_limit.h: a limit is kept as so many parts of a second
_UNITS = {"sec": 1, "min": 60, "hour": 60 * 60, "day": 24 * 60 * 60}
DEFAULT_LOG_LEVEL = 4  # warning
ONE_PORT = ("tcp", "udp", "sctp")  # protocols whose module matches one port or range
ICMP = {"icmp": ("icmp", "--icmp-type"), "ipv6-icmp": ("icmp6", "--icmpv6-type")}
REJECTIONS = {  # what answers a packet, by family
    "port-unreachable": {"ipv4": "icmp-port-unreachable", "ipv6": "icmp6-port-unreachable"},
    "admin-prohibited": {"ipv4": "icmp-admin-prohibited", "ipv6": "icmp6-adm-prohibited"},
    "host-unreachable": {"ipv4": "icmp-host-unreachable", "ipv6": "icmp6-addr-unreachable"},
    "net-unreachable": {"ipv4": "icmp-net-unreachable", "ipv6": "icmp6-no-route"},
    "tcp-reset": {"ipv4": "tcp-reset", "ipv6": "tcp-reset"},
}
_NEXT_HEADER, _TARGET, _ICMPV6 = 4, 48, 58  # where both are in a packet of IPv6, the former beside the hop limit
_JUMP = "tenantry.sdn"  # what the comments of jumps start with
COMMENT_BYTES = 255  # XT_MAX_COMMENT_LEN in linux/netfilter/xt_comment.h, less the NUL
JUMP_COMMENT_BYTES = COMMENT_BYTES - len(f"{_JUMP}: ")
_HEAD = (  # what is printed first, in this order
    ("source", "-s"),
    ("destination", "-d"),
    ("in_interface", "-i"),
    ("out_interface", "-o"),
    ("protocol", "-p"),
)
_PHYSDEV = (("physdev_in", "--physdev-in"), ("physdev_out", "--physdev-out"))
_CONNTRACK = tuple(
    (option, f"--{option}")
    for option in ("ctstate", "ctproto", "ctorigsrc", "ctorigdst", "ctorigdstport", "ctstatus", "ctdir")
)
_SINGLE = {"ctorigsrc", "ctorigdst"}  # of which a net of one address is printed without its length
_PLAIN_WORD = r"[A-Za-z0-9_-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WORDS = rf"{_QUOTED}|\S+"


class Listing(NamedTuple):
    """The chains of a table, by name, and the rules of each as iptables-save prints them, without the chain."""

    builtin: Mapping[str, tuple[str, ...]]
    chains: Mapping[str, tuple[str, ...]]


def rule_text(rule: Rule, family: str) -> str:
    """Return a rule as iptables-save prints it, without its chain."""
    words = [*_head(rule), *_protocol_words(rule)]
    for one in rule.sets:
        words.append(f"-m set {'! ' if one.negate else ''}--match-set {one.name} {','.join(one.directions)}")
    words += _module("physdev", _options(rule, _PHYSDEV), _flag(rule.physdev_is_bridged, "--physdev-is-bridged"))
    words += _module("conntrack", _options(rule, _CONNTRACK))
    words += _module("mac", _options(rule, [("mac_source", "--mac-source")]))
    if rule.limit:
        rate, burst = rule.limit
        words.append(f"-m limit --limit {rate}" + (f" --limit-burst {burst}" if burst != DEFAULT_BURST else ""))
    words += _module("mark", _options(rule, [("mark", "--mark")]))
    if rule.comment:
        words.append(f"-m comment --comment {quoted(rule.comment)}")
    return " ".join([*words, *_target(rule, family)])


def quoted(text: str) -> str:
    """Return one word of iptables' input as iptables-save prints it."""
    if re.fullmatch(_PLAIN_WORD, text):
        return text
    escaped = re.sub(r"([\"'\\])", r"\\\1", text)
    return f'"{escaped}"'


def limit_text(amount: int, unit: str) -> str | None:
    """Return a rate as it is printed, by the shortest unit that says it; None if it is too high."""
    credit = LIMIT_SCALE * _UNITS[unit.replace("second", "sec").replace("minute", "min")] // amount
    if not credit:
        return None
    chosen = "day"
    for smaller in ("hour", "min", "sec"):
        parts = LIMIT_SCALE * _UNITS[smaller]
        if credit > parts or parts // credit < parts % credit:
            break
        chosen = smaller
    return f"{LIMIT_SCALE * _UNITS[chosen] // credit}/{chosen}"


def limit_credit(rate: str) -> int:
    """Return what a packet costs at this rate, in parts of a second."""
    amount, dummy, unit = rate.partition("/")
    return LIMIT_SCALE * _UNITS[unit] // int(amount)


def _options(rule: Rule, options: Iterable[tuple[str, str]]) -> Iterator[str]:
    for field, option in options:
        value = getattr(rule, field)
        if value is not None:
            if field in _SINGLE:
                value = plain_address(value)
            yield f"{'! ' if field in rule.negate else ''}{option} {value}"


def _flag(value: bool | None, option: str) -> list[str]:
    return [] if value is None else [option if value else f"! {option}"]


def _module(name: str, *options: Iterable[str]) -> list[str]:
    words = [word for some in options for word in some]
    return [f"-m {name}", *words] if words else []


def _head(rule: Rule) -> Iterator[str]:
    yield from _options(rule, _HEAD)
    yield from _flag(rule.fragment, "-f")


def _protocol_words(rule: Rule) -> Iterator[str]:
    many, own = [], []
    for ports, one, several in (
        (rule.source_ports, "--sport", "--sports"),
        (rule.destination_ports, "--dport", "--dports"),
    ):
        if len(ports) == 1 and rule.protocol in ONE_PORT:
            own.append(f"{one} {ports[0]}")
        elif ports:
            many.append(f"-m multiport {several} {','.join(ports)}")
    if rule.tcp_flags:
        own.append(f"{'! ' if 'tcp_flags' in rule.negate else ''}--tcp-flags {' '.join(rule.tcp_flags)}")
    if own:
        yield f"-m {rule.protocol}"
    yield from own
    yield from many
    if rule.icmp_type is not None:
        module, option = ICMP[str(rule.protocol)]
        code = "" if rule.icmp_code is None else f"/{rule.icmp_code}"
        yield f"-m {module} {option} {rule.icmp_type}{code}"
    if rule.nd_target is not None:
        yield f'-m u32 --u32 "{_about(rule.nd_target)}"'


def _about(target: str) -> str:
    """Return what a message of neighbour discovery has of its target (RFC 4861, 4.3), for a header of IPv6 alone."""
    network = ipaddress.ip_network(target)
    address, mask = (value.packed for value in (network.network_address, network.netmask))
    said = [f"{_NEXT_HEADER:#x}&0xff00={_ICMPV6 << 8:#x}"]
    for at in range(0, 16, 4):
        value, wanted = (int.from_bytes(part[at : at + 4], "big") for part in (address, mask))
        if wanted:
            said.append(f"{_TARGET + at:#x}{'' if wanted == 0xFFFFFFFF else f'&{wanted:#x}'}={value:#x}")
    return "&&".join(said)


def _target(rule: Rule, family: str) -> Iterator[str]:
    yield f"-{'g' if rule.goto else 'j'} {rule.target}"
    if rule.target == "REJECT":
        yield f"--reject-with {REJECTIONS[rule.reject_with or 'port-unreachable'][family]}"
    if rule.log_prefix is not None:
        yield f"--log-prefix {quoted(rule.log_prefix)}"
    if rule.log_level not in (None, DEFAULT_LOG_LEVEL):
        yield f"--log-level {rule.log_level}"
    if rule.notrack:
        yield "--notrack"
    if rule.zone is not None:
        yield f"--zone {rule.zone}"
    if rule.set_mark is not None:
        value, dummy, mask = rule.set_mark.partition("/")
        yield f"--set-xmark {value}/{mask or '0xffffffff'}"


def parse_save(printed: str, table: str) -> Listing:
    """Return what ``iptables-save`` prints of a table; nothing if the kernel has none of that name yet."""
    builtin: dict[str, list[str]] = {}
    chains: dict[str, list[str]] = {}
    inside = False
    for line in printed.split("\n"):  # and at nothing else that may be in a comment
        if line.startswith("*"):
            inside = line == f"*{table}"
        elif not inside:
            continue
        elif line.startswith(":"):
            name, policy = line[1:].split()[:2]
            (chains if policy == "-" else builtin)[name] = []
        elif line.startswith("-A "):
            dummy, name, rule = line.split(" ", 2) if line.count(" ") > 1 else (*line.split(" "), "")
            (builtin if name in builtin else chains)[name].append(rule)
    return Listing(_frozen(builtin), _frozen(chains))


def _frozen(chains: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(rules) for name, rules in chains.items()}


def normal(rule: str) -> str:
    """Return a rule that is printed in the form that ``rule_text`` has."""
    head, sign, rest = f" {rule}".partition(" -m ")  # a comment is behind
    if " -p " in head:
        head = re.sub(r"(?<= -p )\S+", _protocol, head)
    if "--mac-source" in rest:
        rest = re.sub(r"(?<=--mac-source )\S+", lambda match: match[0].lower(), rest)
    return f"{head}{sign}{rest}"[1:]


def _protocol(match: re.Match[str]) -> str:
    try:
        return protocol_name(match[0], match[0])
    except ValueError:  # the host's own name for a number
        return match[0]


def jump_text(rule: Rule, family: str) -> str:
    """Return a rule of one of the kernel's chains that leads to one of ours, with the mark that such rules carry."""
    return rule_text(rule._replace(comment=f"{_JUMP}: {rule.comment}" if rule.comment else _JUMP), family)


def is_jump_of_a_task(rule: str) -> bool:
    """Say whether ``jump_text`` made a rule that is printed, in this task or another."""
    return re.search(rf'--comment "{_JUMP}(?:: [^"]*)?" -j', rule) is not None


def without_sets(rule: str) -> str:
    """Return a rule as it would be if it looked nothing up in a set."""
    return re.sub(r"-m set (?:! )?--match-set \S+ \S+ ", "", rule)


def target_of(rule: str) -> str:
    """Return the target of a rule that is printed, which may be a chain; nothing if it has none."""
    words = re.findall(_WORDS, rule) if '"' in rule else rule.split()
    for index, word in enumerate(words[:-1]):
        if word in ("-j", "-g") and (not index or words[index - 1] != "--comment"):
            return words[index + 1]
    return ""

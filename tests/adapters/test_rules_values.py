# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of all kinds, as they are written and as the kernel keeps them: what we write is what both backends print."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from rule_lab import chain, converge, each_backend, need
from set_lab import ipset, own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import NEGATABLE
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_rule_input import (
    CTSTATES,
    CTSTATUSES,
    LOG_LEVELS,
    TCP_FLAGS,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import REJECTIONS

Dice = random.Random
AMOUNT = {"filter": 400, "raw": 60, "mangle": 60, "nat": 60}  # rules in each backend
SETS = (
    "create web hash:ip\ncreate web6 hash:ip family inet6\ncreate services hash:ip,port\n"
    "create ports bitmap:port range 0-1023\ncreate low bitmap:ip range 10.0.0.0/24\ncreate all list:set\n"
)


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        ipset("restore", stdin=SETS)
        yield


def sometimes(dice: Dice, options: dict[str, Any], chance: float = 0.25) -> dict[str, Any]:
    return {option: value for option, value in options.items() if dice.random() < chance}


def some(dice: Dice, choices: tuple[str, ...]) -> list[str]:
    return dice.sample(choices, dice.randrange(1, len(choices) + 1))


def net(dice: Dice, family: str) -> str:
    """Return an address or net, also of the kinds that are printed in another way than they are written."""
    if family == "ipv4":
        address, bits = f"{dice.choice([10, 172, 192])}.{dice.randrange(256)}.0.0", dice.choice([16, 17, 24, 30, 32])
    else:
        address = dice.choice(["fd00::", "2001:DB8:0:0:1::", "::1:0", "::ffff:10.1.0.0", "fd00:0:0:1::", "::10.1.0.0"])
        bits = dice.choice([124, 125, 127, 128])
    return dice.choice([address, f"{address}/{bits}"])


def ports(dice: Dice) -> list[int | str]:
    chosen: list[int | str] = [dice.randrange(65536) for dummy in range(dice.choice([1, 1, 1, 2, 3, 7]))]
    start = dice.randrange(65000)
    return dice.choice([chosen, chosen, [f"{start}-{start + dice.randrange(500)}"], [*chosen, "0-10"], ["0-65535"]])


def protocol(dice: Dice, family: str) -> dict[str, Any]:
    name = dice.choice(["tcp", "udp", "sctp", "udplite", "dccp", "icmp", "gre", "esp", 47, 200, "TCP", "6"])
    if name == "icmp":
        name = name if family == "ipv4" else "icmpv6"
        kind = dice.choice([dice.randrange(255), "echo-request", "destination-unreachable"])
        icmp = sometimes(dice, {"icmp_type": kind}, 0.8)
        about = {
            "icmp_type": dice.choice([135, 136]),
            "nd_target": f"fd00:{dice.randrange(9)}::/{dice.randrange(48, 129)}",
        }
        icmp = dice.choice([icmp, icmp, about]) if family == "ipv6" else icmp
        return {"protocol": name, **icmp, **(sometimes(dice, {"icmp_code": dice.randrange(256)}, 0.5) if icmp else {})}
    said: dict[str, Any] = {"protocol": name}
    if name in ("tcp", "udp", "sctp", "udplite", "dccp", "TCP", "6"):
        said.update(sometimes(dice, {"source_ports": ports(dice), "destination_ports": ports(dice)}, 0.5))
    if name in ("tcp", "TCP", "6"):
        mask = some(dice, TCP_FLAGS)
        flags = [flag for flag in mask if dice.random() < 0.5]
        said.update(dice.choice([{}, {"syn": dice.random() < 0.5}, {"tcp_flags": {"mask": mask, "set": flags}}]))
    return said


def sets(dice: Dice, family: str) -> list[dict[str, Any]]:
    kinds = {"ipv4": [("web", 1), ("services", 2), ("low", 1)], "ipv6": [("web6", 1)]}[family]
    chosen = [dice.choice([*kinds, ("ports", 1), ("all", 3)]) for dummy in range(dice.choice([1, 1, 2]))]
    return [
        {
            "set": name,
            "direction": ",".join(dice.choice(["src", "dst"]) for dummy in range(parts)),
            "negate": dice.random() < 0.2,
        }
        for name, parts in chosen
    ]


def rate(dice: Dice) -> str:
    unit = dice.choice(["second", "sec", "minute", "min", "hour", "day"])
    return f"{dice.choice([dice.randrange(1, 10001), dice.randrange(1, 200)])}/{unit}"


def match(dice: Dice, family: str) -> dict[str, Any]:
    said = {
        **(protocol(dice, family) if dice.random() < 0.6 else {}),
        **sometimes(
            dice,
            {
                "source": net(dice, family),
                "destination": net(dice, family),
                "sets": sets(dice, family),
                "in_interface": dice.choice(["eth0", "tap+", "a-very-long-na+", "br-int.5"]),
                "out_interface": dice.choice(["eth1", "vnet+"]),
                "physdev_in": dice.choice(["tap0", "tap+"]),
                "physdev_out": "tap1",
                "physdev_is_bridged": dice.random() < 0.5,
                "ctstate": some(dice, CTSTATES),
                "ctorigsrc": net(dice, family),
                "ctorigdst": net(dice, family),
                "ctstatus": dice.choice([["NONE"], some(dice, CTSTATUSES[1:])]),
                "ctdir": dice.choice(["ORIGINAL", "REPLY"]),
                "mac_source": dice.choice(["52:54:00:ab:CD:0f", "02:00:00:00:00:01"]),
                "limit": rate(dice),
                "mark": dice.choice(["0x1", "0X0f/0xFF", 7, "0x0", "0xdeadbeef"]),
                "comment": dice.choice(
                    ["web", "to the web", "it's #1", "Größe", "!", "a/b (c)", "x" * 255, "$(x);", "a\u2028b\x85"]
                ),
            },
        ),
    }
    if family == "ipv4" and not set(said) & {"source_ports", "destination_ports", "icmp_type", "syn", "tcp_flags"}:
        said.update(sometimes(dice, {"fragment": dice.random() < 0.5}, 0.1))
    if dice.random() < 0.25:
        said["ctproto"] = dice.choice(["tcp", 17, "sctp", "icmp" if family == "ipv4" else "icmpv6"])
        said.update(sometimes(dice, {"ctorigdstport": dice.choice(["22", "0", "8000-8080", "0-65535"])}, 0.7))
    if "limit" in said:  # a burst that fills up within a day, which at a packet a day is one
        slow = said["limit"].endswith(("hour", "day"))
        said["limit_burst"] = 1 if slow else dice.choice([1, 5, 20])
    of_protocol = {"source_ports", "destination_ports", "icmp_type", "syn", "tcp_flags"} & set(said)
    negated = [option for option in NEGATABLE if option in said and dice.random() < 0.2]
    said["negate"] = [option for option in negated if option != "protocol" or not of_protocol]
    return said


def target(dice: Dice, table: str, said: dict[str, Any]) -> dict[str, Any]:
    rejections = [one for one in REJECTIONS if one != "tcp-reset"]
    tcp = said.get("protocol") in ("tcp", "TCP", "6") and "protocol" not in said["negate"]
    prefix = dice.choice(["x", "refused: ", "two words", "it's "])
    ways: list[dict[str, Any]] = [
        {"target": "ACCEPT"},
        {"target": "RETURN"},
        {"target": "other"},
        {"goto": "other"},
        {"target": "LOG", **sometimes(dice, {"log_prefix": prefix, "log_level": dice.choice(LOG_LEVELS)}, 0.5)},
    ]
    if table != "nat":
        ways.append({"target": "DROP"})
    own: dict[str, list[dict[str, Any]]] = {
        "filter": [
            {"target": "REJECT"},
            {"target": "REJECT", "reject_with": "tcp-reset" if tcp else dice.choice(rejections)},
        ],
        "raw": [{"target": "CT", "notrack": True}, {"target": "CT", "zone": dice.randrange(1, 65536)}],
        "mangle": [{"target": "MARK", "set_mark": dice.choice(["0x1", "0xf/0xff", 3])}],
    }
    return dice.choice([*ways, *own.get(table, []), *own.get(table, [])])


def rule(dice: Dice, table: str, family: str) -> dict[str, Any]:
    said = match(dice, family)
    return {"family": family, **said, **target(dice, table, said)}


@each_backend
@pytest.mark.parametrize("table", AMOUNT)
def test_every_rule_is_kept_as_we_say_it_and_the_second_run_changes_nothing(backend: str, table: str) -> None:
    need(f"iptables-{'nft' if backend == 'nf_tables' else backend}")
    dice = Dice(f"{backend} {table}")
    rules = [rule(dice, table, family) for family in ("ipv4", "ipv6") for dummy in range(AMOUNT[table] // 2)]
    task = {
        "backend": backend,
        "table": table,
        "family": "both",
        "chains": [{"name": "many", "rules": rules}, {"name": "other", "rules": []}],
    }
    made = converge(**task)
    half = AMOUNT[table] // 2
    assert made["counts"] == {family: {"many": half, "other": 0} for family in ("ipv4", "ipv6")}
    for family in ("ipv4", "ipv6"):
        assert made["diff"]["after"][family]["chains"]["many"] == chain("many", backend, family, table)

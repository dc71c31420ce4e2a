# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of sets as people write them, in all ways that ipset(8) has for them."""

from __future__ import annotations

import random
from collections.abc import Callable

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_protocol import (
    _PROTOCOLS,
    ICMP_CODES,
    WITH_PORTS,
)

Dice = random.Random


def ipv4(dice: Dice) -> str:
    return f"{dice.choice([10, 172, 192, 203])}.{dice.randrange(256)}.{dice.randrange(4)}.{dice.randrange(256)}"


def ipv6(dice: Dice) -> str:
    groups = [dice.choice([0, 0, 0, 1, 0xFE, 0xABCD, 0xFFFF]) for dummy in range(7)] + [dice.randrange(1, 2**16)]
    text = ":".join(dice.choice(["{:x}", "{:04x}", "{:X}"]).format(group) for group in groups)
    return dice.choice([text, f"::{text[6:]}" if text.startswith("0:0:0:") else text])


def several(dice: Dice) -> str:
    """Return addresses that a set of addresses expands."""
    address = ipv4(dice)
    start, dummy, last = address.rpartition(".")
    to = f"{start}.{min(int(last) + dice.randrange(9), 255)}"
    return dice.choice([address, f"{address}/{dice.randrange(27, 33)}", f"{address}-{to}"])


def net(dice: Dice) -> str:
    address = ipv4(dice)
    start, dummy, last = address.rpartition(".")
    to = f"{start}.{min(int(last) + dice.randrange(90), 255)}"
    return dice.choice([address, f"{address}/{dice.randrange(1, 33)}", f"{address}-{to}"])


def net6(dice: Dice) -> str:
    return dice.choice(["{}", "{}/{}"]).format(ipv6(dice), dice.randrange(1, 129))


def ports(dice: Dice, icmp: str = "icmp") -> str:
    port = dice.randrange(65530)
    kinds = [
        lambda: str(port),
        lambda: f"{port}-{port + dice.randrange(5)}",
        lambda: f"{dice.choice(WITH_PORTS)}:{port}",
        lambda: f"{dice.choice([6, 17, 132, 136])}:{port}-{port + 1}",
        lambda: f"{icmp}:{dice.randrange(256)}/{dice.randrange(256)}",
        lambda: f"{icmp}:{dice.choice([*ICMP_CODES[{'icmpv6': 'ipv6-icmp'}.get(icmp, icmp)], 'ping', 'pong'])}",
        lambda: f"{dice.choice([*OTHERS, *OTHERS.values(), 200, 255])}:0",
    ]
    return str(dice.choice(kinds)())


OTHERS = {name: number for name, number in _PROTOCOLS.items() if name not in (*WITH_PORTS, *ICMP_CODES)}


def ports6(dice: Dice) -> str:
    return ports(dice, "icmpv6")


def interface(dice: Dice) -> str:
    return dice.choice(["", "physdev:"]) + dice.choice(["eth0", "tap12", "br-int", "vlan100.5"])


def mac(dice: Dice) -> str:
    text = ":".join(f"{dice.randrange(256):02x}" for dummy in range(6))
    return dice.choice([text, text.upper()])


def mark(dice: Dice) -> str:
    number = dice.choice([0, 1, 2**32 - 1, dice.randrange(2**32)])
    return dice.choice(["{}", "{:#x}", "0x{:08X}"]).format(number)


def low_port(dice: Dice) -> str:
    port = dice.randrange(1000)
    return dice.choice([f"{port}", f"tcp:{port}", f"udp:{port}-{port + 9}"])


def one_each(dice: Dice) -> str:
    """Return an address that no other member has: there is one MAC for each."""
    dice.counter = getattr(dice, "counter", 0) + 1  # type: ignore[attr-defined]
    number = dice.counter  # type: ignore[attr-defined]
    return f"10.0.{number // 256}.{number % 256}" + dice.choice(["", f",{mac(dice)}"])


def in_range(dice: Dice) -> str:
    address = f"10.0.{dice.randrange(4)}.{dice.randrange(200)}"
    return dice.choice([address, f"{address}/30", f"{address}-{address}9"[: len(address) * 2 + 1]])


WAYS: dict[tuple[str, str], tuple[Callable[[Dice], str], ...]] = {
    ("hash:ip", "family inet"): (several,),
    ("hash:ip", "family inet6"): (ipv6,),
    ("hash:net", "family inet"): (net,),
    ("hash:net", "family inet6"): (net6,),
    ("hash:ip,port", "family inet"): (several, ports),
    ("hash:ip,port", "family inet6"): (ipv6, ports6),
    ("hash:net,port", "family inet"): (net, ports),
    ("hash:net,port", "family inet6"): (net6, ports6),
    ("hash:ip,port,ip", "family inet"): (several, ports, ipv4),
    ("hash:ip,port,ip", "family inet6"): (ipv6, ports6, ipv6),
    ("hash:ip,port,net", "family inet"): (several, ports, net),
    ("hash:ip,port,net", "family inet6"): (ipv6, ports6, net6),
    ("hash:net,iface", "family inet"): (net, interface),
    ("hash:net,iface", "family inet6"): (net6, interface),
    ("hash:mac", ""): (mac,),
    ("hash:ip,mac", "family inet"): (ipv4, mac),
    ("hash:ip,mac", "family inet6"): (ipv6, mac),
    ("hash:ip,mark", "family inet"): (several, mark),
    ("hash:ip,mark", "family inet6"): (ipv6, mark),
    ("hash:net,net", "family inet"): (net, net),
    ("hash:net,net", "family inet6"): (net6, net6),
    ("hash:net,port,net", "family inet"): (net, ports, net),
    ("hash:net,port,net", "family inet6"): (net6, ports6, net6),
    ("bitmap:ip", "range 10.0.0.0-10.0.15.255"): (in_range,),
    ("bitmap:ip,mac", "range 10.0.0.0-10.0.15.255"): (one_each,),
    ("bitmap:port", "range 0-1023"): (low_port,),
}


def written(kind: str, options: str, amount: int) -> list[str]:
    """Return so many members for a set of this type, the same in each run."""
    dice = Dice(f"{kind} {options}")
    return [",".join(part(dice) for part in WAYS[kind, options]) for dummy in range(amount)]

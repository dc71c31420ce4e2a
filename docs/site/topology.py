# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw an intent as SVG: a column a hypervisor, a row a network, a dot for each port, a square for each router.

Usage: topology.py DIRECTORY-OF-THE-INTENT >FILE. The same intent gives the same bytes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from html import escape

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import read_intent
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Network, Port

COLUMN, ROW, LEFT, TOP = 190, 46, 230, 84  # pixels
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by the colour-blind too
CARRIERS = {"vlan": "VLAN", "flat": "untagged"}


def draw(intent: Intent) -> Iterator[str]:
    """Yield the lines of the picture."""
    hosts = sorted(intent.fabric.hypervisors)
    tenants = sorted(intent.tenants)
    networks = sorted((net for tenant in intent.tenants.values() for net in tenant.networks.values()), key=by_name)
    width, height = LEFT + COLUMN * len(hosts), TOP + ROW * len(networks) + 10
    box = f'viewBox="0 0 {width} {height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" font-size="12">'
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    for index, name in enumerate(hosts):
        yield from column(LEFT + COLUMN * index, height, name, intent.fabric.hypervisors[name].vtep)
    for index, network in enumerate(networks):
        colour = COLOURS[tenants.index(network.tenant) % len(COLOURS)]
        yield from row(intent, network, hosts, TOP + ROW * index + ROW // 2, colour)
    yield "</svg>"


def by_name(network: Network) -> str:
    return network.name


def column(x: int, height: int, name: str, vtep: str) -> Iterator[str]:
    area = f'x="{x + 6}" y="8" width="{COLUMN - 12}" height="{height - 16}"'
    yield f'<rect {area} rx="8" fill="#f4f4f4" stroke="#999999"/>'
    yield text(x + COLUMN // 2, 32, name, 'text-anchor="middle" font-weight="bold" font-size="15"')
    yield text(x + COLUMN // 2, 52, f"VTEP {vtep}", 'text-anchor="middle" fill="#555555"')


def row(intent: Intent, network: Network, hosts: list[str], y: int, colour: str) -> Iterator[str]:
    ports = [port for port in intent.ports if port.network == network.name]
    places = [LEFT + COLUMN * hosts.index(port.hypervisor) + share(port, ports) for port in ports]
    yield text(12, y - 2, network.name, f'font-weight="bold" fill="{colour}"')
    yield text(12, y + 13, f"{carrier(network)}, {network.subnets[0].text}", 'fill="#555555" font-size="11"')
    dashes = "" if network.type in CARRIERS else ' stroke-dasharray="7 4"'
    if places:
        ends = f'x1="{min(places)}" x2="{max(places)}" y1="{y}" y2="{y}"'
        yield f'<line {ends} stroke="{colour}" stroke-width="3"{dashes}/>'
    for x, port in zip(places, ports):
        short, leg, _network = port.name.partition(".")[2].partition("/")
        title = f"<title>{escape(' '.join((port.name, *port.addresses)))}</title>"
        corners = 1 if leg else 7  # routers are square
        yield f'<rect x="{x - 7}" y="{y - 7}" width="14" height="14" rx="{corners}" fill="{colour}">{title}</rect>'
        yield text(x, y + 19, short, 'text-anchor="middle" font-size="11"')


def share(port: Port, ports: list[Port]) -> int:
    """Return how far from the left of a column a port is: those of one network there share its width."""
    beside = [other.name for other in ports if other.hypervisor == port.hypervisor]
    return COLUMN * (beside.index(port.name) + 1) // (len(beside) + 1)


def carrier(network: Network) -> str:
    number = f" {network.segmentation_id}" if network.segmentation_id else ""
    return CARRIERS.get(network.type, f"{network.type} tunnel") + number


def text(x: int, y: int, words: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {style}>{escape(words)}</text>'


if __name__ == "__main__":
    files = read_intent(sys.argv[1], os.path.join(sys.argv[1], "allocations.yml"))
    print("\n".join(draw(parse(files.raw, files.origin))))

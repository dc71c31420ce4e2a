# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancers of a router: what HAProxy (its configuration.txt) reads, and what it may hear and say.

The rules hold for each packet, as all of a router's do: who is no member any more is cut at once, though HAProxy itself
ends no connection when it reads its file again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE, LoadBalancer, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest

CONFIGURATION = "haproxy.cfg"
USER = "haproxy"  # as which it runs, of its package
# To whom one process hands over, on a reload, who has which member by his address; no other namespace gets there.
_HEIRS, _HEIRS_PORT = "across.reload", 61024
_GLOBAL = f"""\
global
    user {USER}
    group {USER}
    fd-hard-limit 65536
    localpeer here
    stats socket unix@haproxy.sock mode 600 level admin expose-fd listeners

defaults
    retries 3
    option redispatch 1
    timeout connect 3s
    timeout client 1h
    timeout server 1h

peers {_HEIRS}
    peer here 127.0.0.1:{_HEIRS_PORT}
"""
_HTTP = """\
    option forwardfor
    timeout client 1m
    timeout server 1m
    timeout tunnel 1h
    timeout http-request 10s
"""


def files(router: Router) -> dict[str, str]:
    """Return its file by name, none without load balancers."""
    if not router.load_balancers:
        return {}
    return {CONFIGURATION: "\n".join([_GLOBAL, *("".join(_section(one)) for one in router.load_balancers)])}


def _section(balancer: LoadBalancer) -> Iterator[str]:
    yield f"listen {balancer.name}\n"
    yield f"    bind {balancer.public}:{balancer.port} transparent\n"  # whether the address is here yet or not
    yield f"    mode {balancer.mode}\n"
    if balancer.mode == "http":
        yield _HTTP
    yield f"    balance {balancer.algorithm}\n"
    if balancer.algorithm == "source":
        yield "    hash-type consistent\n"  # who has a member keeps it when others come and go
    if balancer.stickiness == "source":
        yield f"    stick-table type ip size 100k expire 1h peers {_HEIRS}\n    stick on src\n"
    if balancer.stickiness == "cookie":
        yield f"    cookie member-of-{balancer.name} insert indirect nocache httponly\n"
    check = balancer.check
    if check.type == "http":
        yield "    option httpchk\n"
        yield f"    http-check send meth GET uri {check.path} ver HTTP/1.1 hdr Host {balancer.public}\n"
    times = f"inter {check.interval}s fall {check.fall} rise {check.rise}"
    yield f"    default-server check {times} on-marked-down shutdown-sessions\n"
    for name, address in balancer.members.items():
        cookie = f" cookie {digest(address, 8)}" if balancer.stickiness == "cookie" else ""
        yield f"    server {name} {address}:{balancer.to_port}{cookie}\n"


def heard(router: Router) -> Iterator[str]:
    """Yield rules of nftables for what clients and HAProxy say to each other, and for the errors (RFC 792) of it."""
    for balancer in router.load_balancers:
        to = f"ct original ip daddr {balancer.public}"
        among = "" if tuple(balancer.sources) == ANYWHERE else f" ct original ip saddr {_set(balancer.sources)}"
        yield f"meta l4proto tcp {to} ct original proto-dst {balancer.port}{among} accept"
    for public in sorted({balancer.public for balancer in router.load_balancers}):
        yield f"ct state related ct protocol tcp ct original ip daddr {public} accept"


def said(router: Router) -> Iterator[str]:
    """Yield rules for what HAProxy sends: to its members, and answers to clients. It is told of the rest."""
    members = {
        f"{address} . {balancer.to_port}" for balancer in router.load_balancers for address in balancer.members.values()
    }
    yield "type filter hook output priority filter; policy accept;"
    yield 'oifname "lo" accept'
    yield f"ip daddr . tcp dport {_set(sorted(members))} accept"
    yield "jump balanced"
    yield f'meta skuid "{USER}" meta l4proto tcp reject with tcp reset'


def _set(values: Iterable[str]) -> str:
    return "{ " + ", ".join(values) + " }"

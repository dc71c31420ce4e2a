# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routers with load balancers, static routes and an ACL compile to, as text that HAProxy and nftables read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import yaml
from measured import endpoint
from sample_intent import merged, raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import acl_as_data, parse_acl_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.program import routers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import permitted
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

INTENT = """
fabric: {external_networks: {out: {type: vlan, physical_network: physnet1, subnet: 203.0.113.0/24}}}
tenants:
  acme:
    networks: {web: {subnet: [10.1.1.0/24, "fd00:1::/64"]}, dmz: {subnet: [10.1.2.0/24, "fd00:2::/64"]}}
    routers:
      edge: {hypervisors: hv1, networks: {web: {}, dmz: {}}, external: {network: out, ip: 203.0.113.10}}
"""
SITE = {"port": 80, "members": ["web-1", "10.1.1.21"], "to_port": 8080}


def parsed(**more: Any) -> Intent:
    """Return the intent with some more keys of the router."""
    change = yaml.safe_load(INTENT)
    change["tenants"]["acme"]["routers"]["edge"].update(more)
    return parse(raw(yaml.safe_dump(change, sort_keys=False)))


def compiled(**more: Any) -> dict[str, Any]:
    """Return the router as its hypervisor gets it."""
    intent = parsed(**more)
    [router] = routers(intent, intent.fabric.hypervisors["hv1"])
    return router


def sections(**balancers: Any) -> str:
    """Return what HAProxy is told of these load balancers."""
    text = compiled(load_balancers=balancers)["files"]["haproxy.cfg"]
    return str(text[text.index("listen ") :])


def chain(router: dict[str, Any], name: str) -> list[str]:
    """Return the rules of a chain, '' for interfaces, whose names tell nothing."""
    found = re.search(rf"    chain {name} {{\n(.*?)    }}\n", router["files"]["nftables.conf"], re.DOTALL)
    return [re.sub(r'"rn-[0-9a-f]{12}"', "''", line.strip()) for line in found[1].splitlines()] if found else []


def test_haproxy_is_told_little_where_little_is_written() -> None:
    assert compiled(load_balancers={"site": SITE})["files"]["haproxy.cfg"] == (
        "global\n"
        "    user haproxy\n"
        "    group haproxy\n"
        "    fd-hard-limit 65536\n"
        "    localpeer here\n"
        "    stats socket unix@haproxy.sock mode 600 level admin expose-fd listeners\n"
        "\n"
        "defaults\n"
        "    retries 3\n"
        "    option redispatch 1\n"
        "    timeout connect 3s\n"
        "    timeout client 1h\n"
        "    timeout server 1h\n"
        "\n"
        "peers across.reload\n"
        "    peer here 127.0.0.1:61024\n"
        "\n"
        "listen site\n"
        "    bind 203.0.113.10:80 transparent\n"
        "    mode tcp\n"
        "    balance roundrobin\n"
        "    default-server check inter 2s fall 3 rise 2 on-marked-down shutdown-sessions\n"
        "    server web-1 10.1.1.20:8080\n"
        "    server 10.1.1.21 10.1.1.21:8080\n"
    )


def test_http_has_its_times_cookies_and_checks() -> None:
    check = {"type": "http", "path": "/health?deep=1", "interval": 5, "fall": 1, "rise": 4}
    more = {"mode": "http", "algorithm": "leastconn", "stickiness": "cookie", "check": check}
    assert sections(shop={**SITE, **more}) == (
        "listen shop\n"
        "    bind 203.0.113.10:80 transparent\n"
        "    mode http\n"
        "    option forwardfor\n"
        "    timeout client 1m\n"
        "    timeout server 1m\n"
        "    timeout tunnel 1h\n"
        "    timeout http-request 10s\n"
        "    balance leastconn\n"
        "    cookie member-of-shop insert indirect nocache httponly\n"
        "    option httpchk\n"
        "    http-check send meth GET uri /health?deep=1 ver HTTP/1.1 hdr Host 203.0.113.10\n"
        "    default-server check inter 5s fall 1 rise 4 on-marked-down shutdown-sessions\n"
        "    server web-1 10.1.1.20:8080 cookie 41a89dab\n"
        "    server 10.1.1.21 10.1.1.21:8080 cookie 14f8ddac\n"
    )


def test_clients_stay_with_a_member_by_their_address() -> None:
    assert "    balance source\n    hash-type consistent\n" in sections(tls={**SITE, "algorithm": "source"})
    table = "    stick-table type ip size 100k expire 1h peers across.reload\n    stick on src\n"
    assert table in sections(tls={**SITE, "stickiness": "source"})


def test_what_is_balanced_is_let_in_by_the_address_that_it_was_sent_to() -> None:
    office = {"ip": "203.0.113.12", "port": 443, "members": ["web-1"], "remote_cidr": "198.51.100.0/24"}
    router = compiled(load_balancers={"site": SITE, "office": office})
    assert chain(router, "input")[-1] == "jump balanced"
    assert chain(router, "balanced") == [
        "meta l4proto tcp ct original ip daddr 203.0.113.10 ct original proto-dst 80 accept",
        "meta l4proto tcp ct original ip daddr 203.0.113.12 ct original proto-dst 443 "
        "ct original ip saddr { 198.51.100.0/24 } accept",
        "ct state related ct protocol tcp ct original ip daddr 203.0.113.10 accept",
        "ct state related ct protocol tcp ct original ip daddr 203.0.113.12 accept",
    ]
    assert chain(router, "output") == [
        "type filter hook output priority filter; policy accept;",
        'oifname "lo" accept',
        "ip daddr . tcp dport { 10.1.1.20 . 443, 10.1.1.20 . 8080, 10.1.1.21 . 8080 } accept",
        "jump balanced",
        'meta skuid "haproxy" meta l4proto tcp reject with tcp reset',
    ]
    assert {"203.0.113.10/24", "203.0.113.12/32"} in [{*leg["addresses"]} for leg in router["interfaces"]]


def test_the_host_is_told_where_the_addresses_have_come_to() -> None:
    said = 'notify_master "/usr/local/lib/tenantry/router master acme.edge" root'
    assert said in compiled(hypervisors=["hv1", "hv2"])["files"]["keepalived.conf"]


def test_a_router_that_balances_nothing_has_nothing_of_it() -> None:
    router = compiled()
    assert router["files"].keys() == {"nftables.conf"}
    assert "balanced" not in router["files"]["nftables.conf"]


def test_guests_of_a_device_are_told_of_it_and_the_router_asks_by_it() -> None:
    """The talk's F5 and SRX: they route, at .111 of a VLAN, and the router has addresses and names alone."""
    device = {"gateway": ["10.1.2.111", "fd00:2::111"], "dhcp": {"options": {42: "10.1.2.9"}}}
    change = yaml.safe_load(INTENT)
    change["tenants"]["acme"]["networks"]["dmz"].update(device, dns={"forwarders": "192.0.2.53"})
    names = {"hypervisors": "hv1", "networks": {"dmz": {}}, "static_routes": {"0.0.0.0/0": "10.1.2.111"}}
    change["tenants"]["acme"]["routers"] = {"names": names}
    intent = parse(raw(yaml.safe_dump(change)))
    [router] = routers(intent, intent.fabric.hypervisors["hv1"])
    assert router["routes"] == [{"to": "0.0.0.0/0", "via": "10.1.2.111", "floating": False}]
    [leg] = router["interfaces"]
    assert leg["addresses"] == ["10.1.2.1/24", "fd00:2::1/64"]
    assert router["files"]["dnsmasq.conf"].partition("local=")[2] == (
        "/acme.internal/\n"
        "server=192.0.2.53\n"
        "enable-ra\n"
        f"interface={leg['name']}\n"
        "dhcp-range=set:dmz,10.1.2.0,static,255.255.255.0,3600\n"
        "dhcp-range=set:dmz,fd00:2::,static,64,3600\n"
        "dhcp-option=tag:dmz,option:router,10.1.2.111\n"
        "dhcp-option=tag:dmz,option:dns-server,10.1.2.1\n"
        "dhcp-option=tag:dmz,option6:dns-server,[fd00:2::1]\n"
        "dhcp-option=tag:dmz,option:mtu,1500\n"
        "dhcp-option=tag:dmz,42,10.1.2.9\n"
        "domain=acme.internal,10.1.2.0/24\n"
        "domain=acme.internal,fd00:2::/64\n"
        f"ra-param={leg['name']},mtu:1500,30,0\n"
    )


def test_a_device_may_be_a_guest_and_has_no_gateway_itself() -> None:
    device = {"hypervisor": "hv2", "network": "dmz", "ip": "10.1.2.111", "port_security": False}
    change = {"networks": {"dmz": {"gateway": "10.1.2.111"}}, "ports": {"f5": device}}
    intent = parse(raw(yaml.safe_dump({"tenants": {"acme": change}})))
    gateways = {
        one["name"]: one["gateways"] for one in compile_fabric(intent, allocate(intent, Record())[0])["endpoints"]
    }
    assert gateways["acme.f5"] == []
    assert gateways["acme.dmz-1"] == ["10.1.2.111/24"]


def test_nobody_leaves_to_where_hypervisors_are() -> None:
    change = merged(yaml.safe_load(INTENT), {"fabric": {"underlay": ["192.168.1.0/24", "fd00:5::/64"]}})
    intent = parse(raw(yaml.safe_dump(change)))
    [router] = routers(intent, intent.fabric.hypervisors["hv1"])
    assert chain(router, "outward")[:2] == [
        "ct original ip daddr 192.168.1.0/24 drop",
        "ct original ip6 daddr fd00:5::/64 drop",
    ]


def test_what_is_behind_a_guest_has_a_route_and_goes_outside_as_guests_do() -> None:
    router = compiled(static_routes={"10.0.0.0/8": "10.1.1.20", "fd00:9::/64": "fd00:2::20"})
    routes = [(route["to"], route["via"]) for route in router["routes"]]
    assert routes == [("0.0.0.0/0", "203.0.113.1"), ("10.0.0.0/8", "10.1.1.20"), ("fd00:9::/64", "fd00:2::20")]
    assert "elements = { 10.0.0.0/8 }" in router["files"]["nftables.conf"]


def test_an_acl_speaks_of_both_directions_of_a_connection() -> None:
    acl = [
        {"from": "web", "to": ["10.1.2.20", "10.1.2.32/27"], "protocol": "tcp", "port": "5432-5433", "action": "allow"},
        {"from": "web", "to": "dmz", "protocol": "icmp", "action": "allow"},
        {"from": "web", "to": "dmz", "action": "deny"},
        {"protocol": "udp", "port": 69, "action": "deny"},
    ]
    router = compiled(acl=acl)
    forward = "iifname { '', '' } oifname { '', '' } ct status & dnat == 0"
    assert f"{forward} jump between" in chain(router, "forward")
    assert chain(router, "between") == [
        "ct state related meta l4proto { icmp, ipv6-icmp } accept",
        "meta l4proto tcp ct original ip saddr { 10.1.1.0/24 } ct original ip daddr { 10.1.2.20, 10.1.2.32/27 } "
        "ct original proto-dst 5432-5433 accept",
        "meta l4proto { icmp, ipv6-icmp } ct original ip saddr { 10.1.1.0/24 } ct original ip daddr { 10.1.2.0/24 } "
        "accept",
        "meta l4proto { icmp, ipv6-icmp } ct original ip6 saddr { fd00:1::/64 } ct original ip6 daddr { fd00:2::/64 } "
        "accept",
        "ct original ip saddr { 10.1.1.0/24 } ct original ip daddr { 10.1.2.0/24 } drop",
        "ct original ip6 saddr { fd00:1::/64 } ct original ip6 daddr { fd00:2::/64 } drop",
        "meta l4proto udp ct original proto-dst 69 drop",
        "accept",
    ]
    assert f"{forward} accept" in chain(compiled(), "forward")


def test_an_acl_is_what_verify_expects_between_networks() -> None:
    acl = [
        {"from": "web", "to": "dmz", "protocol": "icmp", "action": "allow"},
        {"from": "web", "to": "dmz", "action": "deny"},
        {"from": "dmz", "to": "10.1.1.21", "protocol": "tcp", "port": "47000-47100", "action": "deny"},
    ]
    rules = parse_acl_data(acl_as_data(parsed(acl=acl).tenants["acme"].routers["edge"].acl))
    web, other, dmz = (
        replace(endpoint(f"acme.{name}", f"acme.{network}", f"{address}/24"), joined="acme.edge")
        for name, network, address in (("a", "web", "10.1.1.20"), ("b", "web", "10.1.1.21"), ("c", "dmz", "10.1.2.20"))
    )
    assert permitted({}, [web, other, dmz], 47021, {"acme.edge": rules}) == {
        "acme.a": {"acme.c": ["icmp to 10.1.2.20"]},
        "acme.b": {"acme.c": ["icmp to 10.1.2.20"]},
        "acme.c": {"acme.a": ["icmp to 10.1.1.20", "tcp to 10.1.1.20"], "acme.b": ["icmp to 10.1.1.21"]},
    }

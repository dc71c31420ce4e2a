# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPN of routers: what an intent may say of it, what the host is told, and what its firewall lets through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sample_intent import merged, raw
from test_wrong_intents import cases, faults_of

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.program import routers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router_input import parse_routers
from ansible_collections.tenantry.sdn.plugins.module_utils.model.wireguard import tunnel_files

WRONG = list(cases(Path(__file__).with_name("wrong_vpns.txt")))
KEYS = {
    "laptop": "q6S+T8whGFyyHcvI9Gm4E+QpxrtH72fVXT/p3nDFu3Q=",
    "branch": "nZ0wBbgXqbc+e/k2E2kqivPE+F7NgB0PY3L9h02LjFg=",
}
SECRET = "154m6KqGZLk8Vhj903OFmX03dlkpSI/s9TkxbwdJA5A="
FABRIC = """
hypervisors: {hv1: {uplinks: {physnet2: eth2}}, hv2: {uplinks: {physnet2: eth2}}}
external_networks: {internet: {type: flat, physical_network: physnet2, subnet: 203.0.113.0/24}}
"""
EDGE = f"""
hypervisors: hv1
networks: {{web: {{}}, dmz: {{}}}}
external: {{network: internet, ip: 203.0.113.10}}
vpn:
  office:
    type: wireguard
    address: [10.99.0.1/24, "fd99::1/64"]
    peers:
      laptop: {{public_key: {KEYS["laptop"]}, allowed_ips: 10.99.0.2, preshared_key: acme-laptop, networks: web}}
      branch:
        public_key: {KEYS["branch"]}
        allowed_ips: [10.99.0.3, "fd99::3", 192.168.50.0/24]
        endpoint: 198.51.100.7:51820
        persistent_keepalive: 25
"""


def intent(change: str = "{}", fabric: str = "{}") -> dict[str, Any]:
    edge = merged(yaml.safe_load(EDGE), yaml.safe_load(change))
    changed = {"fabric": merged(yaml.safe_load(FABRIC), yaml.safe_load(fabric))}
    return merged(raw(), {**changed, "tenants": {"acme": {"routers": {"edge": edge}}}})


def compiled(change: str = "{}") -> dict[str, Any]:
    """Return what the host of the router is told of it."""
    parsed = parse(intent(change))
    (router,) = routers(parsed, parsed.fabric.hypervisors["hv1"])
    return router


def params(router: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
    return {
        "owner": "dc1",
        "routers": [{"wireguard": None, "ipsec": None, **router}],
        "secrets": secrets,
        "allow_empty": False,
    }


def test_the_intent_that_is_changed_is_right() -> None:
    assert parse(intent())
    assert len(WRONG) >= 25


@pytest.mark.parametrize(("change", "expected"), WRONG, ids=[change for change, faults in WRONG])
def test_a_wrong_vpn_is_told_exactly(change: str, expected: list[str]) -> None:
    assert faults_of(intent(change)) == expected


def test_an_mtu_that_leaves_too_little_for_ipv6_is_refused() -> None:
    assert faults_of(intent(fabric="mtu: 1300")) == [
        "tenants.acme.routers.edge.vpn.office.address[1]: the tunnel has an MTU of 1240 here, and IPv6 needs 1280 (RFC "
        "8200); set fabric.mtu to 1340 or more, or write an IPv4 address alone"
    ]


def test_the_host_is_told_of_peers_and_of_secrets_by_name_alone() -> None:
    assert compiled()["wireguard"] == {
        "name": "office",
        "interface": "wg-7b87aafb0d76",
        "port": 51820,
        "mtu": 1440,
        "addresses": ["10.99.0.1/24", "fd99::1/64"],
        "private_key": None,
        "peers": [
            {
                "name": "laptop",
                "public_key": KEYS["laptop"],
                "allowed_ips": ["10.99.0.2/32"],
                "endpoint": None,
                "preshared_key": "acme-laptop",
                "persistent_keepalive": 0,
            },
            {
                "name": "branch",
                "public_key": KEYS["branch"],
                "allowed_ips": ["10.99.0.3/32", "fd99::3/128", "192.168.50.0/24"],
                "endpoint": "198.51.100.7:51820",
                "preshared_key": None,
                "persistent_keepalive": 25,
            },
        ],
    }


def test_a_router_without_vpn_is_told_nothing() -> None:
    router = compiled("vpn: <removed>")
    assert "wireguard" not in router
    assert "wg-" not in router["files"]["nftables.conf"]


def test_the_firewall_joins_each_peer_with_its_networks() -> None:
    rules = [
        line.strip()
        for line in compiled()["files"]["nftables.conf"].splitlines()
        if "10.99" in line and "!=" not in line
    ]
    here, there = "{ 10.1.2.0/24, 10.1.1.0/24 }", "{ 10.99.0.3/32, 192.168.50.0/24 }"
    assert sorted(rules) == sorted(
        [
            "ct original ip saddr { 10.99.0.2/32 } ct original ip daddr { 10.1.1.0/24 } accept",
            "ct original ip saddr { 10.1.1.0/24 } ct original ip daddr { 10.99.0.2/32 } accept",
            f"ct original ip saddr {there} ct original ip daddr {here} accept",
            f"ct original ip saddr {here} ct original ip daddr {there} accept",
        ]
    )
    assert "ip daddr 203.0.113.10 udp dport 51820 accept" in compiled()["files"]["nftables.conf"]


def test_the_files_name_secrets_and_hold_none() -> None:
    _owner, (wish,) = parse_routers(params(compiled(), {"acme-laptop": SECRET, "other": "x"}))
    assert wish.wireguard
    files = tunnel_files(wish.wireguard)
    assert files == {name: text for name, text in wish.files.items() if name.startswith("wireguard.")}
    assert files["wireguard.device"] == "wg-7b87aafb0d76\n"
    assert files["wireguard.conf"] == (
        "[Interface]\nPrivateKey = @wireguard.key\nListenPort = 51820\n"
        f"# laptop\n[Peer]\nPublicKey = {KEYS['laptop']}\nPresharedKey = @acme-laptop\n"
        "AllowedIPs = 10.99.0.2/32\nPersistentKeepalive = 0\n"
        f"# branch\n[Peer]\nPublicKey = {KEYS['branch']}\nAllowedIPs = 10.99.0.3/32, fd99::3/128, 192.168.50.0/24\n"
        "Endpoint = 198.51.100.7:51820\nPersistentKeepalive = 25\n"
    )
    assert files["wireguard.network"] == (
        "address replace 10.99.0.1/24 dev wg-7b87aafb0d76\naddress replace fd99::1/64 dev wg-7b87aafb0d76\n"
        "link set dev wg-7b87aafb0d76 mtu 1440 up\nroute replace 192.168.50.0/24 dev wg-7b87aafb0d76\n"
    )
    assert wish.secrets == {"acme-laptop": SECRET}
    assert SECRET not in repr(wish)


@pytest.mark.parametrize(
    ("secrets", "fault"),
    [
        ({}, "no secret is called 'acme-laptop'; add it to tenantry_secrets, by Vault"),
        (
            {"acme-laptop": "hunter2"},
            "the secret 'acme-laptop' is no key; write the 44 characters that 'wg genkey' or 'wg genpsk' prints",
        ),
    ],
)
def test_a_secret_that_is_missing_or_wrong_is_told_without_its_value(secrets: dict[str, str], fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_routers(params(compiled(), secrets))
    assert caught.value.faults == [f"routers[0].wireguard.peers[0].preshared_key: {fault}"]
    assert "hunter2" not in caught.value.message


def test_a_task_with_wrong_values_is_told_of_all() -> None:
    router = compiled()
    wrong = {"interface": "wg0;reboot", "port": 70000, "mtu": 10, "addresses": ["10.99.0.1"]}
    peer = {"public_key": "abc", "allowed_ips": ["10.99.0.2"], "endpoint": "x:1", "persistent_keepalive": -1}
    given = {**router["wireguard"], **wrong, "peers": [{**router["wireguard"]["peers"][1], **peer}]}
    with pytest.raises(InvalidInput) as caught:
        parse_routers(params({**router, "wireguard": given}, {}))
    at = "routers[0].wireguard"
    assert caught.value.faults == [
        f"{at}.addresses[0]: '10.99.0.1' has no prefix length; write it as '10.1.1.1/24'",
        f"{at}.interface: 'wg0;reboot' is no interface name; write letters, digits, '_', '.', '-', starting with a "
        "letter, digit or '_', and none of all, default, none",
        f"{at}.mtu: 10 is out of range; write a number from 68 to 65535",
        f"{at}.peers[0].allowed_ips[0]: '10.99.0.2' is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'",
        f"{at}.peers[0].endpoint: 'x' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        f"{at}.peers[0].persistent_keepalive: -1 is out of range; write a number from 0 to 65535",
        f"{at}.peers[0].public_key: 'abc' is no key; write the 44 characters that 'wg pubkey' prints",
        f"{at}.port: 70000 is out of range; write a number from 1 to 65535",
    ]

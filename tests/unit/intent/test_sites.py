# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that routers are joined with by IPsec: what an intent may say, what the host is told, and what may leave it."""

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
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec_proposals import (
    ESP,
    IKE,
    esp_proposal,
    ike_proposal,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router_input import parse_routers

WRONG = list(cases(Path(__file__).with_name("wrong_sites.txt")))
SECRETS = {"acme-branch": "0123456789 what both of them know", "acme-depot": "what the others' end knows"}
FABRIC = """
hypervisors: {hv1: {uplinks: {physnet2: eth2}}, hv2: {uplinks: {physnet2: eth2}}}
external_networks: {internet: {type: flat, physical_network: physnet2, subnet: 203.0.113.0/24}}
"""
EDGE = """
hypervisors: hv1
networks: {web: {}, dmz: {}}
external: {network: internet, ip: 203.0.113.10}
static_routes: {10.9.1.0/24: 10.1.1.5}
vpn:
  office:
    type: wireguard
    address: 10.99.0.1/24
    peers:
      far: {public_key: nZ0wBbgXqbc+e/k2E2kqivPE+F7NgB0PY3L9h02LjFg=, allowed_ips: [10.99.0.3, 192.168.50.0/25]}
  branch:
    type: ipsec
    remote: 192.0.2.9
    remote_subnets: 192.168.60.0/24
    psk: acme-branch
    networks: web
  depot:
    type: ipsec
    remote: 192.0.2.10
    remote_id: depot.example.org
    remote_subnets: [192.168.61.0/24, 192.168.62.0/24]
    psk: acme-depot
    ike_proposals: [aes128gcm16-prfsha256-curve25519, aes256-sha512-modp4096]
    esp_proposals: aes256gcm16
"""


def intent(change: str = "{}", fabric: str = "{}") -> dict[str, Any]:
    edge = merged(yaml.safe_load(EDGE), yaml.safe_load(change))
    changed = {"fabric": merged(yaml.safe_load(FABRIC), yaml.safe_load(fabric))}
    networks = {"dmz": {"subnet": ["10.1.2.0/24", "fd02::/64"]}}
    return merged(raw(), {**changed, "tenants": {"acme": {"networks": networks, "routers": {"edge": edge}}}})


def compiled(change: str = "{}") -> dict[str, Any]:
    """Return what the host of the router is told of it."""
    parsed = parse(intent(change))
    (router,) = routers(parsed, parsed.fabric.hypervisors["hv1"])
    return router


def params(router: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
    named = {"wireguard": None, "ipsec": None, **router}
    return {"owner": "dc1", "routers": [named], "secrets": secrets, "allow_empty": False}


def rules(change: str = "{}") -> list[str]:
    return [line.strip() for line in compiled(change)["files"]["nftables.conf"].splitlines()]


def test_the_intent_that_is_changed_is_right() -> None:
    assert parse(intent())
    assert len(WRONG) >= 40


@pytest.mark.parametrize(("change", "expected"), WRONG, ids=[change for change, faults in WRONG])
def test_a_wrong_site_is_told_exactly(change: str, expected: list[str]) -> None:
    assert faults_of(intent(change)) == expected


def test_an_mtu_that_leaves_too_little_for_ipv6_is_refused() -> None:
    change = 'vpn: {branch: {remote_subnets: ["fd60::/64"], networks: dmz}}'
    assert parse(intent(change))
    assert faults_of(intent(change, "mtu: 1380")) == [
        "tenants.acme.routers.edge.vpn.branch.remote_subnets[0]: the tunnel has an MTU of 1279 here, and IPv6 needs "
        "1280 (RFC 8200); set fabric.mtu to 1381 or more, or leave it out"
    ]


def test_the_host_is_told_of_sites_and_of_secrets_by_name_alone() -> None:
    branch, depot = compiled()["ipsec"].pop("sites")
    assert compiled()["ipsec"] == {"address": "203.0.113.10", "mtu": 1399, "sites": [branch, depot]}
    assert branch == {
        "name": "branch",
        "remote": "192.0.2.9",
        "local_id": "203.0.113.10",
        "remote_id": "192.0.2.9",
        "local_subnets": ["10.1.1.0/24"],
        "remote_subnets": ["192.168.60.0/24"],
        "psk": "acme-branch",
        "ike_proposals": list(IKE),
        "esp_proposals": list(ESP),
    }
    assert depot["remote_id"] == "depot.example.org"
    assert depot["local_subnets"] == ["10.1.1.0/24", "10.1.2.0/24"]
    assert depot["esp_proposals"] == ["aes256gcm16"]


def test_what_is_not_encrypted_neither_leaves_nor_enters() -> None:
    beyond = "{ 192.168.60.0/24, 192.168.61.0/24, 192.168.62.0/24, fd60::/64 }"
    change = 'vpn: {branch: {remote_subnets: [192.168.60.0/24, "fd60::/64"], networks: dmz}}'
    four, six = beyond.replace(", fd60::/64", ""), "{ fd60::/64 }"
    peers = "{ 10.99.0.3/32, 192.168.50.0/25 }"
    assert rules(change)[rules(change).index("chain unencrypted {") + 1 :][:5] == [
        "type filter hook postrouting priority filter; policy accept;",
        f'oifname != "wg-7b87aafb0d76" ip daddr {peers} drop',
        f'oifname != "ipsec0" ip daddr {four} drop',
        f'oifname != "ipsec0" ip6 daddr {six} drop',
        "}",
    ]
    assert f'iifname != "ipsec0" ip saddr {four} drop' in rules(change)
    assert f'iifname != "ipsec0" ip6 saddr {six} drop' in rules(change)


def test_the_firewall_joins_each_site_with_its_networks() -> None:
    between = [line for line in rules() if line.startswith("ct original") and "192.168.6" in line]
    depot, here = "{ 192.168.61.0/24, 192.168.62.0/24 }", "{ 10.1.2.0/24, 10.1.1.0/24 }"
    assert between == [
        "ct original ip saddr { 192.168.60.0/24 } ct original ip daddr { 10.1.1.0/24 } accept",
        "ct original ip saddr { 10.1.1.0/24 } ct original ip daddr { 192.168.60.0/24 } accept",
        f"ct original ip saddr {depot} ct original ip daddr {here} accept",
        f"ct original ip saddr {here} ct original ip daddr {depot} accept",
    ]
    (door,) = (line for line in rules() if "4500" in line)
    assert door.endswith("ip saddr { 192.0.2.10, 192.0.2.9 } ip daddr 203.0.113.10 udp dport { 500, 4500 } accept")


def test_a_router_without_sites_is_told_nothing() -> None:
    router = compiled("vpn: <removed>")
    assert "ipsec" not in router
    assert "ipsec0" not in router["files"]["nftables.conf"]


def test_the_files_name_secrets_and_hold_none() -> None:
    _owner, (wish,) = parse_routers(params(compiled(), {**SECRETS, "other": "x"}))
    assert wish.files["ipsec.local"] == "203.0.113.10 1399\n"
    lines = wish.files["ipsec.conf"].splitlines()
    start = lines.index("secrets {")
    assert lines[start : start + 6] == [
        "secrets {",
        "  ike-branch {",
        "    id-local = 203.0.113.10",
        "    id-remote = 192.0.2.9",
        "    secret = @acme-branch",
        "  }",
    ]
    assert "    proposals = aes128gcm16-prfsha256-curve25519, aes256-sha512-modp4096" in lines
    assert "        local_ts = 10.1.1.0/24, 10.1.2.0/24" in lines
    assert wish.secrets == SECRETS
    assert not any(secret in repr(wish) for secret in SECRETS.values())


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (None, "no secret is called 'acme-branch'; add it to tenantry_secrets, by Vault"),
        (
            "hunter2",
            "the secret 'acme-branch' has 7 characters, which can be guessed; write 20 or more, as of 'wg genpsk'",
        ),
        *(
            (
                secret,
                "the secret 'acme-branch' is no key that two sites can share; write ASCII characters on one line, none "
                "of them a space at its ends",
            )
            for secret in (
                12345678901234567890,
                "a key of two lines, \n of which this is one",
                "ä" * 20,
                f"{'x' * 20} ",
            )
        ),
    ],
)
def test_a_secret_that_is_missing_or_wrong_is_told_without_its_value(secret: Any, fault: str) -> None:
    given = {**SECRETS, "acme-branch": secret}
    if secret is None:
        del given["acme-branch"]
    with pytest.raises(InvalidInput) as caught:
        parse_routers(params(compiled(), given))
    assert caught.value.faults == [f"routers[0].ipsec.sites[0].psk: {fault}"]
    assert str(secret) not in caught.value.message


def test_a_task_with_wrong_values_is_told_of_all() -> None:
    router = compiled()
    site = {**router["ipsec"]["sites"][0], "name": "a b", "remote": "x", "local_id": "}", "remote_subnets": ["y"]}
    ipsec = {"address": "z", "mtu": 10, "sites": [{**site, "ike_proposals": ["des"], "esp_proposals": ["null"]}]}
    with pytest.raises(InvalidInput) as caught:
        parse_routers(params({**router, "ipsec": ipsec}, SECRETS))
    at = "routers[0].ipsec"
    assert [fault.partition(": ")[0] for fault in sorted(caught.value.faults)] == [
        f"{at}.address",
        f"{at}.mtu",
        f"{at}.sites[0].esp_proposals[0]",
        f"{at}.sites[0].ike_proposals[0]",
        f"{at}.sites[0].local_id",
        f"{at}.sites[0].name",
        f"{at}.sites[0].remote",
        f"{at}.sites[0].remote_subnets[0]",
    ]


def test_the_defaults_are_whole_proposals() -> None:
    assert list(map(ike_proposal, IKE)) == list(IKE)
    assert list(map(esp_proposal, ESP)) == list(ESP)

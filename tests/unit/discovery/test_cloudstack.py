# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of CloudStack, of the shape that its API documents, become an intent that the parser accepts."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.cloudstack import MAPPING, intent_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

Answers = dict[str, Any]
SAMPLES = Path(__file__).parent / "cloudstack"
FABRIC = {
    "name": "dc1",
    "segments": {"vlan": "100-199", "tunnel": "5000-5999"},
    "hypervisors": {
        "kvm1-example-net": {"vtep": "192.168.1.151"},
        "kvm2-example-net": {"vtep": "192.168.1.152", "uplinks": {"guest-net-a": "eth1"}},
        "kvm3-example-net": {"vtep": "192.168.1.153", "uplinks": {"guest-net-b": "eth1"}},
    },
}


@pytest.fixture
def answers() -> Answers:
    """The answers by file; what is changed in them is of this test alone."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.json"))}


def discovered(answers: Answers, fabric: Any = None, **mapping: Any) -> dict[str, Any]:
    return intent_of(list(answers.values()), FABRIC if fabric is None else fabric, mapping)


def faults(answers: Answers, fabric: Any = None, **mapping: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        discovered(answers, fabric, **mapping)
    return caught.value.faults


def records(answers: Answers, stem: str) -> list[dict[str, Any]]:
    """Return the list of an answer, to be changed in place."""
    ((envelope,),) = [answers[stem].values()]
    (found,) = [value for value in envelope.values() if isinstance(value, list)]
    return found


def test_hosts_become_hypervisors_and_other_machines_of_the_cloud_do_not(answers: Answers) -> None:
    fabric = discovered(answers)["fabric"]
    assert fabric["hypervisors"] == {
        "kvm1-example-net": {"zone": "zone-a", "pod": "pod-1", "vtep": "192.168.1.151"},
        "kvm2-example-net": {
            "zone": "zone-a",
            "pod": "pod-1",
            "vtep": "192.168.1.152",
            "uplinks": {"guest-net-a": "eth1"},
        },
        "kvm3-example-net": {
            "zone": "zone-b",
            "pod": "pod-2",
            "vtep": "192.168.1.153",
            "uplinks": {"guest-net-b": "eth1"},
        },
    }


def test_a_network_gets_its_type_and_id_of_its_uri_or_else_of_its_kind(answers: Answers) -> None:
    tenants = discovered(answers)["tenants"]
    assert tenants["acme"]["networks"] == {
        "web-tier": {"type": "vxlan", "subnet": ["10.1.1.0/24"], "segmentation_id": 5001},
        "lab": {"type": "gre", "subnet": ["10.1.3.0/24"]},  # Allocated: CloudStack has given no id yet, so we give one
    }
    assert tenants["shop"]["networks"] == {
        "dmz": {
            "type": "vlan",
            "subnet": ["10.1.2.0/24", "fd00:2::/64"],
            "segmentation_id": 120,
            "physical_network": "guest-net-a",
        }
    }


def test_a_shared_network_has_the_ranges_of_its_pods(answers: Answers) -> None:
    assert discovered(answers)["fabric"]["networks"] == {
        "defaultguestnetwork": {
            "type": "flat",
            "physical_network": "guest-net-b",
            "pods": {"pod-2": {"subnet": ["10.2.0.0/21"], "gateway": ["10.2.0.1"]}},
        }
    }


def test_each_interface_of_a_machine_that_runs_is_a_port(answers: Answers) -> None:
    found = discovered(answers)
    assert found["tenants"]["acme"]["ports"] == {
        "web01": {
            "hypervisor": "kvm1-example-net",
            "network": "web-tier",
            "ip": ["10.1.1.20"],
            "mac": "02:00:44:E1:00:05",
            "allowed_address_pairs": [{"ip": "10.1.1.120"}],
        },
        "web01-lab": {
            "hypervisor": "kvm1-example-net",
            "network": "lab",
            "ip": ["10.1.3.20"],
            "mac": "02:00:44:e1:00:06",
        },
        "web02": {
            "hypervisor": "kvm2-example-net",
            "network": "web-tier",
            "ip": ["10.1.1.21"],
            "mac": "02:00:44:e1:00:07",
        },
    }
    assert found["tenants"]["shop"]["ports"]["front"]["ip"] == ["10.1.2.20", "fd00:2::20"]
    assert found["tenants"]["globex"]["ports"]["db"]["security_groups"] == ["db-sg"]
    assert found["iface_ids"]["acme.web01-lab"] == "cc000000-0006-4e0e-8a8e-000000000002"
    assert sorted(found["iface_ids"]) == ["acme.web01", "acme.web01-lab", "acme.web02", "globex.db", "shop.front"]


def test_security_groups_are_of_tenants_whose_machines_have_them(answers: Answers) -> None:
    tenants = discovered(answers)["tenants"]
    assert "security_groups" not in tenants["acme"], "its networks know none, and default would close its ports"
    assert tenants["globex"]["security_groups"] == {
        "default": {"rules": []},
        "web-sg": {
            "rules": [
                {"direction": "ingress", "protocol": "tcp", "port": 80, "remote_cidr": "0.0.0.0/0"},
                {"direction": "ingress", "protocol": "icmp", "icmp_type": 8, "remote_cidr": "10.0.0.0/8"},
            ]
        },
        "db-sg": {
            "rules": [
                {"direction": "ingress", "protocol": "tcp", "port": 3306, "remote_group": "web-sg"},
                {"direction": "ingress", "remote_cidr": "192.0.2.0/24"},
                {"direction": "ingress", "protocol": 47, "remote_cidr": "192.0.2.9/32"},
                {"direction": "egress", "protocol": "udp", "remote_cidr": "10.2.0.0/21"},
                {"direction": "egress", "protocol": "tcp", "port": "8000-8080", "remote_cidr": "0.0.0.0/0"},
            ]
        },
    }


def test_the_order_of_answers_and_pages_means_nothing(answers: Answers) -> None:
    pages = copy.deepcopy(answers)
    pages["machines-2"] = copy.deepcopy(answers["machines"])
    del records(pages, "machines")[2:], records(pages, "machines-2")[:2]
    pages["none"] = {"listvirtualmachinesresponse": {}}  # what CloudStack says when there is nothing
    assert discovered(dict(reversed(list(pages.items())))) == discovered(answers)


def test_an_expression_of_the_user_takes_the_place_of_ours(answers: Answers) -> None:
    by_instance = MAPPING["machines"].replace("{name: name", "{name: instancename")
    found = discovered(answers, machines=by_instance)
    assert sorted(found["tenants"]["acme"]["ports"]) == ["i-2-3-vm", "i-2-3-vm-lab", "i-2-4-vm"]
    parse({"fabric": found["fabric"], "tenants": found["tenants"]})


def no_vtep(answers: Answers) -> list[str]:
    fabric = copy.deepcopy(FABRIC)
    del fabric["hypervisors"]["kvm1-example-net"]  # type: ignore[attr-defined]
    return faults(answers, fabric)


def same_name(answers: Answers) -> list[str]:
    records(answers, "machines")[1]["name"] = "WEB01"
    return faults(answers)


def two_domains(answers: Answers) -> list[str]:
    records(answers, "networks")[2]["domain"] = "ROOT/sales"
    return faults(answers)


def foreign_group(answers: Answers) -> list[str]:
    records(answers, "groups")[3]["ingressrule"][0]["account"] = "acme"
    return faults(answers)


def open_rule(answers: Answers) -> list[str]:
    del records(answers, "groups")[3]["ingressrule"][1]["cidr"]
    return faults(answers)


def odd_network(answers: Answers) -> list[str]:
    records(answers, "networks")[0]["broadcasturi"] = "pvlan://100-i200"
    return faults(answers)


def shared_vlan(answers: Answers) -> list[str]:
    records(answers, "networks")[3]["broadcasturi"] = "vlan://130"
    return faults(answers)


def no_pod(answers: Answers) -> list[str]:
    del records(answers, "ranges")[1]["podid"]
    return faults(answers)


def no_networks(answers: Answers) -> list[str]:
    del answers["networks"], records(answers, "machines")[1:]
    return faults(answers)


def wrong_port(answers: Answers) -> list[str]:
    records(answers, "groups")[2]["ingressrule"][0].update(startport="http", endport="http")
    return faults(answers)


WRONG: list[tuple[Callable[[Answers], list[str]], list[str]]] = [
    (no_vtep, ["fabric.hypervisors.kvm1-example-net.vtep: missing; write for example 'vtep: 192.168.1.151'"]),
    (
        same_name,
        ["mapping.machines: 'web01' and 'WEB01' would both be called web01; select names that differ"],
    ),
    (
        two_domains,
        [
            "mapping.networks: 'acme of ROOT' and 'acme of ROOT/sales' would both be called acme; "
            "select names that differ"
        ],
    ),
    (
        foreign_group,
        [
            "mapping.groups (globex.db_sg): a rule is about group web_sg of acme, and here rules are about own groups; "
            "select only the others"
        ],
    ),
    (
        open_rule,
        [
            "mapping.groups (globex.db_sg): a rule has neither cidr nor group, so it would let in everybody; "
            "select one of them"
        ],
    ),
    (
        odd_network,
        [
            "mapping.networks (Web tier): a network of CloudStack of kind 'pvlan' has no counterpart here; "
            "select only the others"
        ],
    ),
    (
        shared_vlan,
        [
            "mapping.networks (defaultGuestNetwork): accounts share it on vlan://130, and what tenants share is "
            "untagged here; select only the others"
        ],
    ),
    (
        no_pod,
        ["mapping.ranges (10.2.0.0/21): it is in no pod of the hosts; select pod_id, or only the other ranges"],
    ),
    (
        no_networks,
        [
            f"mapping.machines (web01): it is in network 7c1d0a10-0003-4e0e-8a8e-00000000000{number}, which is not "
            "among the networks; give that answer, too"
            for number in (1, 3)
        ],
    ),
    (
        wrong_port,
        [
            "tenants.globex.security_groups.web-sg.rules[0].port: 'http' is no port; write a number from 1 to 65535, "
            "or two as '8000-8080'"
        ],
    ),
]


@pytest.mark.parametrize(("change", "told"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_an_intent_is_said(
    answers: Answers, change: Callable[[Answers], list[str]], told: list[str]
) -> None:
    assert change(answers) == told


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"hosts": "[]"}, "mapping.hosts: unknown key; known are groups, hypervisors, machines, networks, ranges"),
        ({"groups": "[?"}, "mapping.groups: JMESPath cannot use '[?': Invalid jmespath expression: Incomplete"),
        ({"groups": "abs('x')"}, """mapping.groups: JMESPath cannot use "abs('x')": In function abs(), invalid type"""),
        ({"groups": "'x'"}, "mapping.groups: selects 'x'; write an expression that gives a list of mappings"),
        ({"groups": 5}, "mapping.groups: 5 is not a string; put it in quotes"),
    ],
)
def test_an_expression_that_is_wrong(answers: Answers, mapping: dict[str, Any], told: str) -> None:
    (fault,) = faults(answers, **mapping)
    assert fault.startswith(told)


def test_a_hypervisor_that_the_answers_do_not_have(answers: Answers) -> None:
    fabric = {**FABRIC, "hypervisors": {**FABRIC["hypervisors"], "kvm9": {"vtep": "192.168.1.9"}}}  # type: ignore[dict-item]
    assert faults(answers, fabric) == ["fabric.hypervisors.kvm9: no host of the answers has this name; remove it"]

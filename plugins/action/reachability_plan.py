# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the endpoints that are measured, and say so before anything is sent."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint, parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import parse_passages
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import parse_acl_data, parse_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.sampling import Sample, sample
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Security
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import end_of, permitted, services_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import parse_ways
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_chosen import (
    Outside,
    as_data,
    choose,
    not_seen,
    questions,
    services_of_ways,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import HTTP

ARGUMENTS = {
    "endpoints": {"type": "list", "elements": "dict", "required": True},
    "networks": {"type": "dict", "required": True},
    "security": {"type": "dict", "default": {}},
    "acls": {"type": "dict", "default": {}},
    "passages": {"type": "list", "elements": "dict", "default": []},
    "ways": {"type": "list", "elements": "dict", "default": []},
    "ways_unmeasured": {"type": "dict", "default": {}},
    "external_networks": {"type": "dict", "default": {}},
    "outside": {"type": "dict", "default": {}},
    "inventory": {"type": "list", "elements": "str", "required": True},
    "port": {"type": "int", "default": 47021},
    "sample": {"type": "int", "default": 40},
    "attack": {"type": "bool", "default": True},
}
MOST = 500  # each endpoint opens a connection to each address of the others at once
NAMES_SHOWN = 10
_REMEDY = (
    "Verifying sends packets from inside the tenants' machines. Add each of them to the inventory's group 'endpoints', "
    "as a host named tenant.port that Ansible reaches as root. Or rehearse in the twin, which has them all: "
    "ansible-playbook -i INVENTORY tenantry.sdn.twin"
)

display = Display()


class ActionModule(ActionBase):
    """The action of tenantry.sdn.reachability_plan."""

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(ARGUMENTS)
        if not 2 <= arguments["sample"] <= MOST:
            raise AnsibleActionFail(f"sample: {arguments['sample']} is out of range; write a number from 2 to {MOST}")
        try:
            endpoints = parse_endpoints(arguments["endpoints"])
        except InvalidInput as error:
            raise AnsibleActionFail(error.message) from None
        unknown = {endpoint.network for endpoint in endpoints} - arguments["networks"].keys()
        if unknown:
            names = ", ".join(sorted(unknown))
            raise AnsibleActionFail(f"networks: {names} missing; pass the networks that tenantry.sdn.intent returned")
        if len(endpoints) < 2:
            raise AnsibleActionFail(f"The intent has {len(endpoints)} ports: there is no pair to verify. Add ports.")
        return self._plan(sample(endpoints, arguments["sample"]), arguments)

    @staticmethod
    def _plan(chosen: Sample, arguments: Mapping[str, Any]) -> dict[str, Any]:
        _check_inventory(chosen.endpoints, arguments["inventory"])
        port = arguments["port"]
        securities = {tenant: parse_data(data) for tenant, data in arguments["security"].items()}
        acls = {router: parse_acl_data(data) for router, data in arguments["acls"].items()}
        services = {tenant: tuple(services_of(security, port)) for tenant, security in securities.items()}
        ways = parse_ways(arguments["ways"])
        outside = Outside(arguments["outside"], arguments["external_networks"])
        asked, missing = choose(ways, chosen.endpoints, securities, port, outside)
        led_to = {item.name: services_of_ways(ways, item.name, port) for item in chosen.endpoints}
        endpoints = [
            _with_services(item, services.get(item.tenant, ()), led_to[item.name]) for item in chosen.endpoints
        ]
        networks, attack = arguments["networks"], arguments["attack"]
        words = ". ".join(filter(None, [chosen.words, not_seen(missing, arguments["ways_unmeasured"])]))
        display.display(f"Measuring {words}")
        return {
            "changed": False,
            "run": secrets.token_hex(4),
            "names": [endpoint.name for endpoint in endpoints],
            "endpoints": [asdict(endpoint) for endpoint in endpoints],
            "permitted": permitted(securities, endpoints, port, acls, parse_passages(arguments["passages"])),
            "probes": {
                item.name: _probe(item, networks, securities, attack, _of_balancers(led_to[item.name]))
                for item in endpoints
            },
            "vlans": _vlans(endpoints, networks),
            "ways": as_data(asked),
            "questions": questions(asked),
            "words": words,
        }


def _check_inventory(endpoints: Sequence[Endpoint], inventory: Sequence[str]) -> None:
    if not inventory:
        raise AnsibleActionFail(f"The inventory has no group 'endpoints', or an empty one. {_REMEDY}")
    missing = sorted({endpoint.name for endpoint in endpoints} - set(inventory))
    if missing:
        names = ", ".join(missing[:NAMES_SHOWN]) + (", ..." if len(missing) > NAMES_SHOWN else "")
        raise AnsibleActionFail(
            f"{len(missing)} of {len(endpoints)} endpoints of the intent are not in the inventory's group 'endpoints': "
            f"{names}. {_REMEDY}"
        )


def _with_services(endpoint: Endpoint, services: Sequence[str], led_to: Collection[str]) -> Endpoint:
    """Return an endpoint that answers where its groups have rules, and where ways from outside lead to."""
    more = sorted({*led_to}.difference(services, _of_balancers(led_to)))
    return replace(endpoint, services=(*services, *more))


def _of_balancers(services: Collection[str]) -> list[str]:
    """Return those that load balancers ask alone, and no other endpoint."""
    return sorted(service for service in services if service.startswith(HTTP))


def _probe(
    endpoint: Endpoint,
    networks: Mapping[str, Any],
    securities: Mapping[str, Security],
    attack: bool,
    more: Sequence[str],
) -> dict[str, Any]:
    """Return an endpoint as tenantry.sdn.endpoint_probe takes it."""
    return {
        "name": endpoint.name,
        "mac": endpoint.mac,
        "addresses": list(endpoint.addresses),
        "mtu": endpoint.mtu,
        "vlan": networks[endpoint.network].get("local_vlan"),
        "services": [*endpoint.services, *more],
        "guarded": attack and endpoint.guarded,
        "judged": attack and end_of(securities, endpoint).tracked,
    }


def _vlans(endpoints: Sequence[Endpoint], networks: Mapping[str, Any]) -> list[int]:
    """Return every VLAN id by which one of the networks is known on a bridge or on the wire."""
    known = [networks[name] for name in {endpoint.network for endpoint in endpoints}]
    wire = [network.get("segmentation_id") for network in known if network.get("type") == "vlan"]
    return sorted({vlan for vlan in [*wire, *(network.get("local_vlan") for network in known)] if vlan})

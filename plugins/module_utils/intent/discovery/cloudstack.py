# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build an intent from the answers of CloudStack's API (listHosts, listNetworks, ...).

The expressions of MAPPING select records from the answers, whose fields are then the intent's. What is not in the
API, as the VTEPs, comes from the user. Names become DNS labels; ids of CloudStack only tie records together.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.labels import Labels, label
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.rules import parse_rules
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.selection import Record, plain, select
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, mapping, sequence, shown

MAPPING = {
    "hypervisors": (
        "[].listhostsresponse.host[] | [?type=='Routing'].{name: name, zone: zonename, pod: podname, pod_id: podid}"
    ),
    "networks": (
        "[].listnetworksresponse.network[] | [?traffictype=='Guest'].{id: id, name: name, owner: project || account, "
        "domain: domain, uri: broadcasturi, kind: broadcastdomaintype, physical_network: physicalnetworkid, "
        "subnets: [networkcidr || cidr, ip6cidr], shared: type=='Shared'}"
    ),
    "ranges": (
        "[].listvlaniprangesresponse.vlaniprange[].{network: networkid, pod_id: podid, "
        "gateway: gateway, netmask: netmask, cidr: cidr, ip6gateway: ip6gateway, ip6cidr: ip6cidr}"
    ),
    "machines": (
        "[].listvirtualmachinesresponse.virtualmachine[] | [?hostname].{name: name, owner: project || account, "
        "domain: domain, hypervisor: hostname, groups: securitygroup[].name, nics: nic[].{network: networkid, "
        "mac: macaddress, addresses: [ipaddress, ip6address], secondary: secondaryip[].ipaddress, "
        "first: isdefault, iface_id: id}}"
    ),
    "groups": (
        "[].listsecuritygroupsresponse.securitygroup[].{name: name, owner: project || account, domain: domain, "
        "ingress: ingressrule[].{protocol: protocol, first: startport, last: endport, type: icmptype, "
        "code: icmpcode, cidr: cidr, group: securitygroupname, owner: account}, "
        "egress: egressrule[].{protocol: protocol, first: startport, last: endport, type: icmptype, "
        "code: icmpcode, cidr: cidr, group: securitygroupname, owner: account}}"
    ),
}
_KINDS = {  # scheme of a broadcasturi, or broadcastdomaintype in lower case: type of our network
    "vlan": "vlan",
    "vxlan": "vxlan",
    "vs": "gre",
    "vswitch": "gre",
    "lswitch": "gre",
    "native": "flat",
}


def intent_of(answers: Any, fabric: Any, changed: Any) -> dict[str, Any]:
    """Return ``fabric``, ``tenants`` and ``iface_ids``; InvalidInput with all that cannot be told of them.

    ``answers`` is a list of the API's answers, ``fabric`` what the user says of it, ``changed`` of MAPPING.
    """
    faults = Faults()
    given = plain(faults.parse("fabric", mapping, fabric) or {})
    records = select(faults, faults.parse("answers", sequence, answers) or [], MAPPING, changed)
    faults.raise_any()
    found = _Cloud(faults, given, records).intent()
    faults.raise_any()
    parse({key: found[key] for key in ("fabric", "tenants")})
    return found


class _Cloud:
    """The records of a cloud, and what their names become."""

    def __init__(self, faults: Faults, fabric: Mapping[str, Any], records: Mapping[str, Sequence[Record]]) -> None:
        self._faults = faults
        self._labels = Labels(faults)
        self._fabric = fabric
        self._records = records
        self._networks = {record["id"]: record for record in records["networks"]}
        self._pods = {record.get("pod_id"): label(record["pod"]) for record in records["hypervisors"] if record["pod"]}
        self._judged = {self._tenant(machine, "machines") for machine in records["machines"] if machine["groups"]}

    def intent(self) -> dict[str, Any]:
        iface_ids: dict[str, str] = {}
        tenants: dict[str, dict[str, Any]] = {}
        for record in self._records["networks"]:
            if not record["shared"]:
                found = tenants.setdefault(self._tenant(record, "networks"), {})
                found.setdefault("networks", {})[self._network(record)] = self._described(record)
        for record in self._records["groups"]:
            tenant = self._tenant(record, "groups")
            if tenant in self._judged:
                groups = tenants.setdefault(tenant, {}).setdefault("security_groups", {})
                groups[self._labels.of(("group", tenant), record["name"], record["name"], "groups")] = {
                    "rules": list(parse_rules(self._faults, record))
                }
        for tenant, name, port, iface_id in self._ports():
            tenants.setdefault(tenant, {}).setdefault("ports", {})[name] = port
            if iface_id:
                iface_ids[f"{tenant}.{name}"] = iface_id
        return {"fabric": self._whole_fabric(), "tenants": tenants, "iface_ids": iface_ids}

    def _whole_fabric(self) -> dict[str, Any]:
        given: Mapping[str, Any] = self._fabric.get("hypervisors") or {}
        hypervisors = {}
        for record in self._records["hypervisors"]:
            name = self._labels.of("hypervisor", record["name"], record["name"], "hypervisors")
            places = {key: label(record[key]) for key in ("zone", "pod") if record[key]}
            hypervisors[name] = {**places, **(given.get(name) or {})}
        for name in sorted(given.keys() - hypervisors.keys()):
            self._faults.add(f"fabric.hypervisors.{name}", "no host of the answers has this name; remove it")
        whole = {**self._fabric, "hypervisors": hypervisors}
        shared = {self._network(record): self._shared(record) for record in self._networks.values() if record["shared"]}
        if shared:
            whole["networks"] = {**shared, **(self._fabric.get("networks") or {})}
        return whole

    def _tenant(self, record: Record, expression: str) -> str:
        owner, domain = record["owner"], record["domain"]
        return self._labels.of("tenant", owner, (domain, owner), expression, f"{owner} of {domain}")

    def _network(self, record: Record) -> str:
        space = "shared" if record["shared"] else self._tenant(record, "networks")
        return self._labels.of(("network", space), record["name"], record["id"], "networks")

    def _described(self, record: Record) -> dict[str, Any]:
        scheme, dummy, number = str(record["uri"] or "").partition("://")
        kind = "flat" if number == "untagged" else _KINDS.get(scheme or str(record["kind"]).lower())
        if kind is None:
            what = f"a network of CloudStack of kind {shown(scheme or record['kind'])} has no counterpart here"
            self._faults.add(f"mapping.networks ({record['name']})", f"{what}; select only the others")
        network: dict[str, Any] = {"type": kind, "subnet": [part for part in record["subnets"] if part]}
        if number.isdigit() and kind != "flat":
            network["segmentation_id"] = int(number)
        if kind in ("vlan", "flat") and record["physical_network"]:
            network["physical_network"] = label(record["physical_network"])
        return network

    def _shared(self, record: Record) -> dict[str, Any]:
        network = self._described(record)
        if network["type"] != "flat":
            what = f"accounts share it on {record['uri']}, and what tenants share is untagged here"
            self._faults.add(f"mapping.networks ({record['name']})", f"{what}; select only the others")
        pods: dict[str, dict[str, list[str]]] = {}
        for part in self._records["ranges"]:
            if part["network"] == record["id"]:
                subnets = (part["cidr"] or _prefix(part["gateway"], part["netmask"]), part["ip6cidr"])
                if part["pod_id"] not in self._pods:
                    what = "it is in no pod of the hosts; select pod_id, or only the other ranges"
                    self._faults.add(f"mapping.ranges ({subnets[0]})", what)
                    continue
                pod = pods.setdefault(self._pods[part["pod_id"]], {"subnet": [], "gateway": []})
                gateways = (part["gateway"], part["ip6gateway"])
                pod["subnet"] += [value for value in subnets if value and value not in pod["subnet"]]
                pod["gateway"] += [value for value in gateways if value and value not in pod["gateway"]]
        return {"type": "flat", "physical_network": network.get("physical_network"), "pods": pods}

    def _ports(self) -> Iterator[tuple[str, str, dict[str, Any], str | None]]:
        """Yield (tenant, name, port, iface-id) of each interface of a machine that runs.

        The default interface is called as its machine, another one as machine and network.
        """
        for machine in self._records["machines"]:
            tenant = self._tenant(machine, "machines")
            for nic in machine["nics"] or ():
                record = self._networks.get(nic["network"])
                if record is None:
                    what = f"it is in network {nic['network']}, which is not among the networks"
                    self._faults.add(f"mapping.machines ({machine['name']})", f"{what}; give that answer, too")
                    continue
                network = self._network(record)
                called = machine["name"] if nic["first"] else f"{machine['name']}-{network}"
                identity = (machine["name"], nic["mac"], nic["iface_id"])
                name = self._labels.of(("port", tenant), called, identity, "machines")
                yield tenant, name, self._port(machine, nic, network, tenant), nic["iface_id"]

    def _port(self, machine: Record, nic: Record, network: str, tenant: str) -> dict[str, Any]:
        port: dict[str, Any] = {
            "hypervisor": label(machine["hypervisor"]),
            "network": network,
            "ip": [address for address in nic["addresses"] if address],
            "mac": nic["mac"],
        }
        if nic["secondary"]:
            port["allowed_address_pairs"] = [{"ip": address} for address in nic["secondary"]]
        if tenant in self._judged and machine["groups"]:
            port["security_groups"] = [label(name) for name in machine["groups"]]
        return port


def _prefix(address: str | None, netmask: str | None) -> str | None:
    """Return the network of an address and its netmask, of answers that give no cidr."""
    if not (address and netmask):
        return None
    try:
        return str(ipaddress.ip_network(f"{address}/{netmask}", strict=False))
    except ValueError:
        return f"{address}/{netmask}"  # the intent's parser says what is wrong with it

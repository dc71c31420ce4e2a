# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what shall be seen of the traffic.

Ports and networks are only named here; ``mirroring`` looks them up once the tenants are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.interfaces import host_interface
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.monitoring import (
    Mirror,
    Monitoring,
    Output,
    Sniffer,
    Tunnel,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Claims, Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Column, Kind, parse_columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import EXPORTS, collector
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mirror import MIRROR
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    one_of,
    shown,
    vlan_id,
)

_OUTPUTS = ("interface", "vlan", "tunnel")


def parse_monitoring(faults: Faults, claims: Claims, fabric: Section) -> Monitoring:
    if "monitoring" not in fabric:
        return Monitoring()
    section = Section(faults, fabric.path_to("monitoring"), fabric.value("monitoring"), (*EXPORTS, "mirrors"))
    exports = {
        name: _export(faults, section.path_to(name), section.value(name), _columns(name))
        for name in EXPORTS
        if name in section
    }
    mirrors = {name: _mirror(faults, claims, path, value) for name, path, value in section.items("mirrors")}
    return Monitoring(exports, {name: mirror for name, mirror in mirrors.items() if mirror})


def _columns(export: str) -> dict[str, Column]:
    return {name: column for name, column in EXPORTS[export][1].items() if column.kind is not Kind.MAP}


def _export(faults: Faults, path: str, value: Any, columns: Mapping[str, Column]) -> dict[str, Any]:
    section = Section(faults, path, value, columns)
    written = section.required("targets", _unparsed, "['192.0.2.9:2055']")
    targets = each(faults, section.path_to("targets"), written, collector) if written is not None else []
    others = {name: section.optional(name, _unparsed, None) for name in columns if name != "targets"}
    parsed = parse_columns(faults, f"{path}.", columns, others)
    return {"targets": sorted({target for dummy, target in targets}), **parsed}


def _unparsed(value: Any) -> Any:
    return value


def _mirror(faults: Faults, claims: Claims, path: str, value: Any) -> Mirror | None:
    section = Section(faults, path, value, ("ports", "networks", "direction", "output", "snaplen"))
    if not isinstance(value, Mapping):
        return None
    if "ports" not in section and "networks" not in section:
        faults.add(path, "selects nothing; write ports: [TENANT.PORT], networks: [TENANT.NETWORK], or both")
    ports, networks = _names(faults, section, "ports"), _names(faults, section, "networks")
    direction = section.optional("direction", one_of(("both", "from", "to")), "both")
    snaplen = section.optional("snaplen", MIRROR["snaplen"].parse, None)
    section.required("output", _unparsed, "{interface: tap9}")
    output = _output(faults, claims, section) if section.value("output") is not None else Output()
    if snaplen and output.tunnel:
        what = "the datapath in userspace cuts copies with what wraps them, and none arrives"
        faults.add(section.path_to("snaplen"), f"{what}; leave it out where copies go into a tunnel")
    return Mirror(path, ports, networks, direction or "both", output, snaplen)


def _names(faults: Faults, section: Section, key: str) -> dict[str, str]:
    value = section.optional(key, _unparsed, None)
    found: dict[str, str] = {}
    for path, name in [] if value is None else each(faults, section.path_to(key), value, _full_name):
        if name in found:
            faults.add(path, f"{name} is {found[name]} already; name it once")
        found.setdefault(name, path)
    return found


def _full_name(value: Any) -> str:
    parts = value.split(".") if isinstance(value, str) else ()
    if len(parts) != 2:
        raise ValueError(f"{shown(value)} is no full name; write tenant and name with a dot, as acme.web-1")
    return ".".join(identifier(part) for part in parts)


def _output(faults: Faults, claims: Claims, mirror: Section) -> Output:
    value = mirror.value("output")
    section = Section(faults, mirror.path_to("output"), value, (*_OUTPUTS, "physical_network", "sniffer"))
    chosen = [name for name in _OUTPUTS if name in section]
    if isinstance(value, Mapping) and len(chosen) != 1:
        faults.add(section.path, f"a mirror has one output; write one of {', '.join(_OUTPUTS)}")
    for name in ("physical_network", "sniffer"):
        if name in section and "vlan" not in section:
            faults.add(section.path_to(name), "belongs to a VLAN that copies travel on; write vlan, or leave it out")
    vlan = section.optional("vlan", vlan_id, None)
    claims.claim("vlan", vlan, section.path_to("vlan"), "give copies a VLAN of their own")
    wire = section.required("physical_network", identifier, "physnet1") if vlan else None
    return Output(
        interface=section.optional("interface", host_interface, None),
        vlan=vlan,
        physical_network=wire,
        sniffer=_sniffer(faults, section) if vlan and "sniffer" in section else None,
        tunnel=_tunnel(faults, section) if "tunnel" in section else None,
    )


def _sniffer(faults: Faults, output: Section) -> Sniffer | None:
    section = Section(faults, output.path_to("sniffer"), output.value("sniffer"), ("hypervisor", "interface"))
    host = section.required("hypervisor", identifier, "hv3")
    interface = section.required("interface", host_interface, "tap9")
    return Sniffer(host, interface) if host and interface else None


def _tunnel(faults: Faults, output: Section) -> Tunnel | None:
    section = Section(faults, output.path_to("tunnel"), output.value("tunnel"), ("type", "remote_ip", "key"))
    kind = section.required("type", one_of(tuple(KEY_BITS)), "gre")
    remote = section.required("remote_ip", unicast_address, "192.0.2.9")
    key = section.optional("key", integer(0, 2 ** KEY_BITS[kind] - 1), None) if kind else None
    return Tunnel(kind, remote, key) if kind and remote else None

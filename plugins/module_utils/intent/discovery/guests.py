# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the network devices of ports among the interfaces that guests have on their hypervisors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.selection import plain
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, mapping, path_of, sequence, text

_MARKS = ("port_profile", "iface_id")  # names of one guest's interface, wherever it is


def with_interfaces(tenants: Any, found: Any, iface_ids: Any) -> dict[str, Any]:
    """Return the tenants with the ``interface`` of each port that has none and whose guest was found.

    ``found`` has a list of interfaces for each hypervisor, as libvirt_interfaces_info returns it, and ``iface_ids``
    the iface-id of ports, as ``{"acme.web-1": UUID}``. InvalidInput if a guest is elsewhere than the intent says, or
    two are the same.
    """
    faults = Faults()
    ids = faults.parse("iface_ids", mapping, iface_ids) or {}
    devices = _Devices(faults, found)
    filled: dict[str, Any] = plain(faults.parse("tenants", mapping, tenants) or {})
    for path, name, port in _ports(filled):
        interface = devices.of(path, name, port, ids.get(name))
        if interface:
            port["interface"] = interface
    faults.raise_any()
    return filled


def _ports(tenants: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, tenant.port, port) of those without an interface; what is malformed is the parser's to say."""
    for tenant, its in tenants.items():
        ports = its.get("ports") if isinstance(its, dict) else None
        for name, port in (ports if isinstance(ports, dict) else {}).items():
            if isinstance(port, dict) and "interface" not in port:
                yield path_of("tenants", tenant, "ports", name), f"{tenant}.{name}", port


class _Devices:
    """Interfaces by hypervisor and by what tells them apart."""

    def __init__(self, faults: Faults, found: Any) -> None:
        self._faults = faults
        self._at: dict[tuple[str, str, str], list[str]] = {}  # hypervisor, mark, value: names of devices
        self._hosts: dict[tuple[str, str], str] = {}  # mark, value: the hypervisor that it is on
        for host, its in (faults.parse("found", mapping, found) or {}).items():
            for index, given in enumerate(faults.parse(path_of("found", host), sequence, its) or ()):
                self._add(host, path_of("found", host, index), given)

    def _add(self, host: str, path: str, value: Any) -> None:
        given = self._faults.parse(path, mapping, value)
        if given is None:
            return
        name = self._faults.parse(f"{path}.interface", text, given.get("interface"))
        for mark in (*_MARKS, "mac"):
            known = str(given.get(mark, "")).lower()
            if name and known:
                self._at.setdefault((host, mark, known), []).append(name)
                self._hosts[mark, known] = host

    def of(self, path: str, name: str, port: Mapping[str, Any], iface_id: Any) -> str | None:
        """Return the device of a port: by its profile or iface-id, else by its MAC address."""
        host = str(port.get("hypervisor"))
        marks = {"port_profile": name, "iface_id": iface_id, "mac": port.get("mac", default_mac(name))}
        for mark, wanted in marks.items():
            value = str(wanted).lower()
            devices = self._at.get((host, mark, value), [])
            elsewhere = self._hosts.get((mark, value)) if mark in _MARKS and not devices else None
            if elsewhere:
                what = f"its guest runs on {elsewhere} ({mark} {value})"
                self._faults.add(f"{path}.hypervisor", f"{what}; write hypervisor: {elsewhere}, or move the guest")
                return None
            if len(devices) > 1:
                what = f"{' and '.join(devices)} of {host} have the same {mark} {value}"
                self._faults.add(path, f"{what}; write interface, or give each an iface-id")
                return None
            if devices:
                return devices[0]
        return None

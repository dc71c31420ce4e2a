# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read which network devices the guests of libvirt have, by virsh, which needs no Python bindings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

ATTEMPTS = 5
_GONE = "failed to get domain"  # a guest that ended between the two commands
_AT_ONCE = 1000  # domains in a command; 128 KiB are the most that Linux takes as one argument


def interfaces(uri: str, timeout: float) -> list[dict[str, str]]:
    """Return the interfaces of all guests that run, sorted by device; BackendError if libvirt does not answer.

    Two commands whatever the number of guests, up to 1,000.
    """
    for dummy in range(ATTEMPTS):
        domains = _virsh(uri, timeout, "list --uuid").split()
        try:
            whole = "".join(_described(uri, timeout, domains))
        except _GuestEnded:
            continue
        found = [device for domain in ElementTree.fromstring(f"<all>{whole}</all>") for device in _devices(domain)]
        return sorted(found, key=lambda device: device["interface"])
    raise BackendError(f"Guests of {uri} ended during each of {ATTEMPTS} attempts to read them; try again.")


class _GuestEnded(Exception):
    pass


def _described(uri: str, timeout: float, domains: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(domains), _AT_ONCE):
        yield _virsh(uri, timeout, "; ".join(f"dumpxml {domain}" for domain in domains[start : start + _AT_ONCE]))


def _virsh(uri: str, timeout: float, command: str) -> str:
    done = attempt(["virsh", "--quiet", "--readonly", "--connect", uri, command], timeout)
    if done.returncode == 0:
        return done.stdout
    if _GONE in done.stderr:
        raise _GuestEnded
    reason = " ".join(done.stderr.replace("error: ", "").split())
    raise BackendError(f"libvirt does not answer at {uri}: {reason}. Is its daemon running?")


def _devices(domain: ElementTree.Element) -> Iterator[dict[str, str]]:
    """Yield the interfaces of a domain that are network devices of the host, with what is known of each."""
    for interface in domain.iterfind("devices/interface"):
        source, virtualport = interface.find("source"), interface.find("virtualport/parameters")
        described = {
            "interface": _attribute(interface.find("target"), "dev"),
            "domain": domain.findtext("name", ""),
            "mac": _attribute(interface.find("mac"), "address"),
            "bridge": _attribute(source, "bridge"),
            "network": _attribute(source, "network"),
            "iface_id": _attribute(virtualport, "interfaceid"),
            "port_profile": _attribute(virtualport, "profileid"),
        }
        if described["interface"]:
            yield {key: value for key, value in described.items() if value}


def _attribute(element: ElementTree.Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")

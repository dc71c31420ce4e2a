# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open vSwitch of a hypervisor, and the bridge that holds its VTEP address.

In the userspace datapath a tunnel finds its way by the host's routes, but only through an OVS bridge that holds both
the NIC and the address (Documentation/howto/userspace-tunneling.rst). That bridge's device is a persistent tap: its
address and its alias, which records a finished bridge, survive a restart of ovs-vswitchd. The kernel's datapath leaves
tunnels to the kernel, so there the address is on the NIC, and there is no such bridge.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import command
from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import nic_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import (
    NETDEV,
    SYSTEM,
    UNDERLAY_BRIDGE,
    UNDERLAY_NIC,
    Hypervisor,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.programs import ENVIRONMENT, OVS_CTL

SETTINGS: Mapping[str, Mapping[str, str]] = {  # below /proc/sys, for the devices to come
    NETDEV: {  # reads a device by AF_PACKET, so that the host's own stack hears a port's guest too: it must not answer
        "net/ipv4/conf/default/arp_ignore": "8",
        "net/ipv6/conf/default/disable_ipv6": "1",
    },
    SYSTEM: {},
}

_PATIENCE = "--timeout=10"  # seconds
_DATAPATH = "netdev@ovs-netdev"  # of all bridges
_COUNTING_SECONDS = 10.1  # since boot: before, ovs-vswitchd 3.1 counts no processor, so it starts no handler of packets
_SYSTEM_PORT = re.compile(r"^ +(\S+) \d+/\d+: \(system\)$", re.MULTILINE)  # a device of the host, in a datapath
_RUNNING = "running"
KERNEL_MODULES = "/usr/share/openvswitch/scripts/ovs-kmod-ctl"


def require_datapath(datapath_type: str) -> None:
    """Raise BackendError unless this kernel has the datapath, or gets it by loading its module."""
    if datapath_type == SYSTEM:
        try:
            command.run(["ovs-dpctl", "dump-dps"], environment=ENVIRONMENT)  # asking for it loads it
        except BackendError as error:
            raise BackendError(
                "The kernel of this machine has no Open vSwitch datapath, and no module openvswitch to load. Write "
                "datapath_type: netdev, or run the twin in a guest that has it, as scripts/kernel of the collection's "
                f"checkout does. {error}"
            ) from None


def describe(hypervisor: Hypervisor, mtu: int, datapath_type: str) -> str:
    return _alias(hypervisor, mtu) if datapath_type == NETDEV else _RUNNING


def read(host: Host) -> str:
    """Return what the switch was made for, '' if Open vSwitch is not running."""
    return (host.read(f"/sys/class/net/{UNDERLAY_BRIDGE}/ifalias") or _RUNNING) if _is_running(host) else ""


def _alias(hypervisor: Hypervisor, mtu: int) -> str:
    return f"VTEP {', '.join(hypervisor.addresses)}, mtu {mtu}"


def forget_dead_devices(host: Host) -> None:
    """Make Open vSwitch let go of devices that no longer exist, before others of the same names appear.

    The userspace datapath keeps its socket to a device that is gone, and would never hear its successor.
    """
    if not _is_running(host):
        return
    shown = host.run("ovs-appctl", _PATIENCE, "dpif/show")
    for device in set(_SYSTEM_PORT.findall(shown)).difference(host.devices()):
        host.run("ovs-appctl", _PATIENCE, "dpctl/del-if", _DATAPATH, device)


def _is_running(host: Host) -> bool:
    pids = [host.read(f"/run/openvswitch/{daemon}.pid") for daemon in ("ovsdb-server", "ovs-vswitchd")]
    return all(pid and host.read(f"/proc/{pid}/comm") for pid in pids)


def start_switch(host: Host) -> None:
    """Start Open vSwitch if it is not running."""
    time.sleep(max(0.0, _COUNTING_SECONDS - time.monotonic()))
    host.run("ln", "--symbolic", "--force", "/bin/true", KERNEL_MODULES)  # it would load and unload the machine's
    host.run(OVS_CTL, "start", f"--system-id={host.name}", "--no-mlockall")


def configure(host: Host, hypervisor: Hypervisor, mtu: int, datapath_type: str) -> None:
    """In the userspace datapath make the bridge carry the VTEP address."""
    if datapath_type == NETDEV:
        _make_bridge(host, hypervisor, mtu)


def _make_bridge(host: Host, hypervisor: Hypervisor, mtu: int) -> None:
    host.run(*_bridge_command(hypervisor, mtu))
    for address in hypervisor.addresses:
        answering = "ipv4.conf.{}.arp_ignore=0" if family(address) == 4 else "ipv6.conf.{}.disable_ipv6=0"
        host.run("sysctl", "--quiet", "--write", f"net.{answering.format(UNDERLAY_BRIDGE)}")
    host.run("ip", "-batch", "-", stdin="\n".join(_address_lines(hypervisor, mtu)))


def _bridge_command(hypervisor: Hypervisor, mtu: int) -> list[str]:
    bridge = UNDERLAY_BRIDGE
    return [
        *("ovs-vsctl", _PATIENCE, "--may-exist", "add-br", bridge, "--", "set", "Bridge", bridge),
        "datapath_type=netdev",
        f'other_config:hwaddr="{nic_mac(hypervisor.name, bridge)}"',
        *("--", "--may-exist", "add-port", bridge, UNDERLAY_NIC),
        *("--", "set", "Interface", bridge, f"mtu_request={mtu}"),
    ]


def _address_lines(hypervisor: Hypervisor, mtu: int) -> list[str]:
    """Every other VTEP is on the link, whatever the subnets.

    Prefix length 0 makes it so for Open vSwitch, which takes as source only an address whose subnet holds the
    destination (lib/ovs-router.c). For IPv6 the kernel adds the route itself, for IPv4 it does not. The link-local
    address stays, with which a router asks for its neighbours.
    """
    bridge = UNDERLAY_BRIDGE
    added = [f"address add {address}/0 dev {bridge}" for address in hypervisor.addresses]
    lines = [f"address flush dev {bridge} scope global", *added, f"link set {bridge} up"]
    if 4 in map(family, hypervisor.addresses):
        lines.append(f"route replace default dev {bridge} scope link")
    return [*lines, f'link set {bridge} alias "{_alias(hypervisor, mtu)}"']

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts behind the L3 core of a twin, with WireGuard that nothing of ours has configured."""

from __future__ import annotations

import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lifecycle_fabric import Fabric
from packets import wait_until
from talks import PATIENCE, Talk, in_network
from wires import enter_network


class Laptop:
    """A host in a network of its own, by its name."""

    def __init__(self, fabric: Fabric, name: str, address: str, core: str) -> None:
        """``address`` and ``core``: its own and its gateway's, of one /24."""
        self.fabric, self.name, self.device = fabric, name, f"wg-{name}"
        self.sh(
            f"ip netns add {name} && ip link add {name} type veth peer name eth0 netns {name}"
            f" && ip address add {core}/24 dev {name} && ip link set {name} up"
            f" && ip -n {name} address add {address}/24 dev eth0 && ip -n {name} link set eth0 up"
            f" && ip -n {name} route add default via {core}"
            f" && ip netns exec {name} ethtool -K eth0 tx off >/dev/null"  # Open vSwitch in userspace computes none
        )
        command = ["ip", "netns", "exec", name, "wireguard-go", "-f", self.device]
        enter = ["nsenter", f"--target={fabric.twin.pid('underlay')}", "--all", "--"]
        self.process = subprocess.Popen([*enter, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def sh(self, command: str, stdin: str = "") -> str:
        return self.fabric.twin.run("underlay", "sh", "-c", command, stdin=stdin)

    def call(self, router: str, private_key: str, public_key: str, shared: str = "") -> None:
        """Be 10.99.0.2 in the tunnel of a router at this address, which has this public key."""
        name, device = self.name, self.device
        assert wait_until(lambda: device in self.sh(f"ip -n {name} -o link"))
        text = (
            f"[Interface]\nPrivateKey = {private_key}\n[Peer]\nPublicKey = {public_key}\n"
            f"AllowedIPs = 10.99.0.1/32, 10.1.0.0/16\nEndpoint = {router}:51820\n"
        ) + (f"PresharedKey = {shared}\n" if shared else "")
        self.sh(f"cat >/run/{name}.conf && ip netns exec {name} wg setconf {device} /run/{name}.conf", text)
        self.sh(
            f"ip -n {name} address replace 10.99.0.2/24 dev {device} && ip -n {name} link set {device} mtu 1440 up"
            f" && ip -n {name} route replace 10.1.0.0/16 dev {device}"
        )

    def pings(self, address: str, size: int = 56, patience: int = 4) -> bool:
        ping = f"ip netns exec {self.name} ping -c1 -W1 -M do -s {size} {address}"
        attempt = self.fabric.twin.attempt
        return any(attempt("underlay", "sh", "-c", ping).returncode == 0 for _dummy in range(patience))

    def talk(self, guest: str, address: str, port: int) -> Talk:
        """Connect to a guest."""
        nsenter = self.process.pid
        child = int(Path(f"/proc/{nsenter}/task/{nsenter}/children").read_text())

        def connecting() -> socket.socket:
            enter_network(child)
            return socket.create_connection((address, port), PATIENCE)

        with (
            in_network(self.fabric, guest, lambda: socket.create_server((address, port))) as listener,
            ThreadPoolExecutor(1) as pool,
        ):
            client = pool.submit(connecting).result()
            server = listener.accept()[0]
        for end in (client, server):
            end.setblocking(False)
        return Talk(client, server)

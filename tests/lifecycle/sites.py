# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other sites behind the L3 core of a twin: a strongSwan that nothing of ours has configured."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lifecycle_fabric import Fabric
from packets import wait_until

CORE = "192.0.2.1"
URI = "unix:///run/branch.vici"
STRONGSWAN = f"""charon-systemd {{
  load = random nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  plugins {{
    vici {{
      socket = {URI}
    }}
  }}
}}
"""
CONNECTION = """connections {{
  {name} {{
    version = 2
    local_addrs = {address}
    remote_addrs = {router}
    encap = yes
    mobike = no
    local {{
      auth = psk
      id = {name}.example.org
    }}
    remote {{
      auth = psk
    }}
    children {{
      net {{
        local_ts = {subnet}
        remote_ts = {inside}
      }}
    }}
  }}
}}
secrets {{
  ike-{name} {{
    id = {name}.example.org
    secret = 0s{key}
  }}
}}
"""


class Sites:
    """Sites by name, at these addresses outside with these networks behind, all on one host.

    They only answer, each a router at the third of its addresses.
    """

    def __init__(self, fabric: Fabric, inside: str, places: Mapping[str, tuple[str, str, str]]) -> None:
        self.fabric = fabric
        self.inside = inside
        self.places = places
        outside = "".join(f" && ip -n branch address add {address}/24 dev eth0" for address, *_more in places.values())
        behind = "".join(
            f" && ip -n branch link add net-{name} type bridge && ip -n branch link set net-{name} up"
            f" && ip -n branch address add {subnet.replace('.0/', '.1/')} dev net-{name}"
            for name, (_address, subnet, _router) in places.items()
        )
        self.sh(
            "ip netns add branch && ip link add branch type veth peer name eth0 netns branch"
            f" && ip address add {CORE}/24 dev branch && ip link set branch up && ip -n branch link set eth0 up"
            f"{outside} && ip -n branch route add default via {CORE}{behind}"
            " && ip netns exec branch ethtool -K eth0 tx off >/dev/null"  # Open vSwitch in userspace computes none
        )
        self.sh("cat >/run/branch.conf", STRONGSWAN)

    def sh(self, command: str, stdin: str = "") -> str:
        return self.fabric.twin.run("underlay", "sh", "-c", command, stdin=stdin)

    @contextmanager
    def answering(self, keys: Mapping[str, str]) -> Iterator[None]:
        command = ["ip", "netns", "exec", "branch", "env", "STRONGSWAN_CONF=/run/branch.conf", "charon-systemd"]
        enter = ["nsenter", f"--target={self.fabric.twin.pid('underlay')}", "--all", "--"]
        process = subprocess.Popen([*enter, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # Its socket is there before it listens, and one that was killed leaves its own.
            ask = ("underlay", "swanctl", "--stats", "--uri", URI)
            assert wait_until(lambda: self.fabric.twin.attempt(*ask).returncode == 0)
            self.know(keys)
            yield
        finally:
            self.sh("kill $(ip netns pids branch)")  # nsenter, which waits for it, passes no signal on
            process.wait(20)

    def know(self, keys: Mapping[str, str]) -> None:
        """Have the sites, of these keys alone."""
        text = "".join(
            CONNECTION.format(
                name=name,
                address=address,
                subnet=subnet,
                router=router,
                inside=self.inside,
                key=base64.b64encode(keys[name].encode()).decode(),
            )
            for name, (address, subnet, router) in self.places.items()
        )
        options = f"--uri {URI} --file /run/branch.swanctl"
        load = f"swanctl --load-creds --clear {options} && swanctl --load-conns {options}"
        self.sh(f"cat >/run/branch.swanctl && {load}", text)

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host forwards IPv6, which it does between all interfaces or none.

The kernel's switch says of each interface too that it is a router's (net/ipv6/addrconf.c, addrconf_fixup_forwarding),
so that the host hears no other routers any more, and forgets the ways that it had from them. So each interface is told
what it was before, and while the switch moves, that it hears routers all the same.
"""

from __future__ import annotations

import os

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sysctl import number_of, write_setting

_CONF = "/proc/sys/net/ipv6/conf"
_IF_NO_ROUTER, _ALWAYS = 1, 2  # accept_ra


def forwards() -> int:
    return number_of("ipv6", "all", "forwarding")


def switch_forwarding(value: int) -> None:
    """Let the host forward, or no more, and nothing else be as if it was another's router."""
    others = [name for name in os.listdir(_CONF) if name != "all"] if os.path.isdir(_CONF) else []
    hearing = [name for name in others if number_of("ipv6", name, "accept_ra") == _IF_NO_ROUTER]
    before = {name: number_of("ipv6", name, "forwarding") for name in others}
    for name in hearing:
        write_setting("ipv6", name, "accept_ra", _ALWAYS)
    write_setting("ipv6", "all", "forwarding", value)
    for name, router in before.items():
        if router != value:
            write_setting("ipv6", name, "forwarding", router)
    for name in hearing:
        write_setting("ipv6", name, "accept_ra", _IF_NO_ROUTER)

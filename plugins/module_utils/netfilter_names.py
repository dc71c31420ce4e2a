# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of IP sets and of chains, which the kernel bounds."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import shown, text

SET_NAME_BYTES = 31  # IPSET_MAXNAMELEN in linux/netfilter/ipset/ip_set.h, less the NUL
CHAIN_NAME_BYTES = 28  # XT_EXTENSION_MAXNAMELEN in linux/netfilter/x_tables.h, less the NUL
_UNFINISHED_SET = "tenantry-tmp-"
_SET_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:-]*"
_CHAIN_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
# What iptables takes for a target or a chain of the kernel (iptables(8), iptables-extensions(8))
_NO_CHAIN = (
    r"ACCEPT|DROP|QUEUE|RETURN|ERROR|standard|(PRE|POST)ROUTING|INPUT|FORWARD|OUTPUT|AUDIT|CHECKSUM|CLASSIFY|CLUSTERIP|"
    r"CONN(SEC)?MARK|CT|[DS]NAT|[DS]NPT|DSCP|ECN|HL|HMARK|IDLETIMER|LED|LOG|MARK|MASQUERADE|NETMAP|NFLOG|NFQUEUE|"
    r"NOTRACK|RATEEST|REDIRECT|REJECT|SECMARK|SET|SYNPROXY|TCPMSS|TCPOPTSTRIP|TEE|TOS|TPROXY|TRACE|TTL|ULOG"
)


def is_set_name(name: str) -> bool:
    """Say whether ``name`` fits the kernel, is one word of ipset's input, and does not look like an option."""
    return len(name.encode()) <= SET_NAME_BYTES and re.fullmatch(_SET_NAME, name) is not None


def is_chain_name(name: str) -> bool:
    """Say whether ``name`` fits the kernel, is one word of iptables' input, and nothing else to iptables."""
    fits = len(name.encode()) <= CHAIN_NAME_BYTES and re.fullmatch(_CHAIN_NAME, name)
    return bool(fits) and not re.fullmatch(_NO_CHAIN, name)


def unfinished_set(name: str) -> str:
    """Return the name under which a set is built before it takes the place of ``name``."""
    return f"{_UNFINISHED_SET}{digest(name, 16)}"


def is_unfinished_set(name: str) -> bool:
    """Say whether ``unfinished_set`` built ``name``: when no task is running, one that was killed left it."""
    return re.fullmatch(rf"{_UNFINISHED_SET}[0-9a-f]{{16}}", name) is not None


def set_name(value: Any) -> str:
    """Parse the name of an IP set: it must fit the kernel, be a word of ipset's input, and not look like an option."""
    name = text(value)
    if len(name.encode()) > SET_NAME_BYTES:
        raise ValueError(f"{shown(name)} has {len(name.encode())} bytes; the kernel takes at most {SET_NAME_BYTES}")
    if not is_set_name(name):
        raise ValueError(
            f"{shown(name)} is no name of a set; write letters, digits, '_', '.', ':', '-', starting with a letter, "
            "digit or '_'"
        )
    return name


def chain_name(value: Any) -> str:
    """Parse the name of a chain: it must fit the kernel, and iptables must not take it for something else."""
    name = text(value)
    if len(name.encode()) > CHAIN_NAME_BYTES:
        raise ValueError(f"{shown(name)} has {len(name.encode())} bytes; the kernel takes at most {CHAIN_NAME_BYTES}")
    if not is_chain_name(name):
        raise ValueError(
            f"{shown(name)} is no name of a chain; write letters, digits, '_', '.', '-', starting with a letter, digit "
            "or '_', and no target or built-in chain of iptables"
        )
    return name

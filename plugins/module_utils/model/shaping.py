# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a port may send and receive: policing columns of Interface, and rows of QoS and Queue (ovs-vswitchd.conf.db(5)).

Policing counts kilobits, QoS and Queue bits. Rates, bursts and priorities of the latter are keys of ``other_config``;
tasks, diffs and facts call them by options of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    EXTERNAL_IDS,
    MAP,
    Column,
    Kind,
    optional,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.units import (
    BIT,
    KILOBIT,
    amount,
    rate,
    shown_quantity,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Parser, integer, one_of

CLASSFUL = ("linux-htb", "linux-hfsc")  # the types that have queues, and rates of their own
TYPES = (*CLASSFUL, "linux-sfq", "linux-codel", "linux-fq_codel", "linux-netem", "linux-noop", "egress-policer")
DEFAULT_TYPE = "linux-htb"
QUEUES = 0xF000  # queues of linux-htb and linux-hfsc: 0 to 61439
DEFAULT_BURST = 8000  # kbit, what Open vSwitch takes for a burst of 0
PACKET = 12  # kbit, a packet of 1,500 bytes: a smaller burst lets none of that size pass

_UINT = 2**32 - 1
_MOST = 10**15  # bit/s: no link is faster, and 64 bits hold it
_POLICED = integer(0, _UINT)  # thousands of packets, and of packets a second

POLICING: Mapping[str, Column] = {
    "ingress_policing_rate": Column(Kind.SCALAR, rate(KILOBIT, _UINT)),
    "ingress_policing_burst": Column(Kind.SCALAR, amount(KILOBIT, _UINT)),
    "ingress_policing_kpkts_rate": Column(Kind.SCALAR, lambda value: 0 if value == "" else _POLICED(value)),
    "ingress_policing_kpkts_burst": Column(Kind.SCALAR, lambda value: 0 if value == "" else _POLICED(value)),
}
UNPOLICED: Columns = MappingProxyType(dict.fromkeys(POLICING, 0))
QOS: Mapping[str, Column] = {
    "type": Column(Kind.SCALAR, one_of((*TYPES, ""))),
    "other_config": MAP,
}
QUEUE: Mapping[str, Column] = {
    "dscp": optional(integer(0, 63)),  # RFC 2474
    "other_config": MAP,
    "external_ids": EXTERNAL_IDS,
}
# Options that are keys of other_config: {option: (key, parser)}
QOS_OPTIONS: Mapping[str, tuple[str, Parser[int]]] = {"max_rate": ("max-rate", rate(BIT, _MOST))}
QUEUE_OPTIONS: Mapping[str, tuple[str, Parser[int]]] = {
    "min_rate": ("min-rate", rate(BIT, _MOST)),
    "max_rate": ("max-rate", rate(BIT, _MOST)),
    "burst": ("burst", amount(BIT, _MOST)),
    "priority": ("priority", integer(0, 7)),  # the kernel's HTB has eight, and takes a higher number for the last
}
_OPTIONS = {"QoS": QOS_OPTIONS, "Queue": QUEUE_OPTIONS}


class Limits(NamedTuple):
    """What the user wants of one interface, as far as there is an opinion."""

    interface: str
    policing: Columns = MappingProxyType({})
    qos: Columns = MappingProxyType({})
    queues: Mapping[int, Columns] | None = None  # all of them, each with all that it has
    shaped: bool = True  # False: without any QoS
    present: bool = True  # False: neither policed nor shaped, and it need not be there


def configured(columns: Columns, key: str) -> int | None:
    """Return a number in ``other_config``, None where there is none or something else."""
    text = columns["other_config"].get(key)
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def in_words(table: str, columns: Columns) -> dict[str, Any]:
    """Return columns as the options that set them."""
    if table == "Interface":
        return {name: _policing_in_words(name, value) for name, value in columns.items()}
    words = dict(columns)
    config = dict(words.get("other_config", {}))
    for option, (key, dummy) in _OPTIONS.get(table, {}).items():
        number = configured(columns, key) if key in config else None
        if number is not None:
            del config[key]
            words[option] = number if option == "priority" else shown_quantity(number, BIT)
    if config:
        words["other_config"] = config
    elif words.get("other_config"):  # all of it is said by options
        del words["other_config"]
    return words


def _policing_in_words(name: str, value: Any) -> Any:
    return shown_quantity(value, KILOBIT) if name in ("ingress_policing_rate", "ingress_policing_burst") else value

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to what ports may send and receive: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import parse_columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import (
    PACKET,
    POLICING,
    QOS,
    QOS_OPTIONS,
    QUEUE,
    QUEUE_OPTIONS,
    QUEUES,
    UNPOLICED,
    Limits,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    integer,
    interface_name,
    known_keys,
    mapping,
)

_QUEUE_NUMBER = integer(0, QUEUES - 1)
_OPTIONS = ("type", "max_rate", "other_config", "queues", *POLICING)
LISTED = Listed("ports", "interface", "interface", "limit", _OPTIONS)


def parse_limits(params: Mapping[str, Any]) -> tuple[Limits, ...]:
    """Return what is wanted of each interface, or raise InvalidInput with all faults."""
    faults = Faults()
    parse_task(faults, params)
    limits = tuple(_limits(faults, path, given) for path, given in LISTED.items(faults, params))
    faults.raise_any()
    return limits


def _limits(faults: Faults, path: str, given: Mapping[str, Any]) -> Limits:
    interface = faults.parse(f"{path}interface", interface_name, given["interface"]) or ""
    if given.get("state") == "absent":
        return Limits(interface, UNPOLICED, shaped=False, present=False)
    qos = parse_columns(faults, path, QOS, given)
    _fold(faults, path, QOS_OPTIONS, given, qos)
    queues = None if given.get("queues") is None else _queues(faults, path, given["queues"])
    shaped = qos.get("type") != ""
    if not shaped:
        for option in ("max_rate", "other_config", "queues"):
            if given.get(option) not in (None, "", {}):
                faults.add(f"{path}{option}", "type '' removes the QoS that it belongs to; leave one of the two out")
        qos, queues = {}, None
    return Limits(interface, _policing(faults, path, given), qos, queues, shaped)


def _policing(faults: Faults, path: str, given: Mapping[str, Any]) -> Columns:
    policing = parse_columns(faults, path, POLICING, given)
    for what, least in (("ingress_policing_", PACKET), ("ingress_policing_kpkts_", 1)):
        rate, burst = policing.get(f"{what}rate"), policing.get(f"{what}burst")
        if rate is not None and burst is None and given.get(f"{what}burst") is None:
            # 80 % is what ovs-vswitchd.conf.db(5) advises for TCP
            policing[f"{what}burst"] = max(-(-rate * 8 // 10), least) if rate else 0
    return policing


def _fold(
    faults: Faults,
    path: str,
    options: Mapping[str, tuple[str, Parser[int]]],
    given: Mapping[str, Any],
    columns: dict[str, Any],
) -> None:
    """Put options into ``other_config``, where Open vSwitch keeps them; an empty one removes its key."""
    config: dict[str, Any] = dict(columns.get("other_config", {}))
    for option, (key, parser) in options.items():
        if key in config:
            faults.add(f"{path}other_config", f"{key} has an option of its own; write {option}")
        value = given.get(option)
        if value is not None:
            number = None if value == "" else faults.parse(f"{path}{option}", parser, value)
            config[key] = str(number) if number or (option == "priority" and number == 0) else None
    if config or "other_config" in columns:
        columns["other_config"] = config


def _queues(faults: Faults, path: str, given: Any) -> Mapping[int, Columns]:
    queues = {}
    for name, options in (faults.parse(f"{path}queues", mapping, given) or {}).items():
        here = f"{path}queues[{name}]"
        number = faults.parse(here, _QUEUE_NUMBER, name)
        options = faults.parse(here, mapping, options)
        if number is None or options is None:
            continue
        known_keys(faults, here, options, [*QUEUE_OPTIONS, *QUEUE])
        columns = {"dscp": None, "other_config": {}, **parse_columns(faults, f"{here}.", QUEUE, options)}
        _fold(faults, f"{here}.", QUEUE_OPTIONS, options, columns)
        queues[number] = columns
    return queues

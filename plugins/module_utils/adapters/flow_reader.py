# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From flows as people write them to the form in which the switch keeps them, by Open vSwitch's own parser.

``ovs-ofctl parse-flows`` turns a text into the message for the switch and prints what the switch will read in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import parsed
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

_FAULT = re.compile(r"ovs-ofctl: -:(\d+): (.*)")
_MOST_FAULTS = 20


def read_flows(ofctl: OfCtl, flows: Sequence[str], known: frozenset[str]) -> frozenset[str]:
    """Return the flows in normal form, those among ``known`` as they are; InvalidInput with the faults of others."""
    unread = {index: flow for index, flow in enumerate(flows) if flow not in known}
    if not unread:
        return frozenset(flows)
    normal = _normal(ofctl, unread)
    return frozenset([*(flow for flow in flows if flow in known), *normal.values()])


def _normal(ofctl: OfCtl, flows: dict[int, str]) -> dict[int, str]:
    faults = Faults()
    waiting = dict(flows)
    for dummy in range(_MOST_FAULTS):
        done = ofctl.offline("parse-flows", "-", stdin="\n".join([*waiting.values(), ""]))
        if not done.returncode:
            break
        fault = _FAULT.search(done.stderr)
        if not fault:
            faults.add("flows", done.stderr.strip())
            break
        index = list(waiting)[int(fault[1]) - 1]
        faults.add(path_of("flows", index), fault[2])
        del waiting[index]
    faults.raise_any()
    lines = [line for line in done.stdout.split("\n") if "_FLOW_MOD " in line]
    return {index: parsed(line) or "" for index, line in zip(waiting, lines)}

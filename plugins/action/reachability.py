# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the measurements, draw the matrix, and fail if a pair is not as the intent wants it."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.groups_table import groups_table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.matrix import Style, in_words, render, summary
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import Cell, Verdict, judge
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_chosen import parse_asked
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_judged import judge_ways, outsiders, unseen
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import parse_measurement

ARGUMENTS = {
    "endpoints": {"type": "list", "elements": "dict", "required": True},
    "measurements": {"type": "dict", "required": True},
    "permitted": {"type": "dict", "default": {}},
    "ways": {"type": "list", "elements": "dict", "default": []},
    "replies": {"type": "dict", "default": {}},
    "heading": {"type": "str", "default": ""},
    "unicode": {"type": "bool"},
}
CELLS_RETURNED = 20
WORDS_IN_MESSAGE = 5

display = Display()


class ActionModule(ActionBase):
    """The action of tenantry.sdn.reachability."""

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(ARGUMENTS)
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "msg": "Nothing is sent in check mode: nothing to judge."}
        try:
            endpoints = parse_endpoints(arguments["endpoints"])
        except InvalidInput as error:
            raise AnsibleActionFail(error.message) from None
        taken = arguments["measurements"].items()
        measured = {name: parse_measurement(value) for name, value in taken if value}
        verdict = judge(endpoints, measured, arguments["permitted"])
        heading = f"Expected against measured: {arguments['heading']}".rstrip(": ")
        style = _style(arguments["unicode"])
        groups = list(groups_table(endpoints, verdict, arguments["permitted"], style))
        asked = list(parse_asked(arguments["ways"]))
        busy = {name: measurement.busy for name, measurement in measured.items()}
        cells = (*verdict.cells, *judge_ways(asked, arguments["replies"], busy))
        verdict = replace(verdict, cells=cells, unseen=unseen(asked, arguments["replies"]))
        display.display(render([*endpoints, *outsiders(asked)], verdict, heading, style, groups))
        return _result(verdict)


def _style(unicode: bool | None) -> Style:
    if unicode is None:
        unicode = locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"
    return Style(colour=ANSIBLE_COLOR, unicode=unicode)


def _result(verdict: Verdict) -> dict[str, Any]:
    result = {
        "changed": False,
        "counts": verdict.counts(),
        "wrong": [_wrong_cell(cell) for cell in verdict.wrong[:CELLS_RETURNED]],
        "ailments": dict(verdict.ailments),
        "unseen": dict(verdict.unseen),
    }
    if not (verdict.wrong or verdict.ailments):
        return {**result, "msg": summary(verdict)}
    lines = [f"The network is not as the intent wants it. {summary(verdict)}", *in_words(verdict, WORDS_IN_MESSAGE)]
    return {**result, "failed": True, "msg": "\n- ".join(lines)}


def _wrong_cell(cell: Cell) -> dict[str, Any]:
    why = [fault.words for fault in cell.faults]
    return {"sender": cell.sender, "receiver": cell.receiver, "state": cell.state, "why": why}

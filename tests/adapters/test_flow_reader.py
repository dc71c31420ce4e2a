# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of ovs-ofctl's answers that none of today's texts gets from today's Open vSwitch."""

from __future__ import annotations

import subprocess

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_reader import read_flows
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

FLOW = "cookie=0x5,ip,actions=drop"
READ = "OFPT_FLOW_MOD (OF1.5) (xid=0x1): ADD ip cookie:0x5 actions=drop\n"


class Answers:
    """Stands for ovs-ofctl, and always says the same."""

    protocol = "OpenFlow15"

    def __init__(self, stdout: str = "", stderr: str = "", code: int = 0) -> None:
        self._answer = subprocess.CompletedProcess([], code, stdout, stderr)

    def offline(self, command: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self._answer


def read(answers: Answers) -> dict[int, str]:
    faults = Faults()
    normal = read_flows(answers, faults, {3: FLOW})
    faults.raise_any()
    return normal


def test_a_flow_is_read() -> None:
    assert read(Answers(READ)) == {3: FLOW}


def test_a_change_of_the_match_that_was_not_found_is_refused_all_the_same() -> None:
    notes = (
        "2026-11-26T04:07:07Z|00001|ofp_match|INFO|normalization changed ofp_match, details:\n"
        "2026-11-26T04:07:07Z|00002|ofp_match|INFO| pre: new_field=1\n"
        "2026-11-26T04:07:07Z|00003|ofp_match|INFO|post: ip\n"
    )
    with pytest.raises(InvalidInput) as refused:
        read(Answers(READ, notes))
    assert refused.value.message == ("flows: the match new_field=1 would become ip; write what its fields need")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (Answers("FLOW MOD: ip drop\n"), "ovs-ofctl read 0 of 1 flows, and says: nothing of it"),
        (Answers(READ + READ), "ovs-ofctl read 2 of 1 flows, and says: nothing of it"),
    ],
)
def test_an_answer_in_other_words_is_no_flow(answers: Answers, message: str) -> None:
    with pytest.raises(BackendError) as refused:
        read(answers)
    assert refused.value.message == message


def test_a_failure_that_names_no_line() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(Answers(stderr="ovs-ofctl: out of memory\n", code=1))
    assert refused.value.message == (
        "flows[3]: Open vSwitch says: out of memory; write it as in ovs-fields(7) and ovs-actions(7)"
    )

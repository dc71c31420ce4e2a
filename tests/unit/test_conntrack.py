# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a datapath's features stand against flows; the lines are those of Debian's kernel for user mode."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.model.conntrack import lacking, uses_conntrack

FEATURES = "Recirc: Yes\nCT state: Yes\nCT zone: No\nCT mark: Yes\nCT orig tuple: Yes\nCT orig tuple for IPv6: No\n"
ZONE = "tcp,actions=ct(table=50,zone=NXM_NX_REG0[16..31])"
TUPLE = "ct_state=-inv+trk,ct_nw_src=10.1.1.1,ip,actions=drop"
TUPLE_V6 = "ct_state=-inv+trk,ct_ipv6_src=fd00::1,ipv6,actions=drop"


def test_only_what_flows_use_is_missed() -> None:
    assert list(lacking([ZONE, TUPLE], FEATURES)) == ["CT zone: No"]
    assert list(lacking([TUPLE_V6], FEATURES)) == ["CT orig tuple for IPv6: No"]
    assert list(lacking([TUPLE, "ip,actions=NORMAL"], FEATURES)) == []
    assert list(lacking([ZONE], "")) == [], "a version that does not say is not refused"


def test_flows_that_track_nothing_are_not_asked_about() -> None:
    assert not uses_conntrack(["ip,actions=NORMAL", "tcp,tp_dst=80,actions=drop"])
    assert uses_conntrack([ZONE])
    assert uses_conntrack([TUPLE])

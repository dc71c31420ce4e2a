# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes two tunnels the same to Open vSwitch, however their rows are spelled."""

from __future__ import annotations

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import identity

Options = dict[str, str]


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("gre", {"remote_ip": "10.0.0.2"}, {"remote_ip": "10.0.0.2", "key": "0"}),
        ("gre", {"remote_ip": "10.0.0.2", "key": "16"}, {"remote_ip": "10.0.0.2", "in_key": "0x10", "out_key": "5"}),
        ("gre", {"remote_ip": "fd00::2"}, {"remote_ip": "FD00:0:0::2"}),
        ("gre", {"remote_ip": "10.0.0.2"}, {"remote_ip": "::ffff:10.0.0.2"}),
        ("vxlan", {"remote_ip": "10.0.0.2"}, {"remote_ip": "10.0.0.2", "dst_port": "4789"}),
        ("geneve", {"remote_ip": "10.0.0.2", "csum": "true"}, {"remote_ip": "10.0.0.2", "dst_port": "6081"}),
    ],
)
def test_the_same(kind: str, one: Options, other: Options) -> None:
    assert identity({"type": kind, "options": one}) == identity({"type": kind, "options": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("gre", {"remote_ip": "10.0.0.2"}), ("vxlan", {"remote_ip": "10.0.0.2"})),
        (("gre", {"remote_ip": "10.0.0.2"}), ("gre", {"remote_ip": "10.0.0.3"})),
        (("gre", {"remote_ip": "10.0.0.2", "key": "1"}), ("gre", {"remote_ip": "10.0.0.2", "key": "2"})),
        (("gre", {"remote_ip": "10.0.0.2", "key": "flow"}), ("gre", {"remote_ip": "10.0.0.2"})),
        (("gre", {"remote_ip": "10.0.0.2", "local_ip": "10.0.0.1"}), ("gre", {"remote_ip": "10.0.0.2"})),
        (("vxlan", {"remote_ip": "10.0.0.2", "dst_port": "4790"}), ("vxlan", {"remote_ip": "10.0.0.2"})),
    ],
)
def test_not_the_same(one: tuple[str, Options], other: tuple[str, Options]) -> None:
    assert identity({"type": one[0], "options": one[1]}) != identity({"type": other[0], "options": other[1]})

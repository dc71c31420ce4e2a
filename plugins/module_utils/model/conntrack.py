# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which features of a datapath flows ask for that judge connections.

Open vSwitch takes some of these flows without them, and then drops what they are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_FEATURES = {  # as dpif/show-dp-features calls them, and what in a flow needs them (ovs-actions(7), ovs-fields(7))
    "CT state": ("ct_state=", "ct("),
    "CT zone": ("ct_zone=", "zone="),
    "CT orig tuple": ("ct_nw_src=", "ct_nw_dst=", "ct_nw_proto=", "ct_tp_src=", "ct_tp_dst="),
    "CT orig tuple for IPv6": ("ct_ipv6_src=", "ct_ipv6_dst="),
}


def uses_conntrack(flows: Iterable[str]) -> bool:
    return any("ct_" in flow or "ct(" in flow for flow in flows)


def lacking(flows: Iterable[str], features: str) -> Iterator[str]:
    """Yield the lines of features that flows need and the datapath has not."""
    text = "\n".join(flows)
    lines = set(features.splitlines())
    for name, words in _FEATURES.items():
        if f"{name}: No" in lines and any(word in text for word in words):
            yield f"{name}: No"

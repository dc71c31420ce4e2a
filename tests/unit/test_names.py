# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names fit the kernel, are recognised, never depend on the machine, and do not meet."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.names import (
    INTERFACE_NAME_BYTES,
    digest,
    is_tunnel_name,
    tunnel_name,
)

KINDS = ["gre", "vxlan", "geneve"]


@given(st.sampled_from(KINDS), st.lists(st.text() | st.integers() | st.none(), max_size=5))
def test_a_tunnel_name_fits_the_kernel_and_is_recognised(kind: str, identity: list[object]) -> None:
    name = tunnel_name(kind, *identity)
    assert len(name.encode()) == INTERFACE_NAME_BYTES
    assert is_tunnel_name(name)
    assert name == tunnel_name(kind, *identity)


def test_a_tunnel_name_is_the_same_on_every_machine_and_for_ever() -> None:
    assert tunnel_name("gre", "web", "192.168.1.151", "192.168.1.152", "5001", None) == "gr-27e04614147f"
    assert digest("x", 8) == "2d711642"


def test_a_hundred_thousand_tunnels_have_as_many_names() -> None:
    identities = product(
        ("acme.web", "acme.db"), ("10.0.0.1", None), (f"10.{n // 250}.{n % 250}.9" for n in range(12500))
    )
    names = {tunnel_name(kind, *identity) for identity in identities for kind in ("gre", "vxlan")}
    assert len(names) == 100_000


@pytest.mark.parametrize(
    "changed",
    [
        ("db", "10.0.0.1", "10.0.0.2", "7", None),
        ("web", None, "10.0.0.2", "7", None),
        ("web", "10.0.0.1", "10.0.0.3", "7", None),
        ("web", "10.0.0.1", "10.0.0.2", "8", None),
        ("web", "10.0.0.1", "10.0.0.2", "7", "4790"),
    ],
)
def test_a_tunnel_that_differs_in_anything_that_tells_it_apart_has_another_name(changed: tuple[object, ...]) -> None:
    assert tunnel_name("gre", *changed) != tunnel_name("gre", "web", "10.0.0.1", "10.0.0.2", "7", None)


@pytest.mark.parametrize(
    "name", ["gr-6f6c5e7f0a9", "gr-6f6c5e7f0a9f0", "gr-6F6C5E7F0A9F", "gre1", "eth0", "xx-6f6c5e7f0a9f"]
)
def test_other_names_are_not_taken_for_tunnels(name: str) -> None:
    assert not is_tunnel_name(name)

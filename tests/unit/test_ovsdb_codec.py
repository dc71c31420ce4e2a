# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OVSDB values survive the way to the wire and back, by every kind of column."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import DECODE, encode, references
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Kind

SCALARS = st.text() | st.integers(-(2**31), 2**31) | st.booleans()
VALUES = {
    Kind.SCALAR: SCALARS,
    Kind.OPTIONAL: st.none() | SCALARS,
    Kind.SET: st.frozensets(st.text()) | st.frozensets(st.integers(0, 4095)),
    Kind.MAP: st.dictionaries(st.text(), st.text()),
}


@pytest.mark.parametrize("kind", Kind)
@given(data=st.data())
def test_decode_undoes_encode(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    assert DECODE[kind](json.loads(json.dumps(encode(value)))) == value


@pytest.mark.parametrize(
    ("kind", "wire", "value"),
    [  # RFC 7047, 5.1: a set of one may be written as the value alone
        (Kind.SET, 7, frozenset({7})),
        (Kind.SET, ["set", [7, 8]], frozenset({7, 8})),
        (Kind.SET, ["set", []], frozenset()),
        (Kind.OPTIONAL, ["set", []], None),
        (Kind.OPTIONAL, ["set", ["secure"]], "secure"),
        (Kind.OPTIONAL, "secure", "secure"),
        (Kind.SCALAR, "", ""),
        (Kind.MAP, ["map", [["a", "b=c:d"]]], {"a": "b=c:d"}),
    ],
)
def test_every_spelling_of_the_wire_is_read(kind: Kind, wire: Any, value: Any) -> None:
    assert DECODE[kind](wire) == value


def test_encoding_does_not_depend_on_the_order_of_sets_and_maps() -> None:
    assert json.dumps(encode({"b": "1", "a": "2"})) == json.dumps(encode({"a": "2", "b": "1"}))
    assert encode(frozenset({30, 4, 20})) == ["set", [4, 20, 30]]


@pytest.mark.parametrize(
    ("wire", "uuids"),
    [(["uuid", "a"], ["a"]), (["set", []], []), (["set", [["uuid", "a"], ["uuid", "b"]]], ["a", "b"])],
)
def test_references_are_read_alone_or_in_a_set(wire: Any, uuids: list[str]) -> None:
    assert references(wire) == uuids

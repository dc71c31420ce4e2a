# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates and amounts: what people write, what Open vSwitch stores, and what is too unclear to be either."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.model.units import (
    BIT,
    KILOBIT,
    amount,
    rate,
    shown_quantity,
)

MOST = 10**15
SCALES = st.sampled_from([BIT, KILOBIT])
NUMBERS = st.integers(0, 10**12)


@given(NUMBERS, SCALES)
def test_what_is_shown_is_parsed_as_what_it_was(number: int, scale: int) -> None:
    text = shown_quantity(number, scale)
    assert rate(scale, MOST)(text) == amount(scale, MOST)(text) == number


@given(NUMBERS, SCALES)
def test_what_is_shown_is_short(number: int, scale: int) -> None:
    digits = shown_quantity(number, scale).rstrip("kMGTbit")
    assert number == 0 or not digits.endswith("000") or len(str(number * scale)) > 15


@given(NUMBERS, SCALES)
def test_a_number_is_in_the_unit_of_the_column(number: int, scale: int) -> None:
    assert rate(scale, MOST)(number) == rate(scale, MOST)(str(number)) == number


@given(st.integers(0, 10**6), st.sampled_from(["k", "K", "M", "m", "G", "g"]), st.sampled_from(["", " "]))
def test_spaces_and_case_of_prefixes_do_not_matter(number: int, prefix: str, space: str) -> None:
    assert rate(BIT, 10**16)(f"{number}{space}{prefix}bit/s") == rate(BIT, 10**16)(f"{number}{prefix.lower()}bit")


@given(st.text(max_size=12))
def test_any_other_text_is_refused_and_never_guessed(text: str) -> None:
    if text == "" or text[0] in "0123456789":
        return
    with pytest.raises(ValueError, match="; write"):
        rate(KILOBIT, MOST)(text)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("100Mbit", 100_000_000),
        ("100Mbit/s", 100_000_000),
        ("1.5Gbit", 1_500_000_000),
        ("10kbit", 10_000),
        ("8bit", 8),
        ("1Kibit", 1024),
        ("2MiB/s", 16 * 1024 * 1024),
        ("5MB/s", 40_000_000),
        ("0", 0),
        ("", 0),
    ],
)
def test_rates(text: str, bits: int) -> None:
    assert rate(BIT, MOST)(text) == bits


@pytest.mark.parametrize(("text", "kilobits"), [("80Mbit", 80_000), ("1MB", 8_000), ("512kB", 4096), ("125B", 1)])
def test_amounts(text: str, kilobits: int) -> None:
    assert amount(KILOBIT, MOST)(text) == kilobits


@pytest.mark.parametrize(
    "wrong", [None, True, 1.5, [], "-1", "01", "1,5Mbit", "1e6", "Mbit", "1 M bit", "\uff11Mbit", "1Mbit\n"]
)
def test_what_is_no_rate(wrong: Any) -> None:
    with pytest.raises(ValueError, match="; write"):
        rate(BIT, MOST)(wrong)

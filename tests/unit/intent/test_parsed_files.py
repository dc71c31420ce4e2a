# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of an intent's files that are kept beside a plan are those that the files have, or they are read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import IntentFiles, read_intent
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.parsed_files import (
    PARSED_FILE,
    keep_parsed,
    read_parsed,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput

TENANTS = {
    "plain": "tenants: {plain: {a: [yes, 1, 1.5, null, ~, 10.1.1.20, 0x1F, é], b: &b {c: 1}, d: *b}}",
    "dated": "tenants: {dated: {since: 2026-11-27}}",
    "keyed": "tenants: {keyed: {1: one}}",
    "not-a-number": "tenants: {not-a-number: .nan}",
    "binary": "tenants: {binary: !!binary aGk=}",
    "a-set": "tenants: {a-set: !!set {a, b}}",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "tenants").mkdir()
    (tmp_path / "fabric.yml").write_text("fabric: {name: dc1}\n")
    for name, text in TENANTS.items():
        (tmp_path / f"tenants/{name}.yml").write_text(text)
    return tmp_path


def read(directory: Path, known: Mapping[str, Any] | None = None) -> IntentFiles:
    return read_intent(str(directory), f"{directory}/allocations.yml", known=known)


def kept(directory: Path, files: IntentFiles, known: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    keep_parsed(str(directory), "code", files.documents.values(), known or {})
    return read_parsed(str(directory), "code")


def test_values_that_json_gives_back_are_kept_and_no_others(directory: Path) -> None:
    files = read(directory)
    known = kept(directory, files)
    assert [list(value.values()) for value in known.values() if "tenants" in value] == [
        [{"plain": files.raw["tenants"]["plain"]}]
    ]
    assert len(known) == 2
    again = read(directory, known)
    assert repr(again.raw) == repr(files.raw)  # types too, and the order of keys
    assert again.digest == files.digest
    assert again.origin("tenants.plain.a") == "tenants/plain.yml:1"
    file = directory / PARSED_FILE
    before = file.stat().st_mtime_ns
    assert kept(directory, again, known) == known
    assert file.stat().st_mtime_ns == before


def test_a_known_text_is_not_read_as_yaml_and_a_changed_one_is(directory: Path) -> None:
    known = kept(directory, read(directory))
    (digest,) = (digest for digest, value in known.items() if "tenants" in value)
    assert read(directory, {**known, digest: {"tenants": {"plain": "kept"}}}).raw["tenants"]["plain"] == "kept"
    (directory / "tenants/plain.yml").write_text("tenants: {plain: {b: 1, b: 2}}")
    with pytest.raises(InvalidInput, match="written twice"):
        read(directory, known)


def test_what_is_torn_or_of_other_code_is_not_used(directory: Path) -> None:
    known = kept(directory, read(directory))
    file = directory / PARSED_FILE
    assert known
    assert read_parsed(str(directory), "other code") == {}
    assert json.loads(file.read_text())["values"] == known
    for text in (file.read_text()[:-20], "[]", "{}", '{"code": "code", "values": 1}'):
        file.write_text(text)
        assert read_parsed(str(directory), "code") == {}
    keep_parsed(str(directory), "code", (), {})  # as of an intent with secrets
    assert not file.exists()
    keep_parsed(str(directory), "code", (), {})

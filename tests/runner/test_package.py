# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the tarball, and that it works where there is no checkout."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from commands import REPOSITORY, Ansible

DOCUMENTED = {
    "module": "plugins/modules",
    "filter": "plugins/filter",
    "connection": "plugins/connection",
    "role": "roles",
}


@pytest.fixture
def sdn(collections: Path) -> Path:
    return collections / "ansible_collections/tenantry/sdn"


def test_the_tarball_has_what_git_has_and_nothing_else(sdn: Path) -> None:
    command = ["git", "-C", REPOSITORY, "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()
    checkout = {name for name in listed if (REPOSITORY / name).is_file()}
    shipped = {str(path.relative_to(sdn)) for path in sdn.rglob("*") if path.is_file()}
    assert shipped - {"MANIFEST.json", "FILES.json"} == checkout - {"galaxy.yml", ".gitignore"}


def test_an_installation_needs_no_other_collection(sdn: Path) -> None:
    manifest = json.loads((sdn / "MANIFEST.json").read_text())["collection_info"]
    assert manifest["dependencies"] == {}
    assert manifest["license"] == ["GPL-3.0-or-later"]


@pytest.mark.parametrize(("kind", "folder"), DOCUMENTED.items())
def test_ansible_doc_lists_all_that_the_checkout_has(collections: Path, tmp_path: Path, kind: str, folder: str) -> None:
    printed = Ansible(tmp_path, collections).run("ansible-doc", "--list", "--json", "--type", kind, "tenantry.sdn")
    expected = {f"tenantry.sdn.{path.stem}" for path in (REPOSITORY / folder).glob("[a-z]*")}
    assert expected
    assert set(json.loads(printed)) == expected

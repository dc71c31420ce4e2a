# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools that collections are accepted by take this one without a remark: ansible-builder, galaxy-importer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache/ship/bin"
IMPORTER = "[galaxy-importer]\nRUN_ANSIBLE_LINT = False\n"  # scripts/test lint does


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a command and return all that it printed."""
    environment = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_an_execution_environment_can_be_built_from_what_builder_makes(tmp_path: Path) -> None:
    context = tmp_path / "context"
    build = ["--output-filename", "Containerfile", "-f", ROOT / "execution-environment.yml", "-c", context]
    run(TOOLS / "ansible-builder", "create", *build, folder=tmp_path)
    assert "fedora" in (context / "Containerfile").read_text()
    (collection,) = yaml.safe_load((context / "_build/requirements.yml").read_text())["collections"]
    assert collection["type"] == "git"


def test_builder_finds_what_the_collection_needs(tmp_path: Path) -> None:
    farm = tmp_path / "ansible_collections/tenantry"
    farm.mkdir(parents=True)
    (farm / "sdn").symlink_to(ROOT)
    printed = run(TOOLS / "ansible-builder", "introspect", "--sanitize", tmp_path, folder=tmp_path)
    found = yaml.safe_load(printed)
    needed = {kind: [line.partition("  # ")[0] for line in lines] for kind, lines in found.items()}
    assert needed == {
        "python": ["netaddr >= 1.3", "jmespath >= 1.0"],
        "system": [
            "git [platform:rpm platform:dpkg]",
            "openssh-clients [platform:rpm]",
            "openssh-client [platform:dpkg]",
        ],
    }


def test_the_importer_of_galaxy_has_no_remark(tmp_path: Path) -> None:
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    run(galaxy, "collection", "build", ROOT, "--output-path", tmp_path, folder=tmp_path)
    (tarball,) = tmp_path.glob("tenantry-sdn-*.tar.gz")
    (tmp_path / "importer.cfg").write_text(IMPORTER)
    config = {"GALAXY_IMPORTER_CONFIG": str(tmp_path / "importer.cfg"), "ANSIBLE_HOME": str(tmp_path / "ansible")}
    printed = run(TOOLS / "python", "-m", "galaxy_importer.main", tarball.name, folder=tmp_path, **config)
    assert "Importer processing completed successfully" in printed
    assert [line for line in printed.splitlines() if line.startswith(("WARNING", "ERROR"))] == []

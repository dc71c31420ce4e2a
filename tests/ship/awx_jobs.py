# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with the shipped project and the shipped data: fetch, fill the inventory, launch job templates.

By the same programs, with the same arguments and the same files; ansible-runner is AWX's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import yaml
from awx_data import AWX, BIN, ROOT
from playbook_run import Run, start

CONTAINER = "/runner"  # where AWX has the private data directory of a job
VOLUME = "/var/lib/tenantry/plan"  # awx_plan_dir


class Unsafe(yaml.SafeDumper):
    """Marks each text, as AWX does what no administrator wrote, so that Ansible does not take it for a template."""


Unsafe.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


class Awx:
    """A project that AWX has fetched, with its collections, and the inventory that it was filled from."""

    def __init__(self, folder: Path, data: Mapping[str, Any]) -> None:
        self.folder, self.data, self.jobs = folder, data, 0
        self.project, self.volume = folder / "project", folder / "plan"
        self.collections, self.home = folder / "requirements_collections", folder / "own/home"
        path = f"{BIN}:{os.environ['PATH']}"
        mine = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        settings = {"PATH": path, "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(self.home)}
        self.home.mkdir(parents=True)
        self.environment = {**mine, **settings, "ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        self._fetch()
        self.inventory = self._filled()

    def run(self, *command: str | Path, **variables: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.project,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self) -> None:
        who = ("-c", "user.name=ops", "-c", "user.email=ops@example.net")
        self.run("git", "add", "--all")
        self.run("git", *who, "commit", "--quiet", "--message=change")

    def _fetch(self) -> None:
        """Have the project and the collections of its requirements; the address of ours leads to this checkout."""
        shutil.copytree(AWX / "project", self.project)
        self.run("git", "init", "--quiet", "--initial-branch=main")
        self.commit()
        requirements = self.project / "collections/requirements.yml"
        (wanted,) = yaml.safe_load(requirements.read_text())["collections"]
        ours = (f"--git-dir={self.folder}/sdn.git", f"--work-tree={ROOT}")
        self.run("git", "init", "--quiet", "--bare", f"--initial-branch={wanted['version']}", self.folder / "sdn.git")
        self.run("git", *ours, "add", "--all", ROOT)
        self.run(
            "git", *ours, "-c", "user.name=ops", "-c", "user.email=ops@example.net", "commit", "--quiet", "-m", "now"
        )
        redirected = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_VALUE_0": wanted["name"]}
        redirected["GIT_CONFIG_KEY_0"] = f"url.file://{self.folder}/sdn.git.insteadOf"
        install = ("ansible-galaxy", "collection", "install", "-r", requirements, "-p", self.collections)
        self.run(*install, **redirected)

    def _filled(self) -> dict[str, Any]:
        """Return what the inventory source finds, as the script that AWX writes for a job has it."""
        source = self.project / self.data["awx_inventory_source"]["source_path"]
        found: dict[str, Any] = json.loads(self.run("ansible-inventory", "-i", source, "--list", "--export"))
        return {**found, "_meta": {"hostvars": found["_meta"]["hostvars"]}}

    def reach(self, inventory: Path) -> None:
        """Have the variables by which the hosts of a twin are reached, in the place of credentials."""
        children = json.loads(inventory.read_text())["all"]["children"]
        for name in ("hypervisors", "endpoints"):
            self.inventory[name]["vars"] = children[name]["vars"]
            for host, variables in children[name]["hosts"].items():
                self.inventory["_meta"]["hostvars"][host] |= variables

    def template(self, name: str) -> Mapping[str, Any]:
        (found,) = [each for each in self.data["awx_job_templates"] if each["name"].endswith(f": {name}")]
        return found

    def prepare(self, name: str, survey: Mapping[str, Any] | None = None, *hosts: str) -> Job:
        """Write what a job gets: answers to the survey of its template, and of a slice its hypervisors alone."""
        self.jobs += 1
        folder = self.folder / f"job-{self.jobs}"
        for part in ("env", "inventory"):
            (folder / part).mkdir(parents=True)
        self.run("git", "clone", "--quiet", self.project, folder / "project")
        self._write_inventory(folder / "inventory/hosts", hosts)
        template = self.template(name)
        (folder / "env/extravars").write_text(self._extra_vars(template, folder, survey or {}))
        own = {"PATH", "LC_ALL", "ANSIBLE_HOME", "ANSIBLE_COLLECTIONS_PATH"}
        variables = {key: value for key, value in self.environment.items() if key in own}
        (folder / "env/envvars").write_text(json.dumps({**variables, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True"}))
        return Job(folder, template)

    def launch(self, name: str, survey: Mapping[str, Any] | None = None) -> Ended:
        return self.prepare(name, survey).run()

    def _extra_vars(self, template: Mapping[str, Any], folder: Path, survey: Mapping[str, Any]) -> str:
        """Return what AWX writes: variables of the template, of the job, and answers."""
        own = {name: value for name, value in template.get("extra_vars", {}).items() if name not in survey}
        trusted = yaml.safe_dump(own).replace(CONTAINER, str(folder)).replace(VOLUME, str(self.volume))
        told = {"awx_job_id": self.jobs, "awx_job_template_name": template["name"], "awx_user_name": "ops"}
        return (trusted if own else "") + yaml.dump({**told, **survey}, Dumper=Unsafe)

    def _write_inventory(self, path: Path, hosts: Collection[str]) -> None:
        hypervisors = self.inventory["hypervisors"]
        slice_of = {**hypervisors, "hosts": [name for name in hypervisors["hosts"] if not hosts or name in hosts]}
        text = json.dumps({**self.inventory, "hypervisors": slice_of})
        path.write_text(f"#!/usr/bin/env python3\nprint({text!r})\n")
        path.chmod(0o700)


@dataclass(frozen=True)
class Job:
    """A job that was not run yet: its private data directory, and the template."""

    folder: Path
    template: Mapping[str, Any]

    @property
    def arguments(self) -> list[str]:
        said = {"--check": self.template.get("job_type") == "check", "--diff": self.template.get("diff_mode")}
        said["--become"] = self.template.get("become_enabled")
        return [name for name, value in said.items() if value]

    def run(self) -> Ended:
        options = {"playbook": self.template["playbook"], "cmdline": " ".join(self.arguments)}
        runner = ansible_runner.run(private_data_dir=str(self.folder), ident="job", quiet=True, **options)
        return Ended(self.folder, runner.status)

    def run_warm(self, home: Path) -> Run:
        """Run what ansible-runner would, with its files, for a third of the time."""
        playbook = self.folder / "project" / self.template["playbook"]
        variables = f"-e@{self.folder}/env/extravars"
        return start(self.folder / "inventory/hosts", home, variables, *self.arguments, str(playbook))


class Ended:
    """A job that has ended, with what ansible-runner left of it."""

    def __init__(self, folder: Path, status: str) -> None:
        self.folder, self.status = folder, status
        self.screen = (folder / "artifacts/job/stdout").read_text()
        self.events = [json.loads(file.read_text()) for file in (folder / "artifacts/job/job_events").glob("*.json")]

    def _data(self, event: str) -> list[dict[str, Any]]:
        return [each["event_data"] for each in self.events if each["event"] == event]

    @property
    def changed(self) -> set[str]:
        """The hosts that something was changed on."""
        return {host for stats in self._data("playbook_on_stats") for host in stats["changed"]}

    @property
    def faults(self) -> list[str]:
        return [data["res"]["msg"] for data in self._data("runner_on_failed")]

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fabrics for the tests: each module has a twin of its own, and none is left behind."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from lifecycle_fabric import HOSTS, Fabric, hypervisor
from twin_lab import TwinLab

NUMBERS = count(1)
TWINS = Path("/run/tenantry/twin")
NAME = re.compile(r"life-(\d+)-\d+")
LONGEST = (
    "security_groups",
    "routers",
    "vpn",
    "growth",
    "restart",
    "load_balancers",
    "moves",
    "slices",
    "pods",
    "prediction",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, or in the end one worker is at it while the others have nothing to do."""
    turns = {f"test_{name}": turn for turn, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turns.get(item.path.stem, len(turns)))


@pytest.fixture(scope="session", autouse=True)
def _no_twin_of_a_dead_run() -> None:
    """Take down the twins of runs that were killed."""
    for folder in TWINS.glob("life-*"):
        match = NAME.fullmatch(folder.name)
        if match and not Path("/proc", match[1]).exists():
            TwinLab(folder.name).down()


@pytest.fixture(scope="module")
def new_fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Fabric]]:
    """Makes fabrics of tenants, with a twin that is built but not converged; takes the twins down at the end."""
    twins = []

    def make(
        tenants: dict[str, Any],
        hypervisors: Iterable[str] = tuple(HOSTS),
        wires: Iterable[str] = (),
        pods: Mapping[str, str] = MappingProxyType({}),
        **more: Any,
    ) -> Fabric:
        twins.append(TwinLab(f"life-{os.getpid()}-{next(NUMBERS)}"))
        vteps = hypervisors if isinstance(hypervisors, Mapping) else {name: HOSTS[name] for name in hypervisors}
        described = {name: hypervisor(vtep, *wires) for name, vtep in vteps.items()}
        for name, pod in pods.items():
            described[name]["pod"] = pod
        fabric = Fabric(tmp_path_factory.mktemp("fabric"), twins[-1], tenants, described, **more)
        fabric.build()
        return fabric

    yield make
    for twin in twins:
        twin.down()
    assert [twin.leftovers() for twin in twins] == [[] for dummy in twins]

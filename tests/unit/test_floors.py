# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom: each floor of the house stands on those above it in FLOORS, and on nothing else.

What a module imports is also what Ansible packs and sends to every host, so a wrong import costs each task.
"""

from __future__ import annotations

import ast
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "ansible_collections.tenantry.sdn.plugins."
GROUND = {"errors", "plan", "names", "device_names", "netfilter_names", "validate", "addresses"}
HOST = {*GROUND, "model", "reconcile", "adapters"}  # what runs on a managed host
CONTROLLER = {*GROUND, "model", "intent", "plugin_utils"}
FLOORS = {  # floor: what it may import of ours, and of others beside the standard library
    **{name: (GROUND, set()) for name in GROUND},
    "model": (GROUND, set()),
    "intent": ({*GROUND, "model"}, {"jmespath", "netaddr"}),
    "reconcile": (GROUND, set()),
    "adapters": (HOST, {"ovs", "yaml"}),  # yaml only on the controller: the files of an intent
    "arguments": (HOST, set()),
    "unlogged": (set(), {"ansible"}),
    "long_lists": ({"unlogged"}, {"ansible"}),
    "probe": (HOST, set()),
    "twin": (HOST, set()),
    "doc_fragments": (set(), set()),
    "modules": ({*HOST, "arguments", "unlogged", "long_lists", "probe", "twin"}, {"ansible"}),
    "plugin_utils": ({*CONTROLLER, "adapters"}, {"ansible", "netaddr"}),
    "filter": (CONTROLLER, {"ansible", "netaddr"}),
    "action": ({*CONTROLLER, "adapters"}, {"ansible"}),
    "connection": ({*GROUND, "twin"}, {"ansible"}),
}
PURE = {*GROUND, "model", "intent"}
IMPURE = {"datetime", "io", "os", "pathlib", "random", "secrets", "shutil", "socket", "subprocess", "tempfile", "time"}
AND_YET_PURE = {("socket", "AF_INET"), ("socket", "inet_pton")}  # it reads a text, and asks nobody
MOST_BYTES = 60_000  # of module_utils, packed
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

PLUGINS = sorted(path.relative_to(ROOT) for path in (ROOT / "plugins").rglob("*.py"))
PYTHON = PLUGINS + sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
HEADER = (ROOT / "plugins/module_utils/errors.py").read_text().splitlines()[:3]

each_plugin = pytest.mark.parametrize("path", PLUGINS, ids=str)


def floor(dotted: str) -> str:
    """Return the floor that a dotted name below plugins/ lies on."""
    return dotted.removeprefix("module_utils.").split(".")[0]


def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), filename=str(path))


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every module that a file imports, wherever in it, with what it imports from it."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write the whole name"
            yield from ((node.module or "", alias.name) for alias in node.names)


def imports(path: Path) -> Iterator[str]:
    yield from (module for module, _name in imported(path))


def own_floor(path: Path) -> str:
    return floor(".".join(path.with_suffix("").parts[1:]))


@each_plugin
def test_imports_only_from_the_floors_it_stands_on(path: Path) -> None:
    if path.name == "__init__.py":
        assert not (ROOT / path).read_text(), "Ansible packs every __init__.py on the way: keep it empty"
        return
    ours, others = FLOORS[own_floor(path)]
    for module in imports(path):
        if module.startswith(PACKAGE):
            target = floor(module.removeprefix(PACKAGE))
            assert target == own_floor(path) or target in ours, f"{own_floor(path)} may not import {target}"
        else:
            top = module.split(".")[0]
            assert top in others or top in sys.stdlib_module_names, f"{own_floor(path)} may not import {top}"


@pytest.mark.parametrize("path", [path for path in PLUGINS if own_floor(path) in PURE], ids=str)
def test_a_pure_floor_has_no_files_no_clock_and_no_dice(path: Path) -> None:
    assert not {one for one in imported(path) if one[0].split(".")[0] in IMPURE} - AND_YET_PURE
    names = {node.id for node in ast.walk(parse(path)) if isinstance(node, ast.Name)}
    assert not names & {"open", "print", "input"}


def travelling(module: Path) -> set[Path]:
    """Return the module_utils that Ansible packs with a module."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        for node in ast.walk(parse(waiting.pop())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                base = Path("plugins", *(node.module or "").removeprefix(PACKAGE).split("."))
                named = {base.with_suffix(".py"), *(base / f"{alias.name}.py" for alias in node.names)}
                new = {path for path in named - found if (ROOT / path).exists()}
                found |= new
                waiting += new
    return found


@pytest.mark.parametrize("path", [path for path in PLUGINS if own_floor(path) == "modules"], ids=str)
def test_what_travels_with_a_module_is_not_much(path: Path) -> None:
    assert sum(len(zlib.compress((ROOT / each).read_bytes())) for each in travelling(path)) <= MOST_BYTES


@each_plugin
def test_files_and_functions_can_be_read_at_one_sitting(path: Path) -> None:
    tree = parse(path)
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    documents = [node for node in assignments if getattr(node.targets[0], "id", "") in DOCUMENTS]
    lines = len((ROOT / path).read_text().splitlines()) - sum(map(length, documents))
    assert lines <= 300, "a room to divide: over 300 lines, not counting the documentation of options"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert not [f"{node.name}: {length(node)} lines" for node in functions if length(node) > 60]


def length(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_every_file_starts_with_the_licence(path: Path) -> None:
    lines = (ROOT / path).read_text().removeprefix("#!/usr/bin/python\n").splitlines()
    assert not lines or lines[:3] == HEADER

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML files with the lines that their values stand in, and no key twice.

Lines are only looked up for a message, by reading the text again as a tree: at 100,000 ports a table of all lines
would cost more than everything else. Values are those of YAML 1.1, as Ansible reads its own files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

try:
    import yaml
except ImportError:  # a managed host, where nobody calls this; ansible-core needs PyYAML on the controller
    yaml = None  # type: ignore[assignment]

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

READER = f"PyYAML {getattr(yaml, '__version__', '')}"  # whose next version may read something else

Decrypt = Callable[[str], str]  # text of Ansible's vault to what is in it; raises ValueError with why not

_INDEX = re.compile(r"\[([0-9]+)\]\.?")
_TEXT = "tag:yaml.org,2002:str"
_VAULT = "$ANSIBLE_VAULT"


@dataclass(frozen=True)
class Document:
    """A YAML file, and how messages name it."""

    name: str
    text: str
    value: Any
    stored: str  # what is in the file: the text, or if that is encrypted its ciphertext

    def origin(self, path: str) -> str:
        """Return ``file:line`` of a YAML path, or of the nearest thing above it that is in the file."""
        line = 1
        node = self._tree
        while node is not None and path:
            step = _step(node, path)
            if step is None:
                break
            line, node, path = step
        return f"{self.name}:{line}"

    @property
    def digest(self) -> str:
        return _digest(self.text)

    @cached_property
    def _tree(self) -> Any:
        return yaml.compose(self.text, Loader=_loader())


def read_document(
    faults: Faults, path: str, name: str, decrypt: Decrypt | None = None, known: Mapping[str, Any] | None = None
) -> Document | None:
    """Return the file, or record why it is none of ours to use and return None.

    ``known`` are values of texts by their hashes, Document.digest.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = stored = file.read()
    except OSError as error:
        faults.add(name, f"cannot be read ({error.strerror}); check that it is a file, and its permissions")
        return None
    except UnicodeDecodeError:
        faults.add(name, "is not UTF-8 text; save it as UTF-8")
        return None
    if text.startswith(_VAULT):
        decrypted = faults.parse(name, decrypt or _no_vault, text)
        if decrypted is None:
            return None
        text = decrypted
    digest = _digest(text) if known else ""
    if known and digest in known:
        return Document(name, text, known[digest], stored)
    try:
        return Document(name, text, _construct(faults, name, text, decrypt or _no_vault), stored)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        faults.add(f"{name}:{line}", f"not readable as YAML ({error.problem}); correct the syntax")
    except yaml.YAMLError as error:
        faults.add(name, f"not readable as YAML ({error}); correct the syntax")
    return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _loader() -> Any:
    """Return the loader of PyYAML, but for texts, which most of an intent is: it takes four calls for each."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        def construct_object(self, node: Any, deep: bool = False) -> Any:
            is_text = node.tag == _TEXT and isinstance(node, yaml.ScalarNode)
            return node.value if is_text else super().construct_object(node, deep)

    return Loader


def _no_vault(text: str) -> str:
    raise ValueError("is encrypted; ids are no secrets, so decrypt it with 'ansible-vault decrypt'")


def _construct(faults: Faults, name: str, text: str, decrypt: Decrypt) -> Any:
    """Return the value of a YAML text; keys that are written twice are faults, though YAML readers take the last."""

    def reveal(loader: Any, node: Any) -> Any:
        return faults.parse(f"{name}:{node.start_mark.line + 1}", decrypt, loader.construct_scalar(node))

    loader = _loader()(text)
    loader.yaml_constructors = {**loader.yaml_constructors, "!vault": reveal, "!vault-encrypted": reveal}
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        for path, line, first in _duplicates(root):
            faults.add(f"{path} ({name}:{line})", f"written twice, first in line {first}; keep one of the two")
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _duplicates(root: Any) -> Iterator[tuple[str, int, int]]:
    """Yield path, line and first line of every key that its mapping has before."""
    visited = set()
    pending = [("", root)]
    while pending:
        path, node = pending.pop()
        if id(node) in visited:  # an alias of what was seen, or of what we are in
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending += [(f"{path}[{index}]", item) for index, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                name = key.tag, str(key.value)
                line = key.start_mark.line + 1
                if name in lines:
                    yield _below(path, key), line, lines[name]
                lines.setdefault(name, line)
                if not isinstance(value, yaml.ScalarNode):
                    pending.append((_below(path, key), value))


def _below(path: str, key: Any) -> str:
    return f"{path}.{key.value}" if path else str(key.value)


def _step(node: Any, path: str) -> tuple[int, Any, str] | None:
    """Return line and node of the path's first part, and the rest of the path. A key may itself hold dots."""
    if isinstance(node, yaml.SequenceNode):
        match = _INDEX.match(path)
        if match and int(match[1]) < len(node.value):
            item = node.value[int(match[1])]
            return item.start_mark.line + 1, item, path[match.end() :]
    if isinstance(node, yaml.MappingNode):
        yaml.SafeLoader("").flatten_mapping(node)  # keys from '<<', before the mapping's own
        fitting = [
            (len(str(key.value)), position)
            for position, (key, value) in enumerate(node.value)
            if path == str(key.value) or path.startswith((f"{key.value}.", f"{key.value}["))
        ]
        if fitting:
            length, position = max(fitting)
            key, value = node.value[position]
            return key.start_mark.line + 1, value, path[length:].removeprefix(".")
    return None

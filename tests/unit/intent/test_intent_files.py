# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An intent as files: what is read, the line that a fault names, and a record that is whole at any moment."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import intent_files
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import (
    locked,
    read_intent,
    read_record,
    write_atomically,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import parse_record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

FABRIC = """\
fabric:
  name: dc1
  segments: {tunnel: 5000-5999}
  hypervisors:
    hv1: {vtep: 192.168.1.151}
    hv2:
      vtep: 192.168.1.152
"""
ACME = """\
tenants:
  acme:
    networks:
      web: {type: gre, subnet: 10.1.1.0/24}
    ports:
      web-1:
        hypervisor: hv1
        network: web
        ip:
          - 10.1.1.20
          - 10.1.1.21
"""


def directory(tmp_path: Path, files: dict[str, str]) -> str:
    for name, text in {"fabric.yml": FABRIC, "tenants/acme.yml": ACME, **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return str(tmp_path)


def faults_of(folder: str) -> list[str]:
    """Return what reading and parsing the directory says."""
    try:
        files = read_intent(folder, f"{folder}/allocations.yml")
        parse(files.raw, files.origin)
    except InvalidInput as error:
        return error.faults
    return []


def test_a_directory_is_one_intent(tmp_path: Path) -> None:
    folder = directory(
        tmp_path,
        {
            "tenants/more.yaml": "tenants: {b: {networks: {web: {type: gre, subnet: 10.1.1.0/24}}}, c: {}}",
            "allocations.yml": "not read here",
            "README.md": "not read",
            ".hidden.yml": "not read",
            "tenants/acme.yml~": "not read",
        },
    )
    files = read_intent(folder, f"{folder}/allocations.yml")
    assert sorted(parse(files.raw).tenants) == ["acme", "b", "c"]


def test_a_fabric_without_tenants_is_a_fabric(tmp_path: Path) -> None:
    (tmp_path / "fabric.yml").write_text(FABRIC)
    assert parse(read_intent(str(tmp_path), "/elsewhere/ids.yml").raw).tenants == {}


@pytest.mark.parametrize(
    ("files", "faults"),
    [
        (  # a value, a list item, a missing key, an unknown key
            {
                "tenants/acme.yml": ACME.replace("10.1.1.21", "10.1.9.9").replace("        network: web\n", "")
                + "        qos: gold\n"
            },
            [
                "tenants.acme.ports.web-1.network (tenants/acme.yml:6): missing; write for example 'network: web'",
                "tenants.acme.ports.web-1.qos (tenants/acme.yml:11): 'gold' is no QoS profile of this fabric; there is "
                "none yet",
            ],
        ),
        (
            {"tenants/acme.yml": ACME.replace("10.1.1.21", "10.1.9.9")},
            [
                "tenants.acme.ports.web-1.ip[1] (tenants/acme.yml:11): 10.1.9.9 is outside of network acme.web; write "
                "an address in 10.1.1.0/24"
            ],
        ),
        (
            {"fabric.yml": FABRIC.replace("192.168.1.152", "192.168.1.151").replace("segments", "segment")},
            [
                "fabric.hypervisors.hv2.vtep (fabric.yml:7): 192.168.1.151 is taken by fabric.hypervisors.hv1.vtep; a "
                "tunnel ends at one host, so give each its own address",
                "fabric.segment (fabric.yml:3): unknown key; did you mean segments?",
                "fabric.segments.tunnel (fabric.yml:1): missing; write the ids that gre, vxlan, geneve networks may "
                "have, for example 'tunnel: 5000-16777215'",
            ],
        ),
        (  # a value that an anchor brings in stands where the anchor is
            {
                "tenants/acme.yml": ACME.replace("      web-1:\n", "      web-0: &port\n        mac: nonsense\n")
                + "      web-2:\n        <<: *port\n        ip: 10.1.1.22\n"
            },
            [
                "tenants.acme.ports.web-0.mac (tenants/acme.yml:7): 'nonsense' is no MAC address; write six pairs of "
                "hex digits, as 52:54:00:12:34:56",
                "tenants.acme.ports.web-2.mac (tenants/acme.yml:7): 'nonsense' is no MAC address; write six pairs of "
                "hex digits, as 52:54:00:12:34:56",
            ],
        ),
        (
            {"tenants/b.yml": "---\n\ntenants:\n  acme: {}\n"},
            ["tenants.acme (tenants/b.yml:4): is in tenants/acme.yml:2 too; write a tenant in one file"],
        ),
        (
            {"tenants/acme.yml": ACME + "      web-1: {}\n  acme: {}\n"},
            [
                "tenants.acme (tenants/acme.yml:13): written twice, first in line 2; keep one of the two",
                "tenants.acme.ports.web-1 (tenants/acme.yml:12): written twice, first in line 6; keep one of the two",
            ],
        ),
        (
            {"tenants/acme.yml": ACME.replace("- 10.1.1.21", "- {a: [{b: 1, b: 2}]}")},
            [
                "tenants.acme.ports.web-1.ip[1].a[0].b (tenants/acme.yml:11): written twice, first in line 11; keep "
                "one of the two",
            ],
        ),
        (
            {"tenants/acme.yml": "tenants:\n  acme: {\n  b: [\n", "tenants/b.yml": "tenants:\n\tb: {}\n"},
            [
                "tenants/acme.yml:4: not readable as YAML (did not find expected node content); correct the syntax",
                "tenants/b.yml:2: not readable as YAML (found character that cannot start any token); correct "
                "the syntax",
            ],
        ),
        (
            {"tenants/acme.yml": "tenants: {acme: !vault 1}"},
            ["tenants/acme.yml:1: is encrypted; ids are no secrets, so decrypt it with 'ansible-vault decrypt'"],
        ),
        (
            {"tenants/acme.yml": "$ANSIBLE_VAULT;1.1;AES256\n6533\n"},
            [
                "tenants/acme.yml: is encrypted; ids are no secrets, so decrypt it with 'ansible-vault decrypt'",
            ],
        ),
        (
            {"tenants/acme.yml": "tenants: {}\n---\ntenants: {}\n"},
            [
                "tenants/acme.yml:2: not readable as YAML (but found another document); correct the syntax",
            ],
        ),
        (
            {"fabric.yml": "", "tenants/acme.yml": "acme: {}\n", "tenants/b.yml": "tenants: [b]\n"},
            [
                "fabric.yml: has no key 'fabric'; write 'fabric:' and below it what the file describes",
                "tenants (tenants/b.yml:1): is not a mapping; write tenants by name below it",
                "tenants/acme.yml: has no key 'tenants'; write 'tenants:' and below it what the file describes",
            ],
        ),
        (
            {"fabric.yml": FABRIC + "vars: {}\n"},
            ["vars (fabric.yml:8): unknown key; this file holds 'fabric' alone"],
        ),
        (
            {"globex.yml": "tenants: {}", "tenants/old/initech.yml": "tenants: {}"},
            [
                f"{name}: not read; an intent is fabric.yml, tenants/*.yml and the allocation record, so move or "
                "remove it"
                for name in ("globex.yml", "tenants/old")
            ],
        ),
    ],
)
def test_a_fault_says_file_and_line(tmp_path: Path, files: dict[str, str], faults: list[str]) -> None:
    (tmp_path / "tenants").mkdir()
    assert faults_of(directory(tmp_path, files)) == faults


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    assert faults_of(str(tmp_path)) == [f"fabric.yml: missing in {tmp_path}; write it, with the key fabric"]
    (tmp_path / "tenants").mkdir()
    folder = directory(tmp_path, {})
    (tmp_path / "tenants/acme.yml").write_bytes(b"tenants: {\xff}")
    (tmp_path / "fabric.yml").unlink()
    (tmp_path / "fabric.yml").mkdir()
    assert faults_of(folder) == [
        "fabric.yml: cannot be read (Is a directory); check that it is a file, and its permissions",
        "tenants/acme.yml: is not UTF-8 text; save it as UTF-8",
    ]
    assert faults_of(f"{folder}/nowhere") == [
        f"{folder}/nowhere: cannot be read (No such file or directory); name a directory with fabric.yml and tenants/",
    ]


def test_faults_of_the_record_say_its_line(tmp_path: Path) -> None:
    record = tmp_path / "allocations.yml"
    assert read_record(str(record)) is None
    record.write_text("version: 1\nnetworks:\n  a.b: {tunnel: 5}\n  c.d: {tunnel: 5}\n")
    document = read_record(str(record))
    assert document
    with pytest.raises(InvalidInput) as caught:
        parse_record(document.value, document.origin)
    assert caught.value.faults == [
        "networks.c.d.tunnel (allocations.yml:4): 5 is a.b's too, as after a merge of branches; delete the one that no "
        "host has"
    ]
    record.write_text("networks:\n  a.b: {tunnel: 5}\n  a.b: {tunnel: 6}\n")
    with pytest.raises(InvalidInput) as caught:
        read_record(str(record))
    assert caught.value.faults == [
        "networks.a.b (allocations.yml:3): written twice, first in line 2; keep one of the two"
    ]


def test_the_record_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    record = tmp_path / "allocations.yml"
    write_atomically(str(record), "one")
    record.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to(record)
    before = record.open()
    write_atomically(str(link), "two")
    assert (before.read(), record.read_text(), record.stat().st_mode & 0o777) == ("one", "two", 0o640)
    before.close()
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["allocations.yml", "link.yml"]
    with pytest.raises(BackendError, match=r"/nowhere/record.yml cannot be written \(No such file or directory\)"):
        write_atomically(f"{tmp_path}/nowhere/record.yml", "text")


def test_whoever_locks_the_same_record_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def second() -> None:
        with locked(f"{tmp_path}/link/allocations.yml"):
            order.append("second")

    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    with locked(f"{tmp_path}/folder/allocations.yml"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert os.listdir(tmp_path / "folder") == [], "no lock file is left behind"

    monkeypatch.setattr(intent_files, "LOCK_SECONDS", 0)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(BackendError, match="has been locked by another run for 0 s"), locked(f"{tmp_path}/x.yml"):
        pass
    os.close(handle)
    with (
        pytest.raises(InvalidInput, match=r"nowhere cannot be opened \(No such file or directory\); create it"),
        locked(f"{tmp_path}/nowhere/x.yml"),
    ):
        pass

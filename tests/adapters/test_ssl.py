# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ovs_ssl on a real database: what it records, whose it is, which files it refuses, and that no key is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host import Host
from key_pairs import KeyPair, key_pair
from private_ovs import PrivateOvs

COLUMNS = ("private_key", "certificate", "ca_cert")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[KeyPair]:
    return [key_pair(tmp_path_factory.getbasetemp(), name) for name in ("one", "two")]


@pytest.fixture
def files(pairs: list[KeyPair]) -> dict[str, str]:
    """The options of a right task."""
    own, authority = pairs
    return dict(zip(COLUMNS, map(str, (own.private_key, own.certificate, authority.certificate))))


def setting(ovs: PrivateOvs) -> dict[str, Any]:
    """Return the row that Open vSwitch uses."""
    root = ovs.rows("Open_vSwitch")[0]["ssl"]
    (row,) = ovs.rows("SSL")
    assert root == row["_uuid"]
    return row


def test_it_comes_changes_and_goes(host: Host, files: dict[str, str], pairs: list[KeyPair]) -> None:
    before = host.ovs.state()
    assert host.converge("ovs_ssl", **files)["diff"] == {"before": {}, "after": {**files, "bootstrap_ca_cert": False}}
    assert {column: setting(host.ovs)[column] for column in files} == files
    changed = host.converge("ovs_ssl", ca_cert=files["certificate"])
    assert changed["diff"] == {"before": {"ca_cert": files["ca_cert"]}, "after": {"ca_cert": files["certificate"]}}
    assert setting(host.ovs)["private_key"] == files["private_key"], "an omitted option is left alone"
    host.converge("ovs_ssl", state="absent")
    assert host.ovs.state() == before
    assert not host.converge("ovs_ssl", state="absent")["changed"]


def test_it_is_what_ovs_vsctl_shows_and_takes_over(host: Host, files: dict[str, str]) -> None:
    host.ovs.vsctl("set-ssl", *files.values())
    assert not host.converge("ovs_ssl", **files)["changed"]
    host.converge("ovs_ssl", bootstrap_ca_cert=True)
    shown = host.ovs.vsctl("get-ssl").splitlines()
    assert shown == [
        f"Private key: {files['private_key']}",
        f"Certificate: {files['certificate']}",
        f"CA Certificate: {files['ca_cert']}",
        "Bootstrap: true",
    ]


def test_an_owner_manages_its_own_alone(host: Host, files: dict[str, str]) -> None:
    host.converge("ovs_ssl", owner="dc1", **files)
    assert setting(host.ovs)["external_ids"] == ["map", [["tenantry-owner", "dc1"]]]
    before = host.ovs.dump()
    for check in (True, False):
        assert host.run("ovs_ssl", check=check, owner="dc2", **files).message == (
            "ssl: there is one, which belongs to owner 'dc1'; remove it by hand, or take it over with adopt: true"
        )
        assert not host.run("ovs_ssl", check=check, owner="dc2", state="absent")["changed"]
    assert host.ovs.dump() == before
    host.converge("ovs_ssl", owner="dc2", adopt=True, **files)
    assert host.converge("ovs_ssl", owner="dc2", state="absent")["changed"]
    host.ovs.vsctl("set-ssl", *files.values())
    assert "belongs to nobody (no tenantry-owner in its external_ids)" in host.run("ovs_ssl", owner="dc1").message
    assert not host.run("ovs_ssl", owner="dc1", state="absent")["changed"]


def test_wrong_files_are_told_and_nothing_is_done(host: Host, files: dict[str, str], tmp_path: Path) -> None:
    encrypted, garbage, missing = (tmp_path / name for name in ("encrypted", "garbage", "missing"))
    encrypted.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    garbage.write_text("no PEM at all")
    key, certificate, authority = files.values()
    loads = "are no pair that OpenSSL can load; write a key without passphrase, and its certificate, both as PEM"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"certificate": authority}, f"certificate: {authority} is not of the key {key}; name the files of one pair"),
        ({"private_key": str(encrypted)}, f"private_key: {encrypted} and {certificate} {loads}"),
        ({"certificate": str(garbage)}, f"private_key: {key} and {garbage} {loads}"),
        ({"ca_cert": key}, f"ca_cert: {key} holds no certificate that OpenSSL can load; write a CA's, as PEM"),
        (
            {"ca_cert": str(missing)},
            f"ca_cert: {missing} can't be read (No such file or directory); put the file there first",
        ),
        (
            {"private_key": str(tmp_path)},
            f"private_key: {tmp_path} can't be read (Is a directory); put the file there first",
        ),
        (
            {"private_key": "keys/one.pem"},
            "private_key: 'keys/one.pem' is no absolute path of a file; write it from the root, as '/etc/ssl/hv.pem'",
        ),
        (
            {"private_key": None, "ca_cert": None},
            "2 faults, nothing was changed:\n"
            "- ca_cert: is missing; write the path of the file on the host\n"
            "- private_key: is missing; write the path of the file on the host",
        ),
        ({"adopt": True}, "adopt: only an owner can take over, by its mark; set owner too, or leave adopt out"),
        (
            {"state": "absent", "certificate": None, "ca_cert": None},
            "private_key: there is none to set where state is absent; leave it out",
        ),
    ]
    before = host.ovs.dump()
    for change, message in wrong:
        task = {name: value for name, value in {**files, **change}.items() if value is not None}
        assert [host.run("ovs_ssl", check=check, **task).message for check in (True, False)] == [message, message]
    assert host.ovs.dump() == before
    host.converge("ovs_ssl", **{**files, "ca_cert": str(missing)}, bootstrap_ca_cert=True)


def test_a_key_is_never_told_and_one_that_everybody_reads_is_warned_of(
    host: Host, files: dict[str, str], pairs: list[KeyPair]
) -> None:
    key = pairs[0].private_key
    result = host.run("ovs_ssl", **files)
    assert result["warnings"] == []
    told = result.output + result.log + host.ovs.dump()
    assert not [line for line in key.read_text().splitlines()[1:-1] if line in told]
    key.chmod(0o604)
    warning = f"Everybody on this host may read the private key {key}. Take that away: chmod o= {key}"
    assert host.run("ovs_ssl", **files)["warnings"] == [warning]
    key.chmod(0o600)
    assert host.run("ovs_ssl", **files)["warnings"] == []


def test_a_race_that_is_lost_is_run_again(host: Host, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer comes between reading and writing."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import ssl_settings

    apply, rivals = ssl_settings.SslSettings.apply, [True]

    def late(self: Any, plan: Any) -> None:
        if rivals.pop() if rivals else False:
            host.ovs.vsctl("set-ssl", "/theirs/key", "/theirs/certificate", "/theirs/authority")
        apply(self, plan)

    monkeypatch.setattr(ssl_settings.SslSettings, "apply", late)
    result = host.run("ovs_ssl", **files)
    assert result["diff"]["before"]["private_key"] == "/theirs/key"
    assert setting(host.ovs)["private_key"] == files["private_key"]

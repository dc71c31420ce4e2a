# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether files of a key and its certificates are what Open vSwitch can use.

It reads them itself, when it needs them, and says what is wrong in its log alone.
"""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_MISMATCH = "KEY_VALUES_MISMATCH"  # of OpenSSL: the certificate is of another key


def check_key_files(faults: Faults, files: Mapping[str, Any]) -> None:
    """Record what is wrong with the files that a row of table SSL names; one that is to be fetched may be missing."""
    fetched = files["bootstrap_ca_cert"] and not os.path.exists(files["ca_cert"])
    for column in ("private_key", "certificate", *(() if fetched else ("ca_cert",))):
        faults.parse(column, _readable, files[column])
    if not faults:
        _check_pair(faults, files["private_key"], files["certificate"])
        if not fetched:
            _check_authority(faults, files["ca_cert"])


def _readable(path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ValueError(f"{path} can't be read ({os.strerror(error.errno)}); put the file there first") from None


def _check_pair(faults: Faults, key: str, certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            faults.add("certificate", f"{certificate} is not of the key {key}; name the files of one pair")
        else:
            what = f"{key} and {certificate} are no pair that OpenSSL can load"
            faults.add("private_key", f"{what}; write a key without passphrase, and its certificate, both as PEM")


def _check_authority(faults: Faults, path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        faults.add("ca_cert", f"{path} holds no certificate that OpenSSL can load; write a CA's, as PEM")


def _no_passphrase() -> bytes:
    """Answer in the place of a person: OpenSSL would ask at the terminal, and Open vSwitch can't answer either."""
    return b""


def is_exposed(path: str) -> bool:
    """Say whether others than the owner of a file and its group may read it."""
    return bool(os.stat(path).st_mode & stat.S_IROTH)

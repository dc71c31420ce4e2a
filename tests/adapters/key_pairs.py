# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and self-signed certificates, each of which is its own CA: two sides that know each other's speak SSL."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KeyPair:
    private_key: Path
    certificate: Path


def key_pair(folder: Path, name: str) -> KeyPair:
    pair = KeyPair(folder / f"{name}-privkey.pem", folder / f"{name}-cert.pem")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "1"]
    files = ["-keyout", str(pair.private_key), "-out", str(pair.certificate)]
    subprocess.run([*new, "-subj", f"/CN={name}", *files], check=True, capture_output=True, timeout=20)
    pair.private_key.chmod(0o600)
    return pair

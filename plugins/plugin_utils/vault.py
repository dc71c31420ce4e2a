# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of Ansible's vault in an intent: they are read, and what is written with them is encrypted again.

It is not followed where a secret value goes: to a MAC address, into a flow, a hash. Where an intent has one, all states
that are compiled from it are secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import match_encrypt_secret

try:
    from ansible.parsing.vault import VaultHelper
except ImportError:  # until ansible-core 2.18
    VaultHelper = None

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError

_ROUNDS = 600_000  # of PBKDF2, once a run: hashes under this key tell nobody of the password
_NOT_OURS = ("hostvars", "vars", "groups")  # variables that hold all others again
_HEADER = b"$ANSIBLE_VAULT"


class Vault:
    """The vault of a run, and whether it was needed."""

    def __init__(self, loader: Any) -> None:
        self._vault = loader._vault  # DataLoader has no public way to it; the same in ansible-core 2.17 to 2.21
        self.used = False

    def decrypt(self, text: str) -> str:
        """Return what is in a text of the vault, or raise ValueError."""
        try:
            plain: bytes = self._vault.decrypt(text.strip())
        except AnsibleError as error:
            raise ValueError(f"cannot be decrypted ({str(error).rstrip('.')}); give its vault password") from None
        self.used = True
        return plain.decode()

    def reveal(self, value: Any, variables: Mapping[str, Any]) -> Any:
        """Return a value of variables with nothing encrypted in it, and note whether there was, or is a part of it."""
        plain = self._plain(value)
        secrets = [] if self.used else list(self._secrets(variables))
        if secrets:
            texts = list(_scalars(plain))
            self.used = any(secret in text for secret in secrets for text in texts)
        return plain

    def close(self, content: bytes) -> bytes:
        """Return the content for a file: encrypted if the vault was used, to the same bytes each time."""
        if not self.used:
            return content
        encrypted: bytes = self._vault.encrypt(content, salt=self._mac(content))
        return encrypted

    def open(self, content: bytes) -> bytes:
        """Return what is in a file that was closed, or raise SdnError."""
        if not content.startswith(_HEADER):
            return content
        try:
            return self.decrypt(content.decode()).encode()
        except ValueError as error:
            raise SdnError(
                f"The plan is encrypted, as the intent has values of Ansible's vault, and {error}."
            ) from None

    def digest(self, text: str) -> str:
        """Return a hash from which nobody who lacks the password can find out what was hashed."""
        return self._mac(text.encode()) if self.used else hashlib.sha256(text.encode()).hexdigest()

    def _mac(self, content: bytes) -> str:
        return hmac.new(self._key, content, "sha256").hexdigest()

    @cached_property
    def _key(self) -> bytes:
        secret = match_encrypt_secret(self._vault.secrets)[1]
        return hashlib.pbkdf2_hmac("sha256", secret.bytes, b"tenantry.sdn plan", _ROUNDS)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in value]
        if _is_secret(value):
            self.used = True
            return str(value)
        return value

    def _secrets(self, variables: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is encrypted in the variables that templates of an intent may refer to."""
        for value in _leaves([value for name, value in variables.items() if name not in _NOT_OURS]):
            if _is_secret(value):
                try:
                    plain = str(value)
                except AnsibleError:  # the password of another vault was not given: nobody else can read it either
                    continue
                if plain:
                    yield plain


def _is_secret(value: Any) -> bool:
    """Say whether a value is, or was, encrypted: a class of its own until ansible-core 2.18, then that or a tag."""
    if VaultHelper is None:
        return hasattr(value, "_ciphertext")
    return VaultHelper.get_ciphertext(value, with_tags=False) is not None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _scalars(value: Any) -> Iterator[str]:
    return (str(leaf) for leaf in _leaves(value))

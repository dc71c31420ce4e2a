# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals of IPsec in strongSwan's words: a cipher, what authenticates it, a Diffie-Hellman group.

Known are those that RFC 8221 and RFC 8247 recommend, or did not yet take back.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import shown, text

IKE = ("aes256gcm16-prfsha384-ecp384", "aes256-sha256-modp2048")
ESP = ("aes256gcm16-ecp384", "aes256-sha256-modp2048")

_AUTHENTICATED = ("aes128gcm16", "aes256gcm16", "chacha20poly1305")
_CIPHERS = ("aes128", "aes192", "aes256")
_INTEGRITY = ("sha256", "sha384", "sha512")
_FUNCTIONS = ("prfsha256", "prfsha384", "prfsha512")
_GROUPS = ("modp2048", "modp3072", "modp4096", "ecp256", "ecp384", "ecp521", "curve25519")
_KNOWN = (*_AUTHENTICATED, *_CIPHERS, *_INTEGRITY, *_FUNCTIONS, *_GROUPS)


def ike_proposal(value: Any) -> str:
    """Parse how two sites agree on keys: with a group, and a function that keys are drawn by."""
    words = _words(value)
    sealed, ciphers, integrity, functions, groups = _counts(words)
    whole = (sealed, ciphers, integrity, groups) in ((1, 0, 0, 1), (0, 1, 1, 1)) and sealed <= functions <= 1
    return _joined(words, whole, IKE)


def esp_proposal(value: Any) -> str:
    """Parse how packets are encrypted. With a group, new keys do not follow from old ones."""
    words = _words(value)
    sealed, ciphers, integrity, functions, groups = _counts(words)
    whole = (sealed, ciphers, integrity, functions) in ((1, 0, 0, 0), (0, 1, 1, 0)) and groups <= 1
    return _joined(words, whole, ESP)


def _words(value: Any) -> list[str]:
    words = text(value).split("-")
    for word in words:
        if word not in _KNOWN:
            raise ValueError(
                f"{shown(value)} has {shown(word)}, which is unknown here or too weak; known are {', '.join(_KNOWN)}"
            )
    return words


def _counts(words: list[str]) -> tuple[int, ...]:
    return tuple(
        sum(word in kind for word in words) for kind in (_AUTHENTICATED, _CIPHERS, _INTEGRITY, _FUNCTIONS, _GROUPS)
    )


def _joined(words: list[str], whole: bool, examples: tuple[str, ...]) -> str:
    proposal = "-".join(words)
    if not whole:
        raise ValueError(f"{shown(proposal)} is not a whole proposal; write one as {' or '.join(map(repr, examples))}")
    return proposal

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's IPsec as frozen values: what a user wrote, checked and canonical. Secrets are names here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.model import ipsec


@dataclass(frozen=True)
class Site(ipsec.Site):
    """Another site, and what of both is joined: packets of these families alone."""

    networks: Sequence[str]  # full names of the router's that it is joined with

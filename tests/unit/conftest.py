# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hypothesis searches: without a deadline, which a busy machine misses, and without memory of earlier runs."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tenantry", deadline=None, database=None, print_blob=True)
settings.load_profile("tenantry")

# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on one bridge beside its ports, as reconcile sees it: mirrors, flow exports."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.backend import (
    DatabaseBackend,
    columns_of,
    mark_copies,
    resolved,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey, RowPlan, holder
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import BY_HAND, REMEDIES, Claim, called
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachment, Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

Rows = dict[RowKey, Columns]


class AttachmentBackend(DatabaseBackend):
    """Backend of attachments of a bridge. ``must_exist``: a bridge that is not there is an error."""

    def __init__(
        self,
        ovsdb: Ovsdb,
        tables: Tables,
        attachments: Attachments,
        claim: Claim,
        comment: str,
        must_exist: bool = True,
    ) -> None:
        super().__init__(ovsdb, tables, comment)
        self._bridge = attachments.bridge
        self._attachments = attachments
        self._claim = claim
        self._must_exist = must_exist

    def plan(self) -> RowPlan:
        snapshot = self._read()
        present = [attachment for attachment in self._attachments.wanted if attachment.present]
        if present and self._must_exist:
            self._require_bridge(self._bridge)
        self._refuse_foreign(snapshot)
        faults, desired, actual = Faults(), {}, self._removed(snapshot)
        for attachment in present:
            key, row = self._key(attachment), snapshot.row(self._key(attachment))
            desired[key] = resolved(columns_of(row), attachment.columns, self._marks())
            if row:
                actual[key] = {column: row.columns[column] for column in desired[key]}
        mark_copies(snapshot, desired.keys() & actual.keys(), self._marks(), desired, actual)
        self.check(faults, snapshot, desired, actual)
        faults.raise_any()
        return RowPlan.between(actual, desired)

    def check(self, faults: Faults, snapshot: Snapshot, desired: Rows, actual: Rows) -> None:
        """Record what Open vSwitch would take and not do, in the light of what the host has."""

    def name_of(self, key: RowKey) -> str:
        """Return what a message calls a row, as "mirror audit"."""
        raise NotImplementedError

    def _key(self, attachment: Attachment) -> RowKey:
        table, *name = attachment.place
        return (table, self._bridge, *name)

    def _marks(self) -> dict[str, str]:
        return {OWNER_KEY: self._claim.owner} if self._claim.owner else {}

    def _removed(self, snapshot: Snapshot) -> Rows:
        absent = {self._key(attachment) for attachment in self._attachments.wanted if not attachment.present}
        kept = {self._key(attachment) for attachment in self._attachments.wanted}
        here = {key: row.columns for key, row in snapshot.hanging.items() if key[1] == self._bridge}
        removed = {key for key in here if key in absent or (key not in kept and self._is_surplus(snapshot, key))}
        return {key: columns for key, columns in here.items() if key in removed or _held_by(key) in removed}

    def _is_surplus(self, snapshot: Snapshot, key: RowKey) -> bool:
        ours = self._claim.owner in (None, snapshot.hanging[key].owner)
        return key[0] in self._attachments.complete and ours and _held_by(key) in (None, ("Bridge", self._bridge))

    def _refuse_foreign(self, snapshot: Snapshot) -> None:
        if self._claim.owner is None or self._claim.adopt:
            return
        faults = []
        for attachment in self._attachments.wanted:
            key, row = self._key(attachment), snapshot.row(self._key(attachment))
            if row and row.owner != self._claim.owner:
                who, remedies = called(row.columns["external_ids"]), REMEDIES if row.name else BY_HAND
                faults.append(
                    f"{self.name_of(key)}: it exists on bridge {self._bridge} and belongs to {who}; {remedies}"
                )
        if faults:
            raise OwnershipError(faults)


def _held_by(key: RowKey) -> RowKey | None:
    held_by = holder(key, {})
    return held_by[0] if held_by else None

"""Queries of ``file_manifest``."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, insert, literal, select, update

from nexuslims_logger.db.changeable import MANIFEST_UPDATES
from nexuslims_logger.db.queries import Queries
from nexuslims_logger.journal.records import ManifestRow, ResultState
from nexuslims_logger.models import FILE_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

#: Fields of the records, by the columns that hold them.
_MANIFEST_COLUMNS = {
    {"instrument_pid": "instrument"}.get(field.name, field.name): field.name for field in fields(ManifestRow)
}

#: The server looks for each row's value from the first one on.
_CHANGED_AT_ONCE = 500


class ManifestQueries(Queries):
    """What the sessions put into the store."""

    def has_manifest(self) -> bool:
        """Return whether the schema is new enough to have ``file_manifest``."""
        return self._columns.has(FILE_MANIFEST, self._connection)

    def manifest_rows(
        self, sessions: Collection[str], digests: Collection[str]
    ) -> dict[tuple[str, str], Mapping[str, Any]]:
        """Return id, computer and changeable columns of the rows for these objects, by (session, digest)."""
        names = ("id", "session_identifier", "object_digest", "computer_name", *MANIFEST_UPDATES)
        rows = self._connection.execute(
            select(*self._select(FILE_MANIFEST, names)).where(
                FILE_MANIFEST.c.object_digest.in_(digests), FILE_MANIFEST.c.session_identifier.in_(sessions)
            )
        )
        return {(row["session_identifier"], row["object_digest"]): dict(row) for row in rows.mappings()}

    def insert_manifest(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows into ``file_manifest`` with one statement; all name the same columns."""
        self._connection.execute(insert(FILE_MANIFEST), [self._known(FILE_MANIFEST, row) for row in rows])

    def update_manifest(self, rows: Sequence[tuple[int, Mapping[str, object]]]) -> None:
        """Change rows, each given by its id and all changeable columns, with one statement for hundreds of them.

        A statement a row would be a round trip a row; ON DUPLICATE KEY UPDATE would want more rights.
        """
        known = self._known(FILE_MANIFEST, dict.fromkeys(MANIFEST_UPDATES))
        for first in range(0, len(rows), _CHANGED_AT_ONCE):
            some = rows[first : first + _CHANGED_AT_ONCE]
            self._connection.execute(
                update(FILE_MANIFEST)
                .where(FILE_MANIFEST.c.id.in_([row_id for row_id, _ in some]))
                .values({name: _by_id(name, [(row_id, values[name]) for row_id, values in some]) for name in known})
            )

    def manifest_of(self, session_identifier: str) -> tuple[ManifestRow, ...]:
        """Return a session's manifest, by object name."""
        rows = self._connection.execute(
            select(*self._select(FILE_MANIFEST, _MANIFEST_COLUMNS))
            .where(FILE_MANIFEST.c.session_identifier == session_identifier)
            .order_by(FILE_MANIFEST.c.object_name, FILE_MANIFEST.c.bucket)
        )
        return tuple(_manifest_row(row) for row in rows)

    def manifest_page(self, session_identifier: str, after: int, limit: int) -> tuple[tuple[ManifestRow, ...], int]:
        """Return up to `limit` of a session's rows behind the row of id `after`, and the last one's id."""
        rows = self._connection.execute(
            select(FILE_MANIFEST.c.id.label("row_id"), *self._select(FILE_MANIFEST, _MANIFEST_COLUMNS))
            .where(FILE_MANIFEST.c.session_identifier == session_identifier, FILE_MANIFEST.c.id > after)
            .order_by(FILE_MANIFEST.c.id)
            .limit(limit)
        ).all()
        return tuple(map(_manifest_row, rows)), rows[-1].row_id if rows else after

    def sessions_with_files(self, after: str, limit: int) -> tuple[str, ...]:
        """Return up to `limit` sessions that have a manifest, by identifier, behind `after`."""
        identifier = FILE_MANIFEST.c.session_identifier
        found = select(identifier).where(identifier > after).distinct().order_by(identifier).limit(limit)
        return tuple(self._connection.scalars(found))

    def recorded_digests(self, digests: Collection[str]) -> set[str]:
        """Return those of these objects' digests that any session accounts for."""
        digest = FILE_MANIFEST.c.object_digest
        return set(self._connection.scalars(select(digest).where(digest.in_(digests))))

    def newest_file(self, session_identifier: str, computer_name: str | None = None) -> datetime | None:
        """Return the newest modification time of the session's files in the store, of one computer or of all."""
        question = select(func.max(FILE_MANIFEST.c.modified_at)).where(
            FILE_MANIFEST.c.session_identifier == session_identifier,
            FILE_MANIFEST.c.state == ResultState.UPLOADED,
        )
        if computer_name is not None:
            question = question.where(FILE_MANIFEST.c.computer_name == computer_name)
        found: datetime | None = self._connection.scalar(question)
        return found

    def manifest_extent(self, session_identifier: str, computer_name: str) -> tuple[int, datetime | None]:
        """Return how many rows of the session one computer has written, and the newest time of an upload in them."""
        rows, newest_at = self._connection.execute(
            select(func.count(), func.max(FILE_MANIFEST.c.uploaded_at)).where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.computer_name == computer_name,
            )
        ).one()
        return rows, newest_at

    def files_after(self, session_identifier: str, moment: datetime) -> int:
        """Return how many of the session's files in the store were modified after `moment`."""
        found: int | None = self._connection.scalar(
            select(func.count()).where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.state == ResultState.UPLOADED,
                FILE_MANIFEST.c.modified_at > moment,
            )
        )
        return found or 0

    def skip_pending(self, session_identifier: str, decided_by: str, reason: str) -> int:
        """Leave out the session's files that are still PENDING; return how many there were."""
        return self._connection.execute(
            update(FILE_MANIFEST)
            .where(
                FILE_MANIFEST.c.session_identifier == session_identifier,
                FILE_MANIFEST.c.state == ResultState.PENDING,
            )
            .values(state=ResultState.SKIPPED, decided_by=decided_by, reason=reason)
        ).rowcount


def _manifest_row(row: Row[Any]) -> ManifestRow:
    values = {field: row._mapping[name] for name, field in _MANIFEST_COLUMNS.items()}  # noqa: SLF001 - its API
    return ManifestRow(**{**values, "state": ResultState(values["state"])})


def _by_id(name: str, values: Sequence[tuple[int, object]]) -> ColumnElement[object]:
    """Return what the column becomes in each row; what is the same in all of them stands there once."""
    kind = FILE_MANIFEST.c[name].type
    if len({value for _, value in values}) == 1:
        return literal(values[0][1], kind)
    return case({row_id: literal(value, kind) for row_id, value in values}, value=FILE_MANIFEST.c.id)

"""Bring ``file_manifest`` in the central database to what became of the files."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from nexuslims_logger.db.changeable import MANIFEST_UPDATES
from nexuslims_logger.db.errors import Collision, DuplicateRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nexuslims_logger.db.unit_of_work import UnitOfWork, Units
    from nexuslims_logger.journal.records import ManifestRow

log = logging.getLogger(__name__)

#: Rows of one transaction, and about a megabyte of one statement: few enough that a lost one is cheap to repeat and
#: that a slow line carries it within the time limit, far below every server's largest packet.
MANIFEST_BATCH = 2000
#: Lengths of texts that only explain; they are cut, not refused.
_CUT = {"last_error": 500, "reason": 255}


def apply_manifest(units: Units, rows: tuple[ManifestRow, ...]) -> None:
    """Insert or update manifest rows, a few statements per batch.

    Of two rows for one object the last counts. A schema that is older than ``file_manifest`` takes none of them:
    that is no error, and does not keep a session from becoming ready (the files are in the store all the same).
    """
    wanted = {(row.session_identifier, object_digest(row.bucket, row.object_name)): row for row in rows}
    keys = list(wanted)
    for first in range(0, len(keys), MANIFEST_BATCH):
        batch = {key: wanted[key] for key in keys[first : first + MANIFEST_BATCH]}
        try:
            _apply(units, batch)
        except (Collision, DuplicateRow):
            # Another writer was faster: its rows can be seen now.
            _apply(units, batch)


def object_digest(bucket: str, object_name: str, computer_name: str | None = None) -> str:
    """Return ``file_manifest.object_digest``: the names are too long for a unique key.

    Two computers that share a session may each have had a file of that name. The second one's row is known by its
    `computer_name` as well.
    """
    names = (bucket, object_name) if computer_name is None else (bucket, object_name, computer_name.casefold())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _apply(units: Units, batch: Mapping[tuple[str, str], ManifestRow]) -> None:
    with units() as unit:
        if not unit.repository.has_manifest():
            log.info("the database has no file_manifest yet: %d rows are not recorded", len(batch))
            return
        found = _found(unit, batch)
        theirs = {key: row for key, row in batch.items() if key in found and _is_anothers(found[key], row)}
        if theirs:
            ours = {
                (row.session_identifier, object_digest(row.bucket, row.object_name, row.computer_name)): row
                for row in theirs.values()
            }
            batch = {key: row for key, row in batch.items() if key not in theirs} | ours
            found |= _found(unit, ours)
        changed: list[tuple[int, Mapping[str, object]]] = []
        # A statement names the same columns for all its rows: those without a time get the database's.
        timed: list[Mapping[str, object]] = []
        untimed: list[Mapping[str, object]] = []
        for key, row in batch.items():
            values = _changeable(row)
            if key not in found:
                discovered = {} if row.discovered_at is None else {"discovered_at": row.discovered_at}
                (timed if discovered else untimed).append({**_fixed(row, key[1]), **values, **discovered})
            elif any(found[key][name] != value for name, value in values.items()):
                changed.append((found[key]["id"], values))
        for inserted in (timed, untimed):
            if inserted:
                unit.repository.insert_manifest(inserted)
        if changed:
            unit.repository.update_manifest(changed)
        unit.commit()


def _found(unit: UnitOfWork, batch: Mapping[tuple[str, str], ManifestRow]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return unit.repository.manifest_rows({session for session, _ in batch}, {digest for _, digest in batch})


def _is_anothers(found: Mapping[str, Any], row: ManifestRow) -> bool:
    """Whether the row is of another computer that shares the session."""
    return (found["computer_name"] or row.computer_name).casefold() != row.computer_name.casefold()


def _fixed(row: ManifestRow, digest: str) -> dict[str, object]:
    return {
        "session_identifier": row.session_identifier,
        "instrument": row.instrument_pid,
        "computer_name": row.computer_name,
        "bucket": row.bucket,
        "object_name": row.object_name,
        "object_digest": digest,
    }


def _changeable(row: ManifestRow) -> dict[str, object]:
    values = {name: getattr(row, name) for name in MANIFEST_UPDATES}
    return values | {name: values[name] and values[name][:length] for name, length in _CUT.items()}

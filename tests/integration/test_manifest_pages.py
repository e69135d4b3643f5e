"""The manifest read page by page, and what accounts for an object, on every kind of database."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nexuslims_logger.db.apply_manifest import apply_manifest, object_digest
from tests.integration.test_tasks import FILE
from tests.integration.test_tasks import units as units  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.journal.records import ManifestRow

SESSIONS = tuple(f"{number}b1d6a4e-9c2f-4f1e-8d0a-0d6f2b7c9e11" for number in range(3))


def test_pages_meet_every_row_once(units: Units) -> None:
    rows = [
        dataclasses.replace(FILE, session_identifier=session, object_name=f"Titan/{number % 4} ü.dm4 ", bucket=bucket)
        for session in SESSIONS
        for number, bucket in enumerate(["gs://a"] * 4 + ["gs://b"] * 3)
    ]
    apply_manifest(units, tuple(rows))
    found: list[ManifestRow] = []
    after, pages = 0, 0
    while True:
        with units() as unit:
            page, after = unit.repository.manifest_page(SESSIONS[1], after, 3)
        if not page:
            break
        pages += 1
        found += page
    assert pages == 3
    assert {(row.bucket, row.object_name) for row in found} == {
        (row.bucket, row.object_name) for row in rows if row.session_identifier == SESSIONS[1]
    }
    assert len(found) == 7
    assert all(row.session_identifier == SESSIONS[1] and row.md5 == FILE.md5 for row in found)

    with units() as unit:
        first = unit.repository.sessions_with_files("", 2)
        rest = unit.repository.sessions_with_files(first[-1], 2)
        assert (*first, *rest) == SESSIONS
        assert unit.repository.sessions_with_files(rest[-1], 2) == ()
        known, unknown = object_digest("gs://a", "Titan/1 ü.dm4 "), object_digest("gs://a", "Titan/1 ü.dm4")
        assert unit.repository.recorded_digests([known, unknown]) == {known}

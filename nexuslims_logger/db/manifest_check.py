"""Whether the database still has a session's manifest, as far as this computer has written it.

A database that was put back to an earlier state has fewer rows, or older ones: nothing may be ready on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.errors import ManifestLacking

if TYPE_CHECKING:
    from nexuslims_logger.db.repository import Repository
    from nexuslims_logger.journal.records import SessionFacts


def lacks_manifest(repository: Repository, facts: SessionFacts) -> bool:
    """Return whether rows are missing, or are of an earlier time; one statement, and none where there is no file."""
    if not facts.manifest_rows or not repository.has_manifest():
        return False
    rows, newest_at = repository.manifest_extent(facts.identifier, facts.computer_name)
    older = facts.manifest_newest_at is not None and (newest_at is None or newest_at < facts.manifest_newest_at)
    return rows < facts.manifest_rows or older


def manifest_lacking() -> ManifestLacking:
    """Return the error that lets the manifest be sent once more."""
    return ManifestLacking(
        "The database has lost files of the session",
        "It was put back to an earlier state. The list of the session's files is sent to it once more; then the session"
        " becomes ready by itself.",
    )

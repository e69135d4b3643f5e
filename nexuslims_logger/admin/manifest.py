"""``manifest``: what a session put into the store, so that ``md5sum -c`` can prove it there."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from nexuslims_logger.admin.stores import store_of
from nexuslims_logger.db.tasks import manifest_of, open_database
from nexuslims_logger.errors import FileProblem, LoggerError, StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.transfer.session_manifest import md5sum_line
from nexuslims_logger.transfer.verify import find_content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import ManifestRow
    from nexuslims_logger.storage.contract import ObjectStore


def show(settings: Settings, session: str) -> ExitCode:
    """Print the session's uploaded files in md5sum's format; what is not in the store goes to stderr.

    Parameters
    ----------
    settings
        Which database.
    session
        The session's identifier.

    Raises
    ------
    StopAndTell
        No such session is recorded.
    """
    units = open_database(settings)
    rows = manifest_of(units, session)
    if not rows:
        with units() as unit:
            known = unit.repository.event_rows(session).start is not None
        if not known:
            raise StopAndTell(
                f"There is no session {session}",
                "The database does not know it. 'nexuslims-logger sessions' lists the recent ones.",
            )
    _as_md5sum_reads()
    uploaded = [row for row in rows if row.state is ResultState.UPLOADED]
    for row, name in _where_they_are(settings, uploaded):
        print(md5sum_line(row.md5, name))
    for row in rows:
        if row.state is not ResultState.UPLOADED:
            why = row.reason or row.last_error
            print(f"# {row.state} {row.object_name}{f': {why}' if why else ''}", file=sys.stderr)
    stores = ", ".join(sorted({row.bucket for row in uploaded}))
    print(f"# {len(uploaded)} of {len(rows)} files are in the store {stores}".rstrip(), file=sys.stderr)
    return ExitCode.COMPLETE


def _where_they_are(settings: Settings, rows: Iterable[ManifestRow]) -> Iterator[tuple[ManifestRow, str]]:
    """Ask the store where each content is: a later session of the same name has moved it aside.

    A store that is not this PC's, or that does not answer, leaves the name that the manifest has.
    """
    store: ObjectStore | None = store_of(settings)
    for row in rows:
        name = None
        if store is not None and store.url == row.bucket:
            try:
                name = find_content(store, row.object_name, row.generation, row.md5)
            except FileProblem:
                pass
            except LoggerError as error:
                print(f"# {error.title}: {error.message}", file=sys.stderr)
                store = None  # one that does not answer is not waited for again
        yield row, name or row.object_name


def _as_md5sum_reads() -> None:
    """Write names as the store has them, in UTF-8, wherever the output goes but a console."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")

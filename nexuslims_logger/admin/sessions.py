"""``sessions``: the recent sessions, and how far their files are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from nexuslims_logger.admin.table import aligned
from nexuslims_logger.db.tasks import open_database, recent_sessions
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.records import SessionSummary

_HEADINGS = ("STARTED", "ENDED", "USER", "INSTRUMENT", "STATUS", "FILES", "SESSION")


def show(settings: Settings, *, limit: int, as_json: bool) -> ExitCode:
    """Print the newest sessions: a table in local time, or JSON in UTC.

    Parameters
    ----------
    settings
        Which database.
    limit
        How many at most.
    as_json
        For programs: a list of objects with the names of `SessionSummary`.
    """
    found = recent_sessions(open_database(settings), limit)
    if as_json:
        rows = [
            {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
            for row in map(asdict, found)
        ]
        print(json.dumps(rows, indent=2))
    elif found:
        for line in aligned([_HEADINGS, *map(_cells, found)]):
            print(line)
    else:
        print("No session is recorded yet.")
    return ExitCode.COMPLETE


def _cells(session: SessionSummary) -> tuple[str, ...]:
    return (
        _local(session.started_at),
        "-" if session.ended_at is None else _local(session.ended_at),
        session.user or "-",
        session.instrument,
        f"{session.status}, waits for {session.waits_for}" if session.waits_for else session.status,
        _files(session),
        session.session_identifier,
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _files(session: SessionSummary) -> str:
    """Say how many files there are and, where it is so, how many of them are not in the store."""
    parts = [
        f"{count} {word}"
        for count, word in (
            (session.files_waiting, "waiting"),
            (session.files_missing, "missing"),
            (session.files_left_out, "left out"),
        )
        if count
    ]
    return f"{session.files} ({', '.join(parts)})" if parts else str(session.files)

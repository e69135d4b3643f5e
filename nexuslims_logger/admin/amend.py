"""``amend``: the manager's correction of a recorded session, shown before and after."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from nexuslims_logger import __version__
from nexuslims_logger.admin.table import aligned
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.db.amend_session import Amended, Amendment
from nexuslims_logger.db.records import RecordStatus
from nexuslims_logger.db.tasks import amend_session, open_database
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.records import EventRow, EventRows

#: ``--end last-activity``
LAST_ACTIVITY = "last-activity"
_USER_CHARACTERS = 50


def run(  # noqa: PLR0913 - one for each option
    settings: Settings,
    *,
    session: str,
    reason: str,
    user: str | None,
    end: datetime | str | None,
    skip_missing: bool,
) -> ExitCode:
    """Correct a session and print what it was and what it is.

    Parameters
    ----------
    settings
        Which database.
    session
        The session's identifier.
    reason
        Why; it is recorded with the name of this account.
    user
        Who really worked; None leaves it.
    end
        When it really ended (aware), or `LAST_ACTIVITY`; None leaves it.
    skip_missing
        Leave out what its PC has not sent, and let the session be ready.

    Raises
    ------
    StopAndTell
        No such session, an impossible time, or nothing to correct.
    """
    if user is None and end is None and not skip_missing:
        raise StopAndTell("There is nothing to correct", "Give --user, --end or --skip-missing.")
    amended = amend_session(
        open_database(settings),
        Amendment(
            session_identifier=session,
            amended_by=getpass.getuser()[:_USER_CHARACTERS],
            reason=reason,
            at=SystemClock().now(),
            logger_version=__version__,
            user=user,
            ended_at=None if isinstance(end, str) else end,
            end_at_last_activity=end == LAST_ACTIVITY,
            skip_missing=skip_missing,
        ),
    )
    for line in aligned([("", "BEFORE", "AFTER"), *_compared(amended)]):
        print(line)
    for sentence in _remarks(amended):
        print(sentence)
    return ExitCode.COMPLETE


def _compared(amended: Amended) -> list[tuple[str, ...]]:
    before, after = amended.before, amended.after
    return [
        ("user", *(_user(rows.start) for rows in (before, after))),
        ("START", *(_time(rows.start) for rows in (before, after))),
        ("END", *(_time(rows.end) for rows in (before, after))),
        ("status", *(_status(rows) for rows in (before, after))),
    ]


def _remarks(amended: Amended) -> list[str]:
    sentences = []
    if amended.left_out:
        sentences.append(f"{amended.left_out} files were left out; they are SKIPPED in the manifest, with the reason.")
    if amended.newer_files:
        sentences.append(
            f"Note: {amended.newer_files} files were modified after END; the record builder does not find them."
        )
    statuses = {row.record_status for row in (amended.before.start, amended.before.end) if row}
    if statuses - {RecordStatus.WAITING_FOR_END, RecordStatus.TO_BE_BUILT}:
        sentences.append("Note: the record builder was here already; its record shows the session as it was.")
    if amended.after.end is None:
        sentences.append("The session is still open.")
    elif amended.after.end.record_status == RecordStatus.WAITING_FOR_END:
        sentences.append("Its own logger makes it ready when every file is in the store.")
    return sentences


def _user(row: EventRow | None) -> str:
    return (row.user if row else None) or "-"


def _time(row: EventRow | None) -> str:
    if row is None:
        return "-"
    reason = f" ({row.end_reason})" if row.end_reason else ""
    return f"{row.timestamp.astimezone().isoformat(' ', 'seconds')}{reason}"


def _status(rows: EventRows) -> str:
    if rows.start is None or rows.end is None:
        return "OPEN"
    waits = RecordStatus.WAITING_FOR_END in {rows.start.record_status, rows.end.record_status}
    return "CLOSED" if waits else rows.start.record_status

"""What the database answers, as values that may cross threads."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class EventType(enum.StrEnum):
    """Values of ``session_log.event_type`` that the logger writes."""

    START = "START"
    END = "END"


class RecordStatus(enum.StrEnum):
    """Values of ``session_log.record_status`` that the logger writes; the record builder has more."""

    WAITING_FOR_END = "WAITING_FOR_END"
    TO_BE_BUILT = "TO_BE_BUILT"


@dataclass(frozen=True)
class EventRow:
    """A START or END as the database has it; None also stands for a column that an older schema lacks.

    Attributes
    ----------
    record_status
        As found: it may be one that only the record builder knows.
    waits_for
        START's: the computers whose part of the session is not finished, as `db.parts` writes them; None where nobody
        has joined.
    """

    id_session_log: int
    event_type: str
    instrument: str
    timestamp: datetime
    utc_offset_min: int | None
    record_status: str
    user: str | None
    session_note: str | None
    computer_name: str | None
    clock_offset_ms: int | None
    end_reason: str | None
    resumed: int | None
    paused_seconds: int | None
    last_activity_at: datetime | None
    waits_for: str | None


@dataclass(frozen=True)
class EventRows:
    """Both events of one session, and the database's time; None on SQLite, which has the PC's clock."""

    start: EventRow | None
    end: EventRow | None
    database_now: datetime | None


class LoggerState(enum.StrEnum):
    """Values of ``loggers.state``: what a logger is doing, as far as it has told."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    #: END is written; files may still be under way.
    ENDING = "ENDING"
    IDLE = "IDLE"
    #: The program was closed; one that is only silent has lost its power or its network.
    STOPPED = "STOPPED"


@dataclass(frozen=True)
class LoggerReport:
    """One row of ``loggers``, as its logger knows it. Times are aware UTC.

    Attributes
    ----------
    logger_id
        Of this installation under this computer name, for ever.
    instrument
        Its PID; None while the computer is unknown.
    session_identifier
        The session in the window, None when there is none.
    oldest_waiting_at
        Since when the longest waiting file stands there unsent.
    disk_free_bytes
        On the fullest of the disks that the instrument writes to.
    files_waiting, bytes_waiting
        Of all sessions that this logger looks after.
    last_error
        What a person there reads; it is cut where it is too long.
    """

    logger_id: str
    computer_name: str
    instrument: str | None
    logger_version: str
    state: LoggerState
    session_identifier: str | None
    files_waiting: int
    bytes_waiting: int
    last_good_pass_at: datetime | None
    last_error: str | None
    clock_offset_ms: int | None
    oldest_waiting_at: datetime | None = None
    disk_free_bytes: int | None = None


@dataclass(frozen=True)
class SessionSummary:
    """One row of the view ``session_summary``. Times are aware UTC.

    Attributes
    ----------
    status
        OPEN (no END), CLOSED (files may be missing in the store), or what the record builder made of it.
    used_seconds
        From START to END without the pauses; None while the session is open.
    files, files_waiting, files_missing, files_left_out
        Rows of its manifest: all of them, and those PENDING, MISSING and SKIPPED.
    bytes_stored
        Sum of what is UPLOADED.
    waits_for
        The computers whose part of the session is not finished; "" where none is awaited. Not the view's: from START.
    """

    session_identifier: str
    instrument: str
    instrument_name: str | None
    user: str | None
    project: str | None
    started_at: datetime
    ended_at: datetime | None
    used_seconds: int | None
    status: str
    end_reason: str | None
    session_note: str | None
    computer_name: str | None
    files: int
    bytes_stored: int
    files_waiting: int
    files_missing: int
    files_left_out: int
    waits_for: str = ""

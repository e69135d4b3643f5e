"""What the database answers, as values that may cross threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


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

"""What the journal keeps, as values that may cross threads."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class SessionState(enum.StrEnum):
    """Where a session stands on this PC."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    #: END is written; its final set is not known yet.
    ENDING = "ENDING"
    #: The final set is fixed; files may be missing in the store.
    CLOSED = "CLOSED"
    #: Every file of the final set was compared with the store.
    STORED = "STORED"
    #: Its manifest is in the database; the rows may become TO_BE_BUILT.
    READY = "READY"


#: The only ways from one state to another.
ALLOWED: dict[SessionState, frozenset[SessionState]] = {
    SessionState.RUNNING: frozenset({SessionState.PAUSED, SessionState.ENDING}),
    SessionState.PAUSED: frozenset({SessionState.RUNNING, SessionState.ENDING}),
    SessionState.ENDING: frozenset({SessionState.CLOSED}),
    SessionState.CLOSED: frozenset({SessionState.STORED}),
    SessionState.STORED: frozenset({SessionState.READY}),
    SessionState.READY: frozenset(),
}


#: There is no END yet.
OPEN = frozenset({SessionState.RUNNING, SessionState.PAUSED})


class EndReason(enum.StrEnum):
    """Why END has the time it has; None stands for the user's click."""

    LAST_FILE = "LAST_FILE"
    LAST_ACTIVITY = "LAST_ACTIVITY"
    #: Another computer of the instrument ended it, at its last activity, to start its own.
    TAKEN_OVER = "TAKEN_OVER"
    #: A manager corrected it (`amend`); no logger moves it again.
    AMENDED = "AMENDED"


@dataclass(frozen=True)
class WatchFolder:
    """A folder the instrument writes into; the label is "" when there is only one."""

    label: str
    path: str


@dataclass(frozen=True)
class Instrument:
    """This computer's instrument, as the central table has it."""

    instrument_pid: str
    schema_name: str
    filestore_path: str
    computer_name: str | None
    timezone: str = "UTC"


def note_digest(note: str) -> str:
    """Return by what a note is known again when it has been replaced."""
    return hashlib.blake2b(note.encode(errors="backslashreplace"), digest_size=6).hexdigest()


@dataclass(frozen=True)
class SessionFacts:
    """One session: every fact that cannot be rebuilt. Times are aware UTC.

    Attributes
    ----------
    filestore_path, store_url, folders
        Frozen at START, so that files end where they began to go.
    clicked_at, ended_at
        When *End session* was clicked (or the end was decided), and the time that END carries.
    take_until
        Files that changed later are not the session's, where that is decided already.
    paused_at, paused_seconds
        The present pause, and the sum of the ended ones.
    revision, database_revision
        The facts' number, raised by every change, and the number that the database has. A session starts with
        revision 0 where a person has yet to confirm who works: its START is safe here, and the database is told
        when the name is confirmed, or at the END (then as ``unknown``).
    database_error
        Why the database did not take it, in a user's words; None when it did or was not asked.
    joined
        This is only this PC's part of another computer's session: START and END are that one's, and the times here
        are the part's.
    manifest_rows, manifest_newest_at
        How many rows this computer has written into the session's manifest, and the newest time of an upload in them:
        a database with less was put back to an earlier state. Known when the session is READY.
    note_revision
        The revision in which the note was written last.
    earlier_notes
        Digests of the notes that it has replaced, the newest last: by them a row's note is known for one of ours.
    """

    identifier: str
    computer_name: str
    instrument_pid: str
    instrument_name: str
    filestore_path: str
    store_url: str
    folders: tuple[WatchFolder, ...]
    user: str | None
    started_at: datetime
    utc_offset_min: int
    last_activity_at: datetime
    logger_version: str
    project: str | None = None
    note: str = ""
    clicked_at: datetime | None = None
    ended_at: datetime | None = None
    end_utc_offset_min: int | None = None
    end_reason: EndReason | None = None
    take_until: datetime | None = None
    state: SessionState = SessionState.RUNNING
    clock_offset_ms: int | None = None
    resumed: int = 0
    paused_at: datetime | None = None
    paused_seconds: int = 0
    revision: int = 1
    database_revision: int = 0
    database_error: str | None = None
    joined: bool = False
    manifest_rows: int = 0
    manifest_newest_at: datetime | None = None
    note_revision: int = 1
    earlier_notes: tuple[str, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether it is settled who works."""
        return self.revision > 0

    @property
    def note_is_news(self) -> bool:
        """Whether the database has yet to confirm the note."""
        return self.note_revision > self.database_revision

    def had_note(self, text: str) -> bool:
        """Whether this was the session's note here, or is; each began empty."""
        return text in {"", self.note} or note_digest(text) in self.earlier_notes


class ResultState(enum.StrEnum):
    """What became of one file of a session; the values of ``file_manifest.state``."""

    PENDING = "PENDING"
    UPLOADED = "UPLOADED"
    MISSING = "MISSING"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True)
class ManifestRow:
    """One row of ``file_manifest``, ready to be written.

    Attributes
    ----------
    md5, generation
        Of the content now in the store; None where nothing is.
    modified_at
        Modification time, aware UTC.
    """

    session_identifier: str
    instrument_pid: str
    computer_name: str
    bucket: str
    object_name: str
    state: ResultState
    size_bytes: int
    md5: str | None = None
    modified_at: datetime | None = None
    generation: int | None = None
    attempts: int = 0
    last_error: str | None = None
    reason: str | None = None
    decided_by: str | None = None
    discovered_at: datetime | None = None
    uploaded_at: datetime | None = None


@dataclass(frozen=True)
class Applied:
    """What the database answered to a session's facts.

    Attributes
    ----------
    revision
        The revision that was applied.
    ended_at, user
        What the database holds now; where another hand wrote END first, its END wins.
    ready
        Both rows are TO_BE_BUILT, or the builder has moved them on.
    clock_offset_ms
        PC clock minus database clock, measured in this exchange.
    end_reason, ended_by
        Of the END that the database holds: its reason as found, and the computer that wrote it.
    anew
        The database has had a START of this session, and had none any more.
    """

    session_identifier: str
    revision: int
    ended_at: datetime | None
    user: str | None
    ready: bool
    clock_offset_ms: int | None
    end_reason: str | None = None
    ended_by: str | None = None
    anew: bool = False


@dataclass(frozen=True)
class Neighbour:
    """The open session of another computer at this instrument, as the database has it. Times are aware UTC.

    Attributes
    ----------
    last_activity_at
        As far as the database knows: where a take-over would end it.
    """

    session_identifier: str
    user: str | None
    computer_name: str
    started_at: datetime
    last_activity_at: datetime


@dataclass(frozen=True)
class Lost:
    """An open session of this computer, as the database has it. Times are aware UTC.

    Attributes
    ----------
    last_activity_at
        As far as the database knows.
    """

    session_identifier: str
    user: str | None
    note: str
    started_at: datetime
    utc_offset_min: int | None
    last_activity_at: datetime
    resumed: int
    clock_offset_ms: int | None

"""What the window knows: the sum of the events so far. No words, no Tk, no clock."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.events import (
    HEALED_BY_A_PASS,
    CatchUp,
    ClockInDoubt,
    DiskLow,
    Healed,
    InstrumentUnknown,
    InterruptedFound,
    LastActivity,
    NeighbourFound,
    NoteSaved,
    RecordState,
    SessionEnding,
    SessionPaused,
    SessionReady,
    SessionStarted,
    SessionStored,
    Starting,
    StartStep,
    StillWorking,
    Stopped,
    TransferProgress,
    Trouble,
    UnassignedFound,
    WhoConfirmed,
    WhoIsWorking,
)

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.events import Event

#: Shown until the last byte is really there, so that a rounded bar never promises too much.
_ALMOST: Final = 0.99

#: The kind of trouble after which there will be no session.
START_FAILED: Final = "start"


class Asked(enum.StrEnum):
    """What a person asked for and the workers have not answered yet."""

    ANSWER = "answer"
    TRY_AGAIN = "try again"
    END = "end"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True)
class Known:
    """The present state of affairs.

    Attributes
    ----------
    step
        The step of the start that is under way.
    interrupted, neighbour, unknown
        A question of the start that waits for an answer.
    session, note, ended_at, stored, ready, paused
        The session of this window, and how far it is.
    active_at
        Until then somebody has worked in it.
    record, progress, fraction
        Of this session; `fraction` goes back only when there is more to send than before.
    troubles
        The newest trouble of each kind.
    sessions_left
        Earlier sessions of this PC that still wait for something.
    asked
        What was asked and not answered.
    failure
        Why the start failed for good.
    stopped
        The workers have put everything down.
    who, quiet, unassigned, clock
        What the workers ask or warn of, as long as it holds; `clock` may be an earlier session's.
    disks
        The newest warning of each folder whose disk is nearly full.
    ended_by_itself
        Nobody had worked for long.
    """

    step: StartStep | None = None
    interrupted: InterruptedFound | None = None
    neighbour: NeighbourFound | None = None
    unknown: InstrumentUnknown | None = None
    session: SessionStarted | None = None
    note: str = ""
    active_at: datetime | None = None
    ended_at: datetime | None = None
    stored: SessionStored | None = None
    ready: bool = False
    paused: bool = False
    record: RecordState | None = None
    progress: TransferProgress | None = None
    fraction: float | None = None
    troubles: tuple[Trouble, ...] = ()
    asked: Asked | None = None
    sessions_left: int = 0
    failure: LoggerError | None = None
    stopped: bool = False
    who: WhoIsWorking | None = None
    quiet: StillWorking | None = None
    unassigned: UnassignedFound | None = None
    clock: ClockInDoubt | None = None
    disks: tuple[DiskLow, ...] = ()
    ended_by_itself: bool = False

    @property
    def session_identifier(self) -> str | None:
        """Of this window's session, None before it."""
        return self.session.session_identifier if self.session else None

    @property
    def has_own_note(self) -> bool:
        """Whether there is a note to write on: a session that was joined has its note where it was started."""
        return self.session is not None and not self.session.joined

    @property
    def files_state(self) -> tuple[object, ...]:
        """What, when it is another one, tells that the list of files is another one too."""
        return self.session, self.progress, self.stored, self.ready

    @property
    def only_record_waits(self) -> bool:
        """Whether every file is stored, and the database alone has not heard of it."""
        return self.stored is not None and not self.ready and self.record is not None and not self.record.recorded

    @property
    def everything_done(self) -> bool:
        """Whether this session is ready and no earlier one still waits."""
        return self.ready and self.sessions_left == 0


def receive(known: Known, event: Event) -> Known:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of event
    """Return what is known after `event`. What belongs to another session (catch-up) changes nothing."""
    match event:
        case Starting():
            return replace(
                known, step=event.step, interrupted=None, neighbour=None, unknown=None, asked=_unless_stop(known)
            )
        case InterruptedFound():
            return replace(known, interrupted=event, asked=_unless_stop(known))
        case NeighbourFound():
            return replace(known, neighbour=event, asked=_unless_stop(known))
        case InstrumentUnknown():
            return replace(known, unknown=event, asked=_unless_stop(known))
        case SessionStarted():
            if known.session_identifier not in {None, event.session_identifier}:
                # The next user's: nothing of the one before is left, but what holds for this PC.
                known = Known(
                    troubles=known.troubles,
                    sessions_left=known.sessions_left,
                    asked=known.asked,
                    disks=known.disks,
                )
            return replace(
                known,
                session=event,
                failure=None,
                note=event.note,
                who=None,
                interrupted=None,
                neighbour=None,
                unknown=None,
                asked=_unless_stop(known),
            )
        case Trouble() if known.session is None and event.kind == START_FAILED:
            return replace(known, failure=StopAndTell(event.problem.title, event.problem.message))
        case Trouble():
            others = tuple(trouble for trouble in known.troubles if trouble.kind != event.kind)
            return replace(known, troubles=(*others, event))
        case Healed():
            return replace(known, troubles=tuple(one for one in known.troubles if one.kind != event.kind))
        case ClockInDoubt():
            return replace(known, clock=event)
        case DiskLow():
            disks = tuple(disk for disk in known.disks if disk.folder != event.folder)
            return replace(known, disks=disks if event.free_bytes is None else (*disks, event))
        case SessionReady() if known.clock and known.clock.session_identifier == event.session_identifier:
            doubt = None if known.clock.held else known.clock
            return replace(
                known, clock=doubt, ready=known.ready or event.session_identifier == known.session_identifier
            )
        case CatchUp():
            return replace(known, sessions_left=event.sessions_left)
        case Stopped():
            return replace(known, stopped=True)
        case _ if known.session is None or (
            getattr(event, "session_identifier", None) != known.session.session_identifier
        ):
            return known
        case RecordState():
            return replace(known, record=event)
        case WhoIsWorking():
            return replace(known, who=event, asked=_unless_stop(known))
        case WhoConfirmed():
            named = replace(known.session, user=event.user, project=event.project)
            return replace(known, session=named, who=None)
        case LastActivity():
            return replace(known, active_at=event.at)
        case StillWorking():
            return replace(known, quiet=event if event.since else None)
        case UnassignedFound():
            return replace(known, unassigned=event)
        case NoteSaved():
            return replace(known, note=event.note)
        case TransferProgress():
            return _progressed(known, event)
        case SessionEnding():
            # The bar of the final pass begins anew, at what there is.
            fraction = _advance(None, known.progress) if known.progress else None
            return replace(
                known,
                ended_at=event.ended_at,
                fraction=fraction,
                asked=_unless_stop(known),
                quiet=None,
                unassigned=None,
                ended_by_itself=event.by_itself,
            )
        case SessionStored():
            return replace(known, stored=event, fraction=1.0)
        case SessionReady():
            return replace(known, ready=True)
        case SessionPaused():
            return replace(known, paused=True)
        case _:
            return known


def a_second_later(known: Known) -> Known:
    """Return what is known a second later: an interrupted session continues by itself a second sooner."""
    found = known.interrupted
    if found is None or found.continues_in_s is None:
        return known
    return replace(known, interrupted=replace(found, continues_in_s=max(0.0, found.continues_in_s - 1)))


def _unless_stop(known: Known) -> Asked | None:
    """Return what is still asked after an answer: nothing takes back a stop."""
    return known.asked if known.asked is Asked.STOP else None


def _progressed(known: Known, progress: TransferProgress) -> Known:
    """Take a newer progress, and drop the troubles that a later good pass has healed."""
    good_at = progress.last_good_pass_at
    troubles = tuple(
        trouble
        for trouble in known.troubles
        if good_at is None or trouble.problem.since >= good_at or trouble.kind not in HEALED_BY_A_PASS
    )
    before = known.fraction if known.progress and _scale(known.progress) == _scale(progress) else None
    return replace(known, progress=progress, fraction=_advance(before, progress), troubles=troubles)


def _advance(before: float | None, progress: TransferProgress) -> float | None:
    """Return the bar's fraction by bytes, as the numbers beside it say; of the same work it never goes back."""
    if progress.files_total == 0:
        return None
    if progress.files_done >= progress.files_total:
        return 1.0
    if progress.bytes_total:
        now = progress.bytes_done / progress.bytes_total
    else:
        now = progress.files_done / progress.files_total
    now = min(max(now, 0.0), _ALMOST)
    return now if before is None or before >= 1.0 else max(before, now)


def _scale(progress: TransferProgress) -> tuple[int, int]:
    """Return what the whole bar stands for."""
    return progress.files_total, progress.bytes_total

"""The session thread: a start, then every wish of the window, one after the other, and perhaps the next user.

It writes the journal's facts and never touches the network; what it wants of the database goes to the database
thread, and the answer comes back as a message.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import ConfigurationError, JournalUnavailable, LoggerError, StopAndTell
from nexuslims_logger.events import Healed, NoteSaved, Problem, SessionPaused, Stopped, Trouble
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.messages import (
    ActivitySeen,
    AllRecorded,
    AllStored,
    Backlog,
    FinalSetFixed,
    RecordedAnew,
    Stop,
    TransferStopped,
    UnassignedSeen,
)
from nexuslims_logger.session.change_user import change_user
from nexuslims_logger.session.clock_check import confirm_clock
from nexuslims_logger.session.end import all_recorded, all_stored, end_session, final_set_fixed, leave_files_out
from nexuslims_logger.session.fleet_report import ReportTicket
from nexuslims_logger.session.forgotten import (
    confirm_working,
    keep_activity,
    seen_working,
    somebody_works,
    tell_activity,
)
from nexuslims_logger.session.given_up import tell_given_up
from nexuslims_logger.session.loop import JOURNAL_RETRY_S, Change, SessionLoop, Stopping
from nexuslims_logger.session.neighbour import ASK_S, withdraw_leftover
from nexuslims_logger.session.restored import LackingTicket, compare, lacking_found, note_database, owed_again
from nexuslims_logger.session.service import (
    AssignUnassigned,
    ChangeUser,
    ConfirmClock,
    ConfirmWho,
    ConfirmWorking,
    EndSession,
    LeaveFilesOut,
    PauseSession,
    SeenWorking,
    SetNote,
    TryAgain,
)
from nexuslims_logger.session.start import (
    InstrumentTicket,
    go_on,
    instrument_answered,
    refuse_silent_fallback,
    start_session,
)
from nexuslims_logger.session.unassigned import assign_unassigned, unassigned_seen
from nexuslims_logger.session.who import confirm_who

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.session.ports import SessionPorts

log = logging.getLogger(__name__)

#: The kinds of trouble of the flows: after the first there will be no session.
_START, _CHANGE = "start", "change of user"
#: How long the last uploads may take to notice that they are to stop.
_STOP_S = 30.0


def new_loop(ports: SessionPorts) -> SessionLoop:
    """Return the desk of a session thread that begins."""
    return SessionLoop(
        ports,
        {
            SetNote: set_note,
            ConfirmWho: confirm_who,
            ConfirmClock: confirm_clock,
            SeenWorking: seen_working,
            ConfirmWorking: confirm_working,
            UnassignedSeen: unassigned_seen,
            AssignUnassigned: assign_unassigned,
            LeaveFilesOut: leave_files_out,
            EndSession: end_session,
            PauseSession: lambda loop, _: pause_session(loop),
            ActivitySeen: activity_seen,
            FinalSetFixed: final_set_fixed,
            AllStored: all_stored,
            AllRecorded: all_recorded,
            LackingTicket: lacking_found,
            RecordedAnew: owed_again,
            InstrumentTicket: instrument_answered,
            Backlog: lambda loop, message: loop.report.backlog(message),
            ReportTicket: lambda loop, reply: loop.report.answered(reply),
        },
    )


def session_main(loop: SessionLoop) -> None:
    """Run until `Stop`; then stop the transfer, and say `Stopped`.

    Parameters
    ----------
    loop
        New (`new_loop`); or after the thread's death its `SessionLoop.successor`: then the session goes on.
    """
    try:
        if loop.begun:
            tell_given_up(loop)
            _when_there_is_room(loop, _START, partial(go_on, loop))
        else:
            _begin(loop)
            loop.begun = True
        while True:
            change = loop.change or _wait_for_change(loop)
            loop.change = change
            _when_there_is_room(loop, _CHANGE, partial(change_user, loop, change))
            loop.change = None
            loop.answered(change.wish)
    except Stopping:
        _stop(loop)


def _begin(loop: SessionLoop) -> None:
    """Start, or catch up only."""
    _when_there_is_room(loop, _START, partial(_catch_up if loop.ports.station.catch_up_only else start_session, loop))


def _wait_for_change(loop: SessionLoop) -> Change:
    wish: ChangeUser = loop.wait_for(ChangeUser)
    return Change(wish, loop.ports.clock.now(), loop.ports.clock.monotonic(), loop.current)


def _catch_up(loop: SessionLoop) -> None:
    refuse_silent_fallback(loop)
    note_database(loop)
    if (confirmed := loop.ports.station.confirm_clock) is not None:
        if not loop.ports.facts.knows(confirmed):
            message = "The journal of this PC does not know it. 'nexuslims-logger sessions' lists the recent ones."
            raise StopAndTell(f"There is no session {confirmed} on this PC", message)
        confirm_clock(loop, ConfirmClock(confirmed))
    withdraw_leftover(loop)
    # There is nothing else to do, and `sync` must not be through before it is known.
    if compare(loop) and (reply := loop.wait_for(LackingTicket, ASK_S)):
        lacking_found(loop, reply)
        for _ in reply.value or ():
            owed_again(loop, loop.wait_for(RecordedAnew))
    loop.track()
    loop.push()


def _when_there_is_room(loop: SessionLoop, kind: str, flow: Callable[[], None]) -> None:
    """Go through a flow; with a full disk, as soon as there is room. Another error is told as trouble of this kind."""
    while True:
        try:
            flow()
        except JournalUnavailable as error:
            loop.flow_waits = True
            loop.journal_fails(error)
            loop.wait_for(TryAgain, JOURNAL_RETRY_S)
        except LoggerError as error:
            log.warning("%s: %s", error.title, error.message)
            setting = isinstance(error, ConfigurationError)
            loop.tell(Trouble(kind, Problem(error.title, error.message, loop.ports.clock.now(), setting=setting)))
            loop.failed_flow = kind
            break
        else:
            if loop.failed_flow == kind:
                loop.failed_flow = None
                loop.tell(Healed(kind))
            break
    loop.flow_waits = False
    loop.journal_works()


def _stop(loop: SessionLoop) -> None:
    ports = loop.ports
    ports.transfer.put(Stop())
    until = ports.clock.monotonic() + _STOP_S
    while (left := until - ports.clock.monotonic()) > 0:
        message: Any = ports.inbox.get(left)
        if isinstance(message, TransferStopped):
            break
        if isinstance(message, Backlog):
            loop.report.backlog(message)
    if loop.recording.at_rest:
        with suppress(JournalUnavailable):  # it matters to no session
            loop.report.stopped(ports.facts.session(loop.current) if loop.current else None)
    ports.window.put(Stopped())


def set_note(loop: SessionLoop, message: SetNote) -> None:
    """Replace a session's note; another computer's session has its note there.

    One that has ended meanwhile takes it, too: what was being typed when it ended is not lost, and no activity.
    """
    running, identifier = loop.running(), message.session_identifier
    facts = running if identifier is None else loop.ports.facts.session(identifier)
    if facts is None or facts.joined:
        return
    runs, now = running is not None and facts.identifier == running.identifier, loop.ports.clock.now()
    if facts.note != message.text:
        changes: dict[str, object] = {"last_activity_at": now} if runs else {}
        loop.ports.facts.change(facts.identifier, note=message.text, **changes)
    if runs:
        tell_activity(loop)
        somebody_works(loop)
    log.info("note of session %s saved (%d characters)", facts.identifier, len(message.text))
    loop.tell(NoteSaved(facts.identifier, message.text))


def pause_session(loop: SessionLoop) -> None:
    """Leave the session open on purpose; it is offered at the next start."""
    facts = loop.running()
    if facts is None:
        return
    loop.ports.facts.change(facts.identifier, state=SessionState.PAUSED, paused_at=loop.ports.clock.now())
    loop.track()
    loop.tell(SessionPaused(facts.identifier))


def activity_seen(loop: SessionLoop, message: ActivitySeen) -> None:
    """Keep the time of the newest file; it travels to the database with the next fact.

    That a file has come is work, also where its time is not the newest: a clock may have been set back.
    """
    facts = loop.running()
    if facts is None or facts.identifier != message.session_identifier:
        return
    if message.at > facts.last_activity_at:
        keep_activity(loop, facts, message.at)
    somebody_works(loop)

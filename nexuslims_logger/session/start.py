"""Session start (DESIGN.md section 4): from the launch to a START that is safe on this PC."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from nexuslims_logger.backoff import Backoff
from nexuslims_logger.errors import ConfigurationError, DatabaseUnavailable, UnknownInstrument
from nexuslims_logger.events import InstrumentUnknown, Problem, SessionStarted, Starting, StartStep
from nexuslims_logger.messages import Forget
from nexuslims_logger.session.clock_check import check_clock
from nexuslims_logger.session.forgotten import keep_watch
from nexuslims_logger.session.lost import ask_the_database
from nexuslims_logger.session.neighbour import withdraw_leftover
from nexuslims_logger.session.new_facts import new_facts
from nexuslims_logger.session.recover import recover_interrupted
from nexuslims_logger.session.restored import compare, note_database
from nexuslims_logger.session.service import TryAgain
from nexuslims_logger.session.who import ask_who, tell_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.journal.records import Instrument, SessionFacts
    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.loop import SessionLoop

log = logging.getLogger(__name__)

#: How long a finished session stays in the journal.
KEPT = timedelta(days=60)

_CENTRAL = "central_database"
_INSTRUMENT_FROM = "instrument_from"


@dataclass(frozen=True)
class InstrumentTicket:
    """A question for this computer's instrument."""


@dataclass(frozen=True)
class Newcomer:
    """Who begins to work, and since when; without a `user` it is asked while the session already runs.

    Attributes
    ----------
    at, at_monotonic
        By the PC's clock, and by the one that cannot be set.
    """

    user: str | None
    project: str | None
    at: datetime
    at_monotonic: float
    note: str = ""


def start_session(loop: SessionLoop) -> None:
    """Start a session, or continue the interrupted one; returns when START is safe and told.

    Raises
    ------
    Stopping
        The program is closed meanwhile; nothing is recorded under a guess.
    """
    loop.tell(Starting(StartStep.JOURNAL))
    refuse_silent_fallback(loop)
    note_database(loop)
    for forgotten in loop.ports.facts.forget_before(loop.ports.clock.now() - KEPT):
        loop.ports.transfer.put(Forget(forgotten))
    withdraw_leftover(loop)
    loop.track()
    loop.push()
    loop.tell(Starting(StartStep.RECOVERY))
    station = loop.ports.station
    if continued := recover_interrupted(loop):
        _runs(loop, continued.facts, continued=True, by_itself=continued.by_itself)
    else:
        launched = (station.launched_at, loop.launched_monotonic)
        begin_session(loop, Newcomer(station.user, station.project, *launched, station.note), beside=ask_the_database)


def begin_session(
    loop: SessionLoop,
    who: Newcomer,
    beside: Callable[[SessionLoop, Instrument], SessionFacts | None] = lambda _loop, _instrument: None,
) -> None:
    """Start a session at this computer's instrument; returns when START is safe and told.

    Parameters
    ----------
    beside
        Asks for open sessions there that the journal does not know, and returns the one that goes on here, or this PC's
        part of another computer's.
    """
    loop.tell(Starting(StartStep.INSTRUMENT))
    instrument = _instrument(loop)
    facts = beside(loop, instrument)
    loop.tell(Starting(StartStep.SESSION))
    if facts is None:
        facts = _new_session(loop, instrument, who)
        loop.ports.facts.add(facts)
    if facts.started_at == who.at:
        loop.began_monotonic[facts.identifier] = who.at_monotonic
    _runs(loop, facts, continued=facts.resumed > 0)


def go_on(loop: SessionLoop) -> None:
    """Take up again what runs, after the thread's death: nobody is asked anything."""
    facts = loop.running()
    if facts is not None:
        _runs(loop, facts, continued=True)
        return
    loop.track()
    loop.push()


def _runs(loop: SessionLoop, facts: SessionFacts, *, continued: bool = False, by_itself: bool = False) -> None:
    loop.current = facts.identifier
    log.info("session %s at %s %s", facts.identifier, facts.instrument_pid, "goes on" if continued else "starts")
    loop.tell(
        SessionStarted(
            facts.identifier,
            facts.instrument_name,
            facts.user,
            facts.started_at,
            facts.note,
            continued=continued,
            joined=facts.joined,
            project=facts.project,
            by_itself=by_itself,
            stored_in=_stored_in(facts),
            folders=tuple(folder.path for folder in facts.folders),
        )
    )
    tell_names(loop)
    if not facts.confirmed:
        ask_who(loop, facts.identifier)
    check_clock(loop, facts)
    keep_watch(loop, facts)
    loop.track()
    loop.push()
    if not loop.compared:
        compare(loop)


def _stored_in(facts: SessionFacts) -> str:
    """Return where the session's files are in the store, in the form of the store's URL."""
    place = facts.filestore_path.replace("\\", "/").removeprefix("./").strip("/")
    url = facts.store_url.rstrip("/")
    return f"{url}/{quote(place)}" if url.startswith("file:") else f"{url}/{place}"


def refuse_silent_fallback(loop: SessionLoop) -> None:
    """Refuse the embedded database on a PC that has known a central one: its configuration has gone.

    Raises
    ------
    ConfigurationError
        With the two ways out.
    """
    station, facts = loop.ports.station, loop.ports.facts
    central = facts.meta(_CENTRAL)
    if station.this_pc_only and central:
        message = (
            f"This PC used to record in {central}, but neither NEXUSLIMSGUI_CLOUDSQL_INSTANCE nor "
            "NEXUSLIMSGUI_DATABASE_URL is set any more. Restore the configuration; or, to record on this PC "
            "only from now on, choose another NEXUSLIMSGUI_HOME."
        )
        raise ConfigurationError("The central database is no longer configured", message)
    if not station.this_pc_only and central != station.database_label:
        facts.set_meta(_CENTRAL, station.database_label)


def _new_session(loop: SessionLoop, instrument: Instrument, who: Newcomer) -> SessionFacts:
    return new_facts(
        loop,
        instrument,
        loop.ports.random.identifier(),
        user=who.user,
        project=who.project,
        note=who.note,
        started_at=who.at,
        revision=0 if who.user is None else 1,
    )


def _instrument(loop: SessionLoop) -> Instrument:
    """Return the journal's copy at once, or ask until the database knows this computer."""
    copy = _copy(loop)
    _ask(loop)
    if copy:
        return copy
    delay, clock = Backoff(2, 60), loop.ports.clock
    while True:
        reply = loop.wait_for(InstrumentTicket)
        instrument_answered(loop, reply)
        if reply.error is None:
            instrument: Instrument = reply.value
            return instrument
        offline = isinstance(reply.error, DatabaseUnavailable)
        problem = Problem(reply.error.title, reply.error.message, clock.now(), offline)
        delay.failed(clock.monotonic(), loop.ports.random.fraction(), problem)
        answered = isinstance(reply.error, UnknownInstrument)
        loop.tell(InstrumentUnknown(loop.ports.station.computer_name, problem, answered))
        loop.wait_for(TryAgain, max(0.0, (delay.retry_at or 0.0) - clock.monotonic()))
        _ask(loop)


def _copy(loop: SessionLoop) -> Instrument | None:
    station, facts = loop.ports.station, loop.ports.facts
    copy = facts.instrument()
    if copy is None or facts.meta(_INSTRUMENT_FROM) != station.database_label:
        return None
    if station.instrument_pid is not None:
        return copy if copy.instrument_pid == station.instrument_pid else None
    return copy if (copy.computer_name or "").casefold() == station.computer_name.casefold() else None


def _ask(loop: SessionLoop) -> None:
    from nexuslims_logger.db.tasks import find_instrument

    station = loop.ports.station
    loop.ports.database.submit(
        find_instrument,
        station.computer_name,
        station.instrument_pid,
        station.this_pc_only,
        ticket=InstrumentTicket(),
        reply_to=loop.ports.inbox,
    )


def instrument_answered(loop: SessionLoop, reply: Reply) -> None:
    """Keep a copy of the instrument for the starts without a network, whoever asked."""
    if reply.error is not None:
        return
    station, facts = loop.ports.station, loop.ports.facts
    facts.remember_instrument(reply.value)
    if facts.meta(_INSTRUMENT_FROM) != station.database_label:
        facts.set_meta(_INSTRUMENT_FROM, station.database_label)

"""Defects to be put in on purpose, each of which the simulator must find: it says which promise it sees broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import update as sql_update

from nexuslims_logger.db import apply_session, parts
from nexuslims_logger.db.records import EventRows, EventType, RecordStatus
from nexuslims_logger.db.repository import Repository
from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.events import InterruptedChoice, NeighbourChoice, NoteSaved
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import EndReason
from nexuslims_logger.models import SESSION_LOG
from nexuslims_logger.session import clock_check
from nexuslims_logger.session import end as session_end
from nexuslims_logger.session import main as session_main
from nexuslims_logger.session import recover as session_recover
from nexuslims_logger.session import start as session_start
from nexuslims_logger.session.loop import SessionLoop
from nexuslims_logger.session.main import set_note
from nexuslims_logger.storage.contract import StoredObject
from nexuslims_logger.transfer import finish, looking, ownership, recovery, scan, send
from nexuslims_logger.transfer.verify import Compared
from tests.contract.memory_store import MemoryStore
from tests.simulation import builder, pc, people, sim_clock, sim_database, sim_store, world
from tests.simulation.faults import Faults
from tests.simulation.microscope import Microscope
from tests.simulation.sim_database import SimDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import pytest

    from nexuslims_logger.db.records import EventRow
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.journal.seen import Seen
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.session.service import SetNote
    from nexuslims_logger.storage.contract import ObjectStore
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.scan import ScanOutcome
    from nexuslims_logger.transfer.session_manifest import SessionManifest

#: By name.
BITES: dict[str, Bite] = {}


@dataclass(frozen=True)
class Bite:
    """A defect, and how its discovery begins."""

    put_in: Callable[[pytest.MonkeyPatch], None]
    promises: tuple[str, ...]


def bite(*promises: str) -> Callable[[Callable[[pytest.MonkeyPatch], None]], Callable[[pytest.MonkeyPatch], None]]:
    """Register a defect by what it breaks: one of `promises`."""

    def register(put_in: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
        BITES[put_in.__name__] = Bite(put_in, promises)
        return put_in

    return register


def _two_at_one_instrument(monkeypatch: pytest.MonkeyPatch, answer: NeighbourChoice) -> None:
    """Let two computers meet in every run, undisturbed, and always answer so."""
    monkeypatch.setattr(world, "choose_instruments", lambda random: [("Titan", "scope"), ("Titan", "scope")])
    monkeypatch.setattr(people, "BESIDE", (answer,))
    monkeypatch.setattr(Faults, "choose", lambda self: None)


@bite("P2: the session had no such file")
def a_file_is_not_looked_at_again_after_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    # Contents of one size, so that only a look at the times tells one from the next.
    monkeypatch.setattr(Microscope, "content", lambda self: self.random.randbytes(8))
    monkeypatch.setattr(send, "_must_be", lambda file, now: None)


@bite("P3: ready without a file", "did not converge")
def ready_does_not_wait_for_the_scan_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FilesJournal, "final_set_fixed", lambda self, session: True)


@bite("P3: ready without a file")
def an_incomplete_scan_fixes_the_final_set(monkeypatch: pytest.MonkeyPatch) -> None:
    really_scan = scan.scan

    def hopeful_scan(ports: TransferPorts, sessions: Sequence[TrackedSession], *more: Any) -> ScanOutcome:
        outcome = really_scan(ports, sessions, *more)
        outcome.complete_roots.update(scan.roots_of(sessions))
        return outcome

    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"disk.folder unreadable": 0.1}))
    monkeypatch.setattr(looking, "scan", hopeful_scan)


@bite("P3: START ready, END not")
def start_becomes_ready_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    really_release = Repository.release_event

    def release_event(self: Repository, session_identifier: str, event_type: EventType) -> None:
        if event_type is EventType.START:
            really_release(self, session_identifier, event_type)

    monkeypatch.setattr(Repository, "release_event", release_event)


@bite("P3: ready before a part is finished", "P3: ready, and not in its manifest")
def the_owner_does_not_wait_for_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def finish_own(repository: Repository, facts: SessionFacts, start: EventRow | None) -> tuple[str, ...]:
        if start is not None and start.waits_for:
            repository.change_waits_for(start, "")
        parts.release(repository, facts.identifier)
        return ()

    _two_at_one_instrument(monkeypatch, NeighbourChoice.JOIN)
    monkeypatch.setattr(apply_session, "finish_own", finish_own)


@bite("P1: ended later than the last activity")
def a_take_over_ends_the_session_when_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_activity(start: EventRow, newest_file: datetime | None, now: datetime | None) -> datetime:
        return max(now or start.timestamp, start.timestamp + timedelta(microseconds=1))

    _two_at_one_instrument(monkeypatch, NeighbourChoice.TAKE_OVER)
    monkeypatch.setattr(parts, "last_activity", last_activity)


@bite("did not converge")
def a_part_is_never_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    _two_at_one_instrument(monkeypatch, NeighbourChoice.JOIN)
    monkeypatch.setattr(parts, "_without", lambda names, computer_name: names)


@bite("P2: it was never stored")
def a_lost_answer_counts_as_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    really_put = send._put

    def put(store: ObjectStore, file: send.FileToSend, reader: Any, md5: str, *more: Any) -> tuple[StoredObject, bool]:
        try:
            return really_put(store, file, reader, md5, *more)
        except StoreUnavailable:
            return StoredObject(file.object_name, file.stat.size, md5, 1, file.stat.mtime_ns, file.origin), False

    monkeypatch.setattr(send, "_put", put)


@bite("P2: the session had no such file")
def an_upload_of_earlier_content_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every file can be resumed, and many answers are lost: the store has the earlier content, and says so.
    monkeypatch.setattr(sim_store, "_RESUMABLE_BYTES", 1)
    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"store.answer lost": 0.3}))
    monkeypatch.setattr(send, "_goes_on", lambda earlier, upload: earlier is not None)
    monkeypatch.setattr(send, "_must_hold", lambda stored, md5: None)


@bite("P2: not in the store as the manifest says")
def nobody_compares_with_a_store_that_loses_things(monkeypatch: pytest.MonkeyPatch) -> None:
    really_put = MemoryStore.put

    def put(self: MemoryStore, name: str, *arguments: Any, **more: Any) -> StoredObject:
        stored = really_put(self, name, *arguments, **more)
        if stored.generation % 5 == 0:
            del self._kept[name]
        return stored

    def verify_some(store: ObjectStore, results: Sequence[Result]) -> Compared:
        return Compared()

    monkeypatch.setattr(MemoryStore, "put", put)
    monkeypatch.setattr(finish, "verify_some", verify_some)


@bite("P3: ready, and not in its manifest")
def a_manifest_that_is_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def store_manifest(store: ObjectStore, manifest: SessionManifest) -> None:
        pass

    monkeypatch.setattr(finish, "store_manifest", store_manifest)


@bite("P2:")
def another_session_s_content_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "copy", lambda self, name, to, *, if_generation: self.stat(name))


@bite("P1: a note is lost", "P1: ended later than the last activity")
def a_note_is_shown_before_it_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    really_handle = SessionLoop._handle
    waiting: dict[SessionLoop, SetNote] = {}

    def keep_note(loop: SessionLoop, message: SetNote) -> None:
        facts = loop.running()
        if facts is not None:
            waiting[loop] = message
            loop.tell(NoteSaved(facts.identifier, message.text))

    def handle(self: SessionLoop, message: Any) -> None:
        # Only when the next message comes.
        if self in waiting:
            set_note(self, waiting.pop(self))
        really_handle(self, message)

    monkeypatch.setattr(session_main, "set_note", keep_note)
    monkeypatch.setattr(SessionLoop, "_handle", handle)


@bite("P1: ended later than the last activity", "P3: ready without a file")
def an_interrupted_session_ends_when_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    really_write = session_end.write_end

    def write_end(loop: SessionLoop, facts: SessionFacts, at: datetime, *how: Any, **more: Any) -> SessionFacts:
        return really_write(loop, facts, loop.ports.clock.now(), *how, **more)

    monkeypatch.setattr(session_recover, "write_end", write_end)


@bite("P3: ready with the times of a wrong clock")
def a_wrong_clock_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check, "clock_in_doubt", lambda loop, facts: None)


@bite("P4: a START without a name")
def a_start_is_sent_before_it_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    really_add = FactsJournal.add
    monkeypatch.setattr(FactsJournal, "add", lambda self, facts: really_add(self, replace(facts, revision=1)))


@bite("P3: ready without a file", "P3: a file is nowhere")
def a_quick_look_writes_down_what_it_sees_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(ports: TransferPorts, *arguments: Any) -> Seen | None:
        seen = scan.take(ports, *arguments)
        if seen is not None:
            ports.files.put(replace(seen, owner=None))
        return seen

    monkeypatch.setattr(looking, "take", take)


@bite("P4: two STARTs")
def a_fact_is_applied_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    # As a schema without the unique key would let it happen.
    really_connect = SimDatabase.__init__

    def connect(self: SimDatabase, *arguments: Any) -> None:
        really_connect(self, *arguments)
        self._anchor.execute("DROP INDEX uq_session_log_once")

    def event_rows(self: Repository, session_identifier: str) -> EventRows:
        return EventRows(None, None, None)

    monkeypatch.setattr(SimDatabase, "__init__", connect)
    monkeypatch.setattr(sim_database._Repository, "event_rows", event_rows)


@bite("P3: a status was moved back")
def a_status_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    really_update = Repository.update_event

    def update_event(self: Repository, row: EventRow, wanted: Mapping[str, object]) -> None:
        really_update(self, row, {**wanted, "record_status": RecordStatus.WAITING_FOR_END})

    _let_answers_be_lost_beside_an_eager_builder(monkeypatch)
    monkeypatch.setattr(Repository, "update_event", update_event)


@bite("P3: a status was moved back")
def ready_is_written_whatever_the_builder_has_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def release_event(self: Repository, session_identifier: str, event_type: EventType) -> None:
        ours = SESSION_LOG.c.session_identifier == session_identifier, SESSION_LOG.c.event_type == event_type
        self._connection.execute(sql_update(SESSION_LOG).where(*ours).values(record_status=RecordStatus.TO_BE_BUILT))

    _let_answers_be_lost_beside_an_eager_builder(monkeypatch)
    monkeypatch.setattr(Repository, "release_event", release_event)


@bite("P4: another user than shown")
def a_confirmed_name_is_shown_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FactsJournal, "confirm", lambda self, identifier, user, project: self.session(identifier))


@bite("P1: ended behind a gap")
def a_session_that_was_left_goes_on_behind_the_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    _let_sessions_be_left(monkeypatch)
    monkeypatch.setattr(recovery, "last_before_gap", lambda start, moments, gap: max([start, *moments]))


@bite("P1: ended before it was continued")
def a_gap_before_a_continue_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    _let_sessions_be_left(monkeypatch)
    monkeypatch.setattr(people, "ANSWERS", (InterruptedChoice.CONTINUE,))
    monkeypatch.setattr(session_recover, "_resumed_at", lambda loop, facts: None)


@bite("P1: taken over before its last activity")
def a_take_over_goes_by_the_database_s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    _two_at_one_instrument(monkeypatch, NeighbourChoice.TAKE_OVER)
    monkeypatch.setitem(pc.CHANCES, "clock hours wrong", 1.0)
    monkeypatch.setattr(parts, "_now_there", lambda found, start, at: found.database_now)


@bite("P3: ready with the times of a wrong clock")
def nobody_notices_that_the_clock_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pc.CHANCES, "clock setter", 1.0)
    monkeypatch.setattr(sim_clock, "WAYS", ("hours",))
    monkeypatch.setattr(sim_clock, "HOURS", (3.0,))
    monkeypatch.setattr(clock_check.ClockWatch, "look", lambda self: None)


@bite("P2: the session had no such file")
def a_clock_that_was_reset_makes_every_file_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pc.CHANCES, "clock setter", 1.0)
    monkeypatch.setattr(sim_clock, "WAYS", ("reset",))
    monkeypatch.setattr(scan, "spans", lambda session, clock: [(session.started_at, ownership._NEVER)])


@bite("P2: not in the store that was set at START")
def earlier_sessions_go_to_the_store_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pc.CHANCES, "store changes", 1.0)
    monkeypatch.setattr(SessionLoop, "_goes_here", lambda self, facts: True)


@bite("P1: ended later than the last activity")
def a_thread_that_comes_back_ends_the_session_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def go_on(loop: SessionLoop) -> None:
        if facts := loop.running():
            now = loop.ports.clock.now()
            session_end.write_end(loop, facts, now, EndReason.LAST_ACTIVITY, take_until=now)
        session_start.go_on(loop)

    _let_session_threads_die(monkeypatch)
    monkeypatch.setattr(session_main, "go_on", go_on)


@bite("P4: another user than who began it")
def a_thread_that_comes_back_changes_to_the_user_who_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    really_succeed = SessionLoop.successor

    def successor(self: SessionLoop) -> SessionLoop:
        after = really_succeed(self)
        if after.change and after.change.leaves:
            user = self.ports.facts.session(after.change.leaves).user or ""
            after.change = replace(after.change, wish=replace(after.change.wish, user=user))
        return after

    _let_session_threads_die(monkeypatch)
    monkeypatch.setattr(SessionLoop, "successor", successor)


def _let_sessions_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pc.CHANCES, "short gap", 1.0)
    monkeypatch.setattr(pc, "SHORT_GAPS_S", (40.0,))
    monkeypatch.setattr(pc, "BUSY_S", (60.0,))
    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"crash": 1.0}))


def _let_session_threads_die(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pc, "BUSY_S", (60.0,))
    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"journal.its thread dies": 0.1}))


def _let_answers_be_lost_beside_an_eager_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the builder be there before what was committed without an answer is written again."""
    monkeypatch.setitem(pc.CHANCES, "builder", 1.0)
    monkeypatch.setattr(builder, "PAUSES", ((0.5, 1.0),))
    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"database.answer lost": 0.4}))

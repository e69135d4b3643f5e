"""The simulator finds defects: each of these was put in on purpose, and is caught within a few seeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.db import apply_session, parts
from nexuslims_logger.db.records import EventType
from nexuslims_logger.db.repository import Repository
from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.events import NeighbourChoice, NoteSaved
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.session import clock_check
from nexuslims_logger.session import end as session_end
from nexuslims_logger.session import main as session_main
from nexuslims_logger.session import recover as session_recover
from nexuslims_logger.session.loop import SessionLoop
from nexuslims_logger.session.main import set_note
from nexuslims_logger.storage.contract import StoredObject
from nexuslims_logger.transfer import finish, looking, scan, send
from nexuslims_logger.transfer.verify import Compared
from tests.contract.memory_store import MemoryStore
from tests.simulation import people, sim_store, world
from tests.simulation.faults import Faults
from tests.simulation.microscope import Microscope
from tests.simulation.run import RunFailed, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pytest

    from nexuslims_logger.db.records import EventRow
    from nexuslims_logger.journal.records import SessionFacts
    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.session.service import SetNote
    from nexuslims_logger.storage.contract import ObjectStore
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.scan import ScanOutcome
    from nexuslims_logger.transfer.session_manifest import SessionManifest

#: So many seeds suffice for each.
SEEDS = range(1000, 1100)


def _two_at_one_instrument(monkeypatch: pytest.MonkeyPatch, answer: NeighbourChoice) -> None:
    """Let two computers meet in every run, undisturbed, and always answer so."""
    monkeypatch.setattr(world, "choose_instruments", lambda random: [("Titan", "scope"), ("Titan", "scope")])
    monkeypatch.setattr(people, "BESIDE", (answer,))
    monkeypatch.setattr(Faults, "choose", lambda self: None)


def _caught(*promises: str, first: int = SEEDS.start) -> None:
    """Run until one of the promises is seen broken, beginning where that is soon, as the program is now."""
    noticed = None
    for seed in range(first, first + len(SEEDS)):
        try:
            run(seed, lines=20)
        except RunFailed as failed:
            noticed = str(failed.failure)
            break
    assert noticed is not None, f"{len(SEEDS)} seeds noticed nothing"
    assert any(promise in noticed for promise in promises), noticed


def test_a_file_is_not_looked_at_again_after_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    # Contents of one size, so that only a look at the times tells one from the next.
    monkeypatch.setattr(Microscope, "content", lambda self: self.random.randbytes(8))
    monkeypatch.setattr(send, "_must_be", lambda file, now: None)
    _caught("P2: the session had no such file", first=1030)


def test_ready_does_not_wait_for_the_scan_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FilesJournal, "final_set_fixed", lambda self, session: True)
    _caught("P3: ready without a file", first=1013)


def test_an_incomplete_scan_fixes_the_final_set(monkeypatch: pytest.MonkeyPatch) -> None:
    really_scan = scan.scan

    def hopeful_scan(ports: TransferPorts, sessions: Sequence[TrackedSession], *more: Any) -> ScanOutcome:
        outcome = really_scan(ports, sessions, *more)
        outcome.complete_roots.update(scan.roots_of(sessions))
        return outcome

    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"disk.folder unreadable": 0.1}))
    monkeypatch.setattr(looking, "scan", hopeful_scan)
    _caught("P3: ready without a file", first=1028)


def test_start_becomes_ready_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    really_release = Repository.release_event

    def release_event(self: Repository, session_identifier: str, event_type: EventType) -> None:
        if event_type is EventType.START:
            really_release(self, session_identifier, event_type)

    monkeypatch.setattr(Repository, "release_event", release_event)
    _caught("P3: START ready, END not")


def test_the_owner_does_not_wait_for_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def finish_own(repository: Repository, facts: SessionFacts, start: EventRow | None) -> tuple[str, ...]:
        if start is not None and start.waits_for:
            repository.change_waits_for(start, "")
        parts.release(repository, facts.identifier)
        return ()

    _two_at_one_instrument(monkeypatch, NeighbourChoice.JOIN)
    monkeypatch.setattr(apply_session, "finish_own", finish_own)
    _caught("P3: ready before a part is finished", "P3: ready, and not in its manifest")


def test_a_take_over_ends_the_session_when_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_activity(start: EventRow, newest_file: datetime | None, now: datetime | None) -> datetime:
        return max(now or start.timestamp, start.timestamp + timedelta(microseconds=1))

    _two_at_one_instrument(monkeypatch, NeighbourChoice.TAKE_OVER)
    monkeypatch.setattr(parts, "last_activity", last_activity)
    _caught("P1: ended later than the last activity")


def test_a_part_is_never_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    _two_at_one_instrument(monkeypatch, NeighbourChoice.JOIN)
    monkeypatch.setattr(parts, "_without", lambda names, computer_name: names)
    _caught("did not converge")


def test_a_lost_answer_counts_as_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    really_put = send._put

    def put(store: ObjectStore, file: send.FileToSend, reader: Any, md5: str, *more: Any) -> tuple[StoredObject, bool]:
        try:
            return really_put(store, file, reader, md5, *more)
        except StoreUnavailable:
            return StoredObject(file.object_name, file.stat.size, md5, 1, file.stat.mtime_ns, file.origin), False

    monkeypatch.setattr(send, "_put", put)
    _caught("P2: it was never stored")


def test_an_upload_of_earlier_content_is_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every file can be resumed, and many answers are lost: the store has the earlier content, and says so.
    monkeypatch.setattr(sim_store, "_RESUMABLE_BYTES", 1)
    monkeypatch.setattr(Faults, "choose", lambda self: self.rates.update({"store.answer lost": 0.3}))
    monkeypatch.setattr(send, "_goes_on", lambda earlier, upload: earlier is not None)
    monkeypatch.setattr(send, "_must_hold", lambda stored, md5: None)
    _caught("P2: the session had no such file")


def test_nobody_compares_with_a_store_that_loses_things(monkeypatch: pytest.MonkeyPatch) -> None:
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
    _caught("P2: not in the store as the manifest says")


def test_a_manifest_that_is_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def store_manifest(store: ObjectStore, manifest: SessionManifest) -> None:
        pass

    monkeypatch.setattr(finish, "store_manifest", store_manifest)
    _caught("P3: ready, and not in its manifest")


def test_another_session_s_content_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "copy", lambda self, name, to, *, if_generation: self.stat(name))
    _caught("P2:")


def test_a_note_is_shown_before_it_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
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
    _caught("P1: a note is lost", "P1: ended later than the last activity", first=1020)


def test_an_interrupted_session_ends_when_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    really_write = session_end.write_end

    def write_end(loop: SessionLoop, facts: SessionFacts, at: datetime, *how: Any, **more: Any) -> SessionFacts:
        return really_write(loop, facts, loop.ports.clock.now(), *how, **more)

    monkeypatch.setattr(session_recover, "write_end", write_end)
    _caught("P1: ended later than the last activity", "P3: ready without a file")


def test_a_wrong_clock_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_check, "clock_in_doubt", lambda loop, facts: None)
    _caught("P3: ready with the times of a wrong clock")


def test_a_start_is_sent_before_it_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    really_add = FactsJournal.add
    monkeypatch.setattr(FactsJournal, "add", lambda self, facts: really_add(self, replace(facts, revision=1)))
    _caught("P4: a START without a name")

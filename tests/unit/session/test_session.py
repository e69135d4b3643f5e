from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from nexuslims_logger.errors import DatabaseUnavailable, JournalUnavailable, UnknownInstrument
from nexuslims_logger.events import (
    CatchUp,
    Healed,
    InstrumentUnknown,
    InterruptedChoice,
    InterruptedFound,
    NoteSaved,
    RecordState,
    SessionEnding,
    SessionPaused,
    SessionReady,
    SessionStarted,
    SessionStored,
    Stopped,
    Trouble,
)
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.session.loop import JOURNAL_RETRY_S
from nexuslims_logger.session.recording import LOOK_EVERY_S
from nexuslims_logger.session.service import (
    AnswerInterrupted,
    ConfirmClock,
    EndSession,
    PauseSession,
    SetNote,
    TryAgain,
)
from tests.unit.session.conftest import LAUNCH, InlineOutage, Pc, Script


def of_kind(told: list[Any], kind: type) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


def test_a_whole_session(pc: Pc) -> None:
    told = pc.run(pc.later(60, SetNote("grid 7")), pc.later(600, EndSession()))
    steps = [type(event) for event in told]
    expected = [SessionStarted, NoteSaved, SessionEnding, SessionStored, SessionReady, Stopped]
    assert [step for step in steps if step in expected] == expected
    assert pc.rows() == [
        ("session-1", "START", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:00:00.000000", None),
        ("session-1", "END", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:11:00.000000", None),
    ]


def test_what_was_typed_when_the_session_ended_is_its_note_and_no_activity(pc: Pc) -> None:
    pc.run(pc.later(60, EndSession()))
    activity = pc.session().last_activity_at
    pc.run(pc.later(60, SetNote("last words", "session-1")), catch_up_only=True)
    assert [row[4] for row in pc.rows()] == ["last words", "last words"]
    assert pc.session().last_activity_at == activity


def test_start_has_the_time_of_the_launch(pc: Pc) -> None:
    pc.run(launched_at=LAUNCH - timedelta(seconds=3))
    assert pc.session().started_at == LAUNCH - timedelta(seconds=3)


def test_a_file_finished_after_the_click_moves_end(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(pc.later(60, EndSession()))
    pc.clock.go_on(30)
    pc.files_arrive = True
    pc.last_file_at = LAUNCH + timedelta(seconds=75)
    pc.run(catch_up_only=True)
    end = pc.rows()[1]
    assert end[5:] == ("2026-11-20 09:01:15.000000", "LAST_FILE")
    assert end[3] == "TO_BE_BUILT"


def test_a_file_from_the_future_does_not_move_end(pc: Pc) -> None:
    pc.last_file_at = LAUNCH + timedelta(days=400)
    pc.run(pc.later(60, EndSession()))
    assert pc.rows()[1][5:] == ("2026-11-20 09:01:00.000000", None)


def test_without_a_database_everything_happens_but_the_read_back(pc: Pc) -> None:
    pc.run()  # the journal knows the instrument from now on
    pc.run(interrupted=InterruptedChoice.END)
    away = True

    def maybe(*_: object) -> None:
        if away:
            raise DatabaseUnavailable("The database does not answer", "The network may be gone.")

    pc.database.before = maybe
    told = pc.run(EndSession(), interrupted=InterruptedChoice.END)
    assert of_kind(told, SessionStored)
    assert not of_kind(told, SessionReady)
    assert any(event.problem for event in of_kind(told, RecordState))
    away = False
    pc.run(catch_up_only=True)
    assert {row[3] for row in pc.rows()} == {"TO_BE_BUILT"}


def test_times_are_those_at_which_things_happened_not_of_arrival(pc: Pc) -> None:
    pc.run(EndSession())
    offline = InlineOutage(pc)
    pc.clock.go_on(3600)
    offline.begin()
    pc.run(pc.later(60, EndSession()))
    pc.clock.go_on(86_400)
    offline.end()
    pc.run(catch_up_only=True)
    times = [row[5] for row in pc.rows() if row[0] == "session-2"]
    assert times == ["2026-11-20 10:00:00.000000", "2026-11-20 10:01:00.000000"]


def test_two_sessions_without_a_network_arrive_complete_and_in_order(pc: Pc) -> None:
    pc.run(EndSession())
    offline = InlineOutage(pc)
    offline.begin()
    for user in ("ada", "bob"):  # the PC is rebooted between them
        pc.clock.go_on(3600)
        pc.run(SetNote(f"{user}'s"), pc.later(60, EndSession()), user=user)
    pc.clock.go_on(86_400)
    offline.end()

    pc.run(catch_up_only=True)

    with sqlite3.connect(pc.settings.embedded_database) as connection:
        arrived = connection.execute(
            "SELECT event_type, user, record_status, session_note, timestamp FROM session_log "
            "WHERE session_identifier <> 'session-1' ORDER BY id_session_log"
        ).fetchall()
    connection.close()
    ready = "TO_BE_BUILT"
    assert arrived == [
        ("START", "ada", ready, "ada's", "2026-11-20 10:00:00.000000"),
        ("END", "ada", ready, "ada's", "2026-11-20 10:01:00.000000"),
        ("START", "bob", ready, "bob's", "2026-11-20 11:01:00.000000"),
        ("END", "bob", ready, "bob's", "2026-11-20 11:02:00.000000"),
    ]


def test_an_answer_lost_after_the_commit_does_no_harm(pc: Pc) -> None:
    lost = iter([True])
    really_submit = pc.database.submit

    def submit(function: Any, *args: Any, ticket: object, reply_to: Any) -> None:
        if function.__name__ == "apply_session" and next(lost, False):
            function(pc.units, *args)  # arrives; what follows is the answer that does not

            def refuse(*_: object) -> None:
                pc.database.before = None
                raise DatabaseUnavailable("Connection lost", "try later")

            pc.database.before = refuse
        really_submit(function, *args, ticket=ticket, reply_to=reply_to)

    pc.database.submit = submit  # type: ignore[method-assign] # a lost answer stands between us and the real one
    pc.run(TryAgain(), EndSession(), TryAgain())
    pc.run(catch_up_only=True)
    assert [(row[1], row[3]) for row in pc.rows()] == [("START", "TO_BE_BUILT"), ("END", "TO_BE_BUILT")]


def test_an_unknown_computer_records_nothing_until_it_is_registered(pc: Pc) -> None:
    known = False

    def lookup(name: str, *_: object) -> None:
        if name == "find_instrument" and not known:
            raise UnknownInstrument("Unknown computer", "Give the name TEM-PC to the facility manager.")

    pc.database.before = lookup

    def register() -> TryAgain:
        nonlocal known
        known = True
        return TryAgain()

    told = pc.run(TryAgain(), register, EndSession())
    unknown = of_kind(told, InstrumentUnknown)
    assert len(unknown) >= 2
    assert (unknown[0].computer_name, unknown[0].answered) == ("TEM-PC", True)
    assert len(pc.rows()) == 2


def test_a_database_that_does_not_answer_knows_nothing_of_this_computer(pc: Pc) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailable("The database cannot be reached", "errno 111")

    pc.database.before = away
    unknown = of_kind(pc.run(), InstrumentUnknown)
    assert unknown
    assert not any(one.answered for one in unknown)
    assert all(one.problem.offline for one in unknown)


def test_nothing_is_recorded_under_a_guess(pc: Pc) -> None:
    def lookup(name: str, *_: object) -> None:
        raise UnknownInstrument("Unknown computer", name)

    pc.database.before = lookup
    pc.run()
    assert pc.rows() == []
    assert pc.facts.unsent() == []


def test_pause_leaves_the_session_open_and_takes_the_pause_off_the_hours(pc: Pc) -> None:
    told = pc.run(pc.later(60, PauseSession()))
    assert of_kind(told, SessionPaused)
    assert pc.session().state is SessionState.PAUSED
    pc.clock.go_on(600)
    told = pc.run(AnswerInterrupted(InterruptedChoice.CONTINUE), pc.later(30, EndSession()))
    assert of_kind(told, InterruptedFound)[0].paused
    facts = pc.session()
    assert (facts.paused_seconds, facts.resumed) == (600, 1)
    assert len(pc.rows()) == 2


def test_a_crashed_session_of_another_user_ends_at_its_last_activity(pc: Pc) -> None:
    pc.run(SetNote("of ada"))
    pc.clock.go_on(3 * 86_400)
    pc.last_activity_at = LAUNCH + timedelta(minutes=90)
    told = pc.run(AnswerInterrupted(InterruptedChoice.END), EndSession(), user="bob")
    found = of_kind(told, InterruptedFound)[0]
    assert (found.user, found.same_user, found.suggestion) == ("ada", False, InterruptedChoice.END)
    assert found.files_waiting == 2
    rows = pc.rows()
    assert rows[:2] == [
        ("session-1", "START", "ada", "TO_BE_BUILT", "of ada", "2026-11-20 09:00:00.000000", None),
        ("session-1", "END", "ada", "TO_BE_BUILT", "of ada", "2026-11-20 10:30:00.000000", "LAST_ACTIVITY"),
    ]
    assert [row[2] for row in rows[2:]] == ["bob", "bob"]
    assert [row[4] for row in rows[2:]] in (["", ""], [None, None])


def test_the_same_user_after_a_short_gap_may_go_on(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(600)
    told = pc.run(AnswerInterrupted(InterruptedChoice.CONTINUE), EndSession())
    assert of_kind(told, InterruptedFound)[0].suggestion is InterruptedChoice.CONTINUE
    assert of_kind(told, SessionStarted)[0].continued
    assert len(pc.rows()) == 2


def test_the_same_user_after_a_weekend_is_asked_to_end_first(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(60 * 3600)
    told = pc.run(AnswerInterrupted(InterruptedChoice.END))
    assert of_kind(told, InterruptedFound)[0].suggestion is InterruptedChoice.END


def test_a_session_without_any_activity_still_ends_after_its_start(pc: Pc) -> None:
    pc.run()
    pc.run(interrupted=InterruptedChoice.END)
    assert pc.session().ended_at == LAUNCH + timedelta(microseconds=1)


def test_an_ended_session_is_caught_up_while_the_next_one_runs(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(EndSession())
    assert pc.session().state is SessionState.ENDING
    pc.files_arrive = True
    pc.run(user="bob")
    assert [(row[0], row[3]) for row in pc.rows()] == [
        ("session-1", "TO_BE_BUILT"),
        ("session-1", "TO_BE_BUILT"),
        ("session-2", "WAITING_FOR_END"),
    ]


def test_a_pc_that_knew_a_central_database_does_not_fall_back_silently(pc: Pc) -> None:
    pc.run(EndSession(), this_pc_only=False, database_label="db.example.org:3306/nexuslims")
    before = pc.rows()
    told = pc.run()
    assert of_kind(told, Trouble)[0].problem.title == "The central database is no longer configured"
    assert pc.rows() == before


def test_the_note_can_be_emptied(pc: Pc) -> None:
    pc.run(SetNote("wrong"), SetNote(""), EndSession())
    assert [row[4] for row in pc.rows()] in (["", ""], [None, None])


def test_a_session_costs_a_fixed_number_of_database_tasks(pc: Pc) -> None:
    tasks: list[str] = []
    pc.database.before = lambda name, *_: tasks.append(name)
    pc.run(EndSession())
    # Asked for the instrument once; applied at START, at END, and when ready.
    assert tasks.count("find_instrument") == 1
    assert tasks.count("apply_session") <= 4


def test_a_folder_that_was_away_at_recovery_may_still_bring_files(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(3600)
    pc.folders_there = False
    pc.last_activity_at = LAUNCH + timedelta(minutes=5)
    pc.files_arrive = False
    pc.run(pc.later(60, AnswerInterrupted(InterruptedChoice.END)))  # by then files of the next session may be there
    ended = next(session for session in pc.transfer.tracked if session.ended)
    assert ended.ended_at == LAUNCH + timedelta(minutes=5)
    assert ended.take_until == LAUNCH + timedelta(hours=1), "what the folder holds when it is back is still its own"
    pc.run(interrupted=InterruptedChoice.END)
    assert pc.transfer.tracked[0].take_until == ended.take_until


def test_a_session_of_another_store_waits_and_says_so(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(EndSession())
    pc.files_arrive = True
    told = pc.run(store_url="file:///another")
    assert [session.identifier for session in pc.transfer.tracked] == ["session-2"]
    assert "file:///bucket" in of_kind(told, Trouble)[0].problem.message
    assert of_kind(told, CatchUp)[0] == CatchUp(1, looked_after=0)
    pc.run(interrupted=InterruptedChoice.CONTINUE)  # the second one's store is another one again: it ends
    assert pc.session().state is SessionState.READY
    assert pc.session("session-2").ended_at is not None


def test_an_end_on_a_full_disk_is_written_when_there_is_room(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    full = True
    really_change = pc.facts.change

    def change(identifier: str, **changes: Any) -> Any:
        if full and "ended_at" in changes:
            raise JournalUnavailable("The journal cannot be written", "Make room on the disk.")
        return really_change(identifier, **changes)

    def make_room() -> None:
        nonlocal full
        full = False
        pc.clock.go_on(600)

    waits: list[float | None] = []
    really_get = Script.get

    def get(script: Script, timeout_s: float | None) -> Any:
        if of_kind(list(pc.events.messages), Trouble) and full:
            waits.append(timeout_s)
        return really_get(script, timeout_s)

    monkeypatch.setattr(pc.facts, "change", change)
    monkeypatch.setattr(Script, "get", get)
    told = pc.run(EndSession(), pc.later(JOURNAL_RETRY_S, None), make_room, None)
    assert "Make room" in of_kind(told, Trouble)[0].problem.message
    assert waits, "nobody was asked meanwhile"
    assert all(wait == JOURNAL_RETRY_S for wait in waits), "what is due, and cannot be done, is tried all the time"
    assert {event.problem.since for event in of_kind(told, Trouble)} == {LAUNCH}, "since when it was first so"
    assert of_kind(told, Healed) == [Healed("journal")]
    assert (pc.session().clicked_at, pc.session().ended_at) == (LAUNCH, LAUNCH + timedelta(microseconds=1))
    assert pc.session().state is SessionState.READY


def test_finished_sessions_leave_the_journal_after_sixty_days(pc: Pc) -> None:
    pc.run()
    pc.run(
        lambda: pc.clock.set_by(3 * 3600),
        ConfirmClock("session-1"),
        EndSession(),
        interrupted=InterruptedChoice.CONTINUE,
    )
    of_the_session = ["resumed_at session-1", "clock_set_by session-1", "clock_confirmed session-1"]
    assert all(map(pc.facts.meta, of_the_session))
    pc.clock.go_on(61 * 86_400)
    pc.run(EndSession())
    with pytest.raises(KeyError):
        pc.session("session-1")
    assert not any(map(pc.facts.meta, of_the_session))
    assert pc.facts.meta("logger_id") == "logger-1"
    assert pc.session("session-2").state is SessionState.READY


def test_a_look_at_the_rows_that_has_failed_is_taken_again_and_nothing_spins_meanwhile(
    pc: Pc, monkeypatch: pytest.MonkeyPatch
) -> None:
    pc.run(EndSession())
    offline = InlineOutage(pc)
    waits: list[float | None] = []
    really_get = Script.get

    def get(script: Script, timeout_s: float | None) -> Any:
        waits.append(timeout_s)
        return really_get(script, timeout_s)

    def dies() -> None:
        offline.begin()
        pc.clock.go_on(LOOK_EVERY_S)
        monkeypatch.setattr(Script, "get", get)

    def recovers() -> None:
        offline.end()
        pc.clock.go_on(2)

    told = pc.run(dies, None, recovers, None, this_pc_only=False)
    assert [event.recorded for event in of_kind(told, RecordState)] == [True, False, True]
    assert 0.0 not in waits


def test_what_a_dead_database_never_got_is_counted_as_left(pc: Pc) -> None:
    pc.run(EndSession())
    offline = InlineOutage(pc)
    offline.begin()
    pc.run()
    told = pc.run(catch_up_only=True)
    assert of_kind(told, CatchUp)[-1].sessions_left == 1
    offline.end()
    told = pc.run(TryAgain(), catch_up_only=True)
    assert of_kind(told, CatchUp)[-1].sessions_left == 0

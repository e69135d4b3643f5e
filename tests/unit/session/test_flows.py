"""Change of user, names, forgotten sessions, doubtful clocks, unassigned files: each as its user meets it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import DatabaseUnavailable, JournalUnavailable
from nexuslims_logger.events import (
    ClockInDoubt,
    Healed,
    InterruptedChoice,
    InterruptedFound,
    LastActivity,
    NamesRemembered,
    NoteSaved,
    SessionEnding,
    SessionReady,
    SessionStarted,
    StillWorking,
    Stopped,
    Trouble,
    UnassignedChoice,
    UnassignedFound,
    WhoConfirmed,
    WhoIsWorking,
)
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.known import Known, receive
from nexuslims_logger.gui.screens import exit_code_of, screen_of
from nexuslims_logger.gui.view import Screen
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.messages import ActivitySeen, Assign, LeaveOut, Recover, Stop, SyncNow, UnassignedSeen
from nexuslims_logger.session.main import session_main
from nexuslims_logger.session.service import (
    AnswerInterrupted,
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
)
from tests.unit.session.conftest import LAUNCH, Pc

if TYPE_CHECKING:
    from datetime import datetime

ASKED: dict[str, Any] = {"user": None, "account": None}


def of_kind(told: list[Any], kind: type | tuple[type, ...]) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


# --- change of user ----------------------------------------------------------------------------------------------


def test_the_next_user_begins_where_the_one_before_ends(pc: Pc) -> None:
    told = pc.run(pc.later(3600, ChangeUser("bob", None)), pc.later(60, EndSession()))
    change = LAUNCH + timedelta(hours=1)
    assert [(row[0], row[1], row[2], row[3], row[5], row[6]) for row in pc.rows()] == [
        ("session-1", "START", "ada", "TO_BE_BUILT", at(LAUNCH), None),
        ("session-1", "END", "ada", "TO_BE_BUILT", at(change), None),
        ("session-2", "START", "bob", "TO_BE_BUILT", at(change), None),
        ("session-2", "END", "bob", "TO_BE_BUILT", at(change + timedelta(minutes=1)), None),
    ]
    assert [event.user for event in of_kind(told, SessionStarted)] == ["ada", "bob"]


def test_a_user_who_left_long_ago_ends_at_the_last_activity(pc: Pc) -> None:
    pc.run(
        pc.later(600, SetNote("the last that ada did")),
        pc.later(7200, ChangeUser("bob", "X-1", LAUNCH + timedelta(minutes=10))),
    )
    rows = pc.rows()
    assert (rows[1][5], rows[1][6]) == (at(LAUNCH + timedelta(minutes=10)), "LAST_ACTIVITY")
    assert rows[2][5] == at(LAUNCH + timedelta(seconds=7800))
    assert (pc.session("session-2").user, pc.session("session-2").project) == ("bob", "X-1")
    # A file that was written before the click, and found after it, is still hers.
    assert pc.session("session-1").take_until == LAUNCH + timedelta(seconds=7800)


def test_the_next_user_does_not_wait_for_the_files_of_the_one_before(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(ChangeUser("bob", None), SetNote("bob's"))
    assert [session.identifier for session in pc.transfer.tracked] == ["session-1", "session-2"]
    assert (pc.session("session-1").note, pc.session("session-2").note) == ("", "bob's")
    assert pc.session("session-1").state is SessionState.ENDING


def test_after_the_end_somebody_else_may_begin_at_once(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(EndSession(), pc.later(60, ChangeUser("bob", None)))
    assert pc.rows()[1][5] == at(LAUNCH)[:-1] + "1", "END stays where it was"
    assert pc.session("session-2").started_at == LAUNCH + timedelta(minutes=1)


def no_room_for(pc: Pc, monkeypatch: pytest.MonkeyPatch, user: str, times: int) -> None:
    """Refuse the START of `user` so many times."""
    really_add, full = pc.facts.add, iter(range(times))

    def add(facts: Any) -> None:
        if facts.user == user and next(full, None) is not None:
            raise JournalUnavailable("The journal cannot be written", "Make room on the disk.")
        really_add(facts)

    monkeypatch.setattr(pc.facts, "add", add)


def test_a_change_on_a_full_disk_happens_when_there_is_room(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    no_room_for(pc, monkeypatch, "bob", 2)
    click = pc.later(60, ChangeUser("bob", None))
    told = pc.run(click, SyncNow(), *[lambda: pc.clock.go_on(5)] * 2)
    assert "Make room" in of_kind(told, Trouble)[0].problem.message
    assert [row[5] for row in pc.rows()][1:] == [at(LAUNCH + timedelta(minutes=1))] * 2
    _, failed, failed_again, started, healed = of_kind(told, (Trouble, Healed, SessionStarted))
    assert (failed.kind, failed.problem.since) == (failed_again.kind, failed_again.problem.since)
    assert (started.user, healed) == ("bob", Healed(failed.kind))


def test_a_start_on_a_full_disk_happens_when_there_is_room(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    no_room_for(pc, monkeypatch, "ada", 1)
    known = Known()
    seen: list[tuple[Screen, ExitCode]] = []
    for event in pc.run(pc.later(5, None)):
        known = receive(known, event)
        if isinstance(event, (Trouble, SessionStarted)):
            seen.append((screen_of(known), exit_code_of(known)))
    retried = (Screen.STARTING, ExitCode.FAILED), (Screen.RUNNING, ExitCode.WAITING)
    assert tuple(seen) == retried, "the window has given up"
    assert not known.troubles
    assert [row[5] for row in pc.rows()] == [at(LAUNCH)]


def test_a_name_that_cannot_be_recorded_is_no_trouble_of_the_journal(pc: Pc) -> None:
    told = pc.run(*[ChangeUser(user, None) for user in ("", "bob")])
    (failed, healed) = of_kind(told, (Trouble, Healed))
    assert (failed.problem.title, failed.kind) == ("Who is working?", "change of user")
    assert healed == Healed("change of user")


class FullDisk:
    """Refuses to change a session's facts from `fill` to `make_room`."""

    def __init__(self, pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pc, self._full, self._really_change = pc, False, pc.facts.change
        monkeypatch.setattr(pc.facts, "change", self._change)

    def _change(self, identifier: str, **changes: Any) -> Any:
        if self._full:
            raise JournalUnavailable("The journal cannot be written", "Make room on the disk.")
        return self._really_change(identifier, **changes)

    def fill(self, message: object = None) -> Any:
        self._full = True
        return message

    def make_room(self) -> None:
        self._full = False
        self._pc.clock.go_on(5)


@pytest.mark.parametrize("clicks", [1, 2])
def test_an_end_that_a_full_disk_postpones_is_not_the_next_user_s(
    pc: Pc, monkeypatch: pytest.MonkeyPatch, clicks: int
) -> None:
    disk = FullDisk(pc, monkeypatch)
    pc.run(
        lambda: pc.clock.go_on(600),
        *[lambda: disk.fill(EndSession())] * clicks,
        pc.later(60, ChangeUser("bob", None)),
        disk.make_room,
        pc.later(3600, SetNote("bob works")),
    )
    assert [(row[0], row[1], row[5]) for row in pc.rows()] == [
        ("session-1", "START", at(LAUNCH)),
        ("session-1", "END", at(LAUNCH + timedelta(minutes=10))),
        ("session-2", "START", at(LAUNCH + timedelta(minutes=11))),
    ]
    assert (pc.session("session-2").state, pc.session("session-2").note) == (SessionState.RUNNING, "bob works")


def test_an_end_behind_a_note_that_a_full_disk_postpones_has_the_click_s_time(
    pc: Pc, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(pc, monkeypatch)
    pc.run(lambda: disk.fill(SetNote("x")), pc.later(60, EndSession()), pc.later(600, None), disk.make_room)
    assert pc.rows()[1][5] == at(LAUNCH + timedelta(minutes=1))


def die() -> None:
    raise ZeroDivisionError


def test_a_full_disk_does_not_keep_the_program_open(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, ends = FullDisk(pc, monkeypatch), iter([Stop()])

    def stop_once() -> Stop:
        return next(ends, None) or pytest.fail("it was told to stop, and waits on")

    told = pc.run(lambda: disk.fill(SetNote("x")), stop_once, stop_once)
    assert of_kind(told, Stopped)
    assert not of_kind(told, NoteSaved)


def test_the_thread_s_next_life_knows_when_end_was_clicked(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(pc, monkeypatch)
    with pytest.raises(ZeroDivisionError):
        pc.run(pc.later(60, None), lambda: disk.fill(EndSession()), pc.later(600, None), die, disk.make_room)
    session_main(pc.loop.successor())
    assert pc.session().ended_at == LAUNCH + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("wish", "title"),
    [
        (EndSession(), "The session was not ended"),
        (ChangeUser("bob", None), "The user was not changed"),
    ],
)
def test_who_has_asked_for_what_is_given_up_is_told(
    pc: Pc, monkeypatch: pytest.MonkeyPatch, wish: object, title: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(pc.facts, "change", die)
        with pytest.raises(ZeroDivisionError):
            pc.run(wish)
        loop = pc.loop
        while not loop.given_up:
            loop = loop.successor()
            if not loop.given_up:
                with pytest.raises(ZeroDivisionError):
                    session_main(loop)
        inbox: Any = loop.ports.inbox
        inbox.lines.extend([None, wish, None])
        pc.events.messages.clear()
    session_main(loop)
    troubles = of_kind(list(pc.events.messages), (Trouble, Healed))
    assert troubles[0].problem.title == title
    assert troubles[1:] == [Healed(troubles[0].kind)]
    assert pc.session().ended_at is not None


def test_the_thread_s_next_life_tells_that_the_journal_is_well_again(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(pc, monkeypatch)

    def die() -> None:
        disk.make_room()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pc.run(pc.later(60, None), lambda: disk.fill(EndSession()), die)
    assert of_kind(list(pc.events.messages), Trouble)
    session_main(pc.loop.successor())
    assert of_kind(list(pc.events.messages), Healed) == [Healed("journal")]


def test_a_paused_session_stays_open_and_nobody_begins_beside_it(pc: Pc) -> None:
    pc.run(PauseSession(), ChangeUser("bob", None))
    assert pc.session().state is SessionState.PAUSED
    assert len(pc.rows()) == 1


# --- who is working ----------------------------------------------------------------------------------------------


def test_the_session_runs_before_anybody_is_asked_and_its_rows_wait_for_the_name(pc: Pc) -> None:
    told = pc.run(SetNote("already working"), **ASKED)
    assert of_kind(told, SessionStarted)[0].user is None
    assert of_kind(told, WhoIsWorking)[0].asks_name
    assert pc.session().started_at == LAUNCH
    assert pc.rows() == []


def test_the_name_goes_to_start_and_end_and_is_remembered(pc: Pc) -> None:
    told = pc.run(
        pc.later(300, ConfirmWho("  Ada   Lovelace ", "X-1")), pc.later(60, EndSession()), ask_project=True, **ASKED
    )
    assert of_kind(told, WhoConfirmed)[0].user == "Ada Lovelace"
    assert [(row[1], row[2], row[5]) for row in pc.rows()] == [
        ("START", "Ada Lovelace", at(LAUNCH)),
        ("END", "Ada Lovelace", at(LAUNCH + timedelta(minutes=6))),
    ]
    assert pc.session().project == "X-1"
    known = of_kind(pc.run(**ASKED), NamesRemembered)[0]
    assert (known.names, known.projects) == (("Ada Lovelace",), ("X-1",))


def test_the_last_name_comes_first(pc: Pc) -> None:
    for name in ("ada", "bob", "ADA"):
        pc.run(ConfirmWho(name, None), EndSession(), **ASKED)
    assert of_kind(pc.run(**ASKED), NamesRemembered)[0].names == ("ADA", "bob")


@pytest.mark.parametrize("nobody", ["", "   ", "unknown", "Unknown", "a" * 51, "a\0b"])
def test_no_session_ends_without_a_name(pc: Pc, nobody: str) -> None:
    told = pc.run(EndSession(), ConfirmWho(nobody, None), EndSession(), **ASKED)
    assert len(of_kind(told, WhoIsWorking)) == 4, "asked at the start, and each time again"
    assert of_kind(told, WhoIsWorking)[2].problem is not None
    assert not of_kind(told, SessionEnding)
    assert pc.session().state is SessionState.RUNNING


def test_a_confirmed_name_is_not_changed_afterwards(pc: Pc) -> None:
    pc.run(ConfirmWho("ada", None), ConfirmWho("bob", None), EndSession(), **ASKED)
    assert {row[2] for row in pc.rows()} == {"ada"}


def test_only_the_project_is_asked_for(pc: Pc) -> None:
    told = pc.run(ConfirmWho(None, "X-1"), EndSession(), user=None, account="ada", ask_project=True)
    asked = of_kind(told, WhoIsWorking)[0]
    assert (asked.asks_name, asked.asks_project) == (False, True)
    assert {row[2] for row in pc.rows()} == {"ada"}
    assert pc.session().project == "X-1"


def test_a_session_whose_user_nobody_told_is_recorded_as_unknown_when_it_is_recovered(pc: Pc) -> None:
    pc.run(**ASKED)
    pc.run(AnswerInterrupted(InterruptedChoice.END), ConfirmWho("bob", None), EndSession(), **ASKED)
    assert [(row[0], row[2], row[3]) for row in pc.rows()] == [
        ("session-1", "unknown", "TO_BE_BUILT"),
        ("session-1", "unknown", "TO_BE_BUILT"),
        ("session-2", "bob", "TO_BE_BUILT"),
        ("session-2", "bob", "TO_BE_BUILT"),
    ]


def test_a_crash_between_start_and_name_asks_again(pc: Pc) -> None:
    pc.run(**ASKED)
    told = pc.run(
        AnswerInterrupted(InterruptedChoice.CONTINUE), ConfirmWho("ada", None), pc.later(60, EndSession()), **ASKED
    )
    assert of_kind(told, InterruptedFound)[0].suggestion is InterruptedChoice.END, "nobody knows who comes back"
    assert [(row[2], row[5]) for row in pc.rows()] == [("ada", at(LAUNCH)), ("ada", at(LAUNCH + timedelta(minutes=1)))]


def test_the_user_is_not_changed_before_the_first_has_a_name(pc: Pc) -> None:
    told = pc.run(ChangeUser("bob", None), **ASKED)
    assert len(of_kind(told, WhoIsWorking)) == 2
    assert len(of_kind(told, SessionStarted)) == 1


# --- the forgotten session ---------------------------------------------------------------------------------------

REMIND_S = 4 * 3600.0


def test_nobody_is_asked_while_somebody_works(pc: Pc) -> None:
    works = [pc.later(REMIND_S * 0.9, sign) for sign in [SeenWorking(), ConfirmWorking()] * 3]
    told = pc.run(*works, pc.later(60, EndSession()))
    assert not of_kind(told, StillWorking)


def test_a_quiet_session_is_asked_about_once_and_stays_open(pc: Pc) -> None:
    told = pc.run(pc.later(600, SetNote("x")), pc.later(REMIND_S, None), pc.later(90_000, None))
    (asked,) = of_kind(told, StillWorking)
    assert (asked.since, asked.ends_at) == (LAUNCH + timedelta(minutes=10), None)
    assert pc.session().state is SessionState.RUNNING


@pytest.mark.parametrize(
    "sign", [ConfirmWorking(), ActivitySeen("session-1", LAUNCH + timedelta(hours=5)), SetNote("x")]
)
def test_the_question_is_taken_back_when_somebody_works(pc: Pc, sign: object) -> None:
    told = pc.run(pc.later(REMIND_S, None), pc.later(3600, sign), pc.later(REMIND_S - 60, None))
    assert [event.since for event in of_kind(told, StillWorking)] == [LAUNCH, None]


def test_files_are_work_although_the_clock_was_set_back(pc: Pc) -> None:
    def file() -> ActivitySeen:
        pc.clock.go_on(0.9 * REMIND_S)
        return ActivitySeen("session-1", pc.clock.now())

    def set_back() -> None:
        pc.clock.set_by(-12 * 3600)

    told = pc.run(file, set_back, file, file, file, auto_end_s=1.5 * REMIND_S)
    assert not of_kind(told, StillWorking)
    facts = pc.session()
    assert facts.state is SessionState.RUNNING
    assert facts.last_activity_at == LAUNCH + timedelta(seconds=0.9 * REMIND_S), "it went back"


LEFT = LAUNCH + timedelta(minutes=25)


def shown(pc: Pc) -> datetime:
    """Return the last activity, as the window has been told."""
    return of_kind(list(pc.events.messages), LastActivity)[-1].at  # type: ignore[no-any-return]  # of any kind


def test_the_hand_on_its_way_to_the_answer_does_not_take_the_question_away(pc: Pc) -> None:
    told = pc.run(
        ActivitySeen("session-1", LEFT),
        pc.later(REMIND_S + 2000, None),
        SeenWorking(),
        pc.later(3600, SeenWorking()),
        lambda: EndSession(shown(pc)),
    )
    assert [event.since for event in of_kind(told, StillWorking)] == [LEFT]
    assert pc.rows()[1][5:] == (at(LEFT), "LAST_ACTIVITY")
    # What was written until the click, and is found after it, is the session's all the same.
    assert pc.session().take_until == pc.session().clicked_at


def test_what_was_shown_is_what_ends_whatever_has_come_since(pc: Pc) -> None:
    pc.last_file_at = LAUNCH + timedelta(hours=5)
    pc.run(
        ActivitySeen("session-1", LEFT),
        pc.later(REMIND_S + 2000, None),
        pc.later(3600, ActivitySeen("session-1", LAUNCH + timedelta(hours=5))),
        EndSession(LEFT),
        pc.later(60, None),
    )
    # The record builder must find that file.
    assert pc.rows()[1][5:] == (at(LAUNCH + timedelta(hours=5)), "LAST_ACTIVITY")


def test_the_next_user_s_hands_are_not_the_last_activity_of_the_one_before(pc: Pc) -> None:
    typing = [pc.later(20, SeenWorking()) for _ in range(12)]
    pc.run(
        ActivitySeen("session-1", LEFT),
        pc.later(3 * 3600, None),
        *typing,
        lambda: ChangeUser("bob", None, shown(pc)),
    )
    (end,) = (row for row in pc.rows() if row[1] == "END")
    assert end[5:] == (at(LEFT), "LAST_ACTIVITY")


def test_mouse_and_keyboard_count_when_nobody_has_ended_the_session_since(pc: Pc) -> None:
    moved = LAUNCH + timedelta(hours=1)
    told = pc.run(pc.later(3600, SeenWorking()), pc.later(299, None), pc.later(1, None), pc.later(REMIND_S, None))
    assert [event.at for event in of_kind(told, LastActivity)] == [LAUNCH, moved]
    assert pc.session().last_activity_at == moved
    assert of_kind(told, StillWorking)[0].since == moved


def test_what_is_asked_about_has_seen_every_hand_before_the_quiet(pc: Pc) -> None:
    told = pc.run(pc.later(3600, SeenWorking()), pc.later(120, None), gap_s=60.0)
    assert [event.since for event in of_kind(told, StillWorking)] == [LAUNCH + timedelta(hours=1)]


def test_a_word_that_it_goes_on_answers_for_the_hours_before(pc: Pc) -> None:
    pc.run(pc.later(REMIND_S + 60, None), ConfirmWorking())
    answered = pc.clock.now()
    assert pc.session().last_activity_at == answered
    pc.clock.go_on(600)
    pc.run(interrupted=InterruptedChoice.END)
    (asked,) = [message for message in pc.transfer.asked if isinstance(message, Recover)]
    assert asked.resumed_at == answered, "no gap before it cuts the session off"


def test_the_question_stands_after_the_thread_s_death(pc: Pc) -> None:
    with pytest.raises(ZeroDivisionError):
        pc.run(
            ActivitySeen("session-1", LEFT),
            pc.later(REMIND_S + 2000, None),
            die,
            SeenWorking(),
            pc.later(400, None),
            lambda: EndSession(shown(pc)),
        )
    session_main(pc.loop.successor())
    assert not [event for event in pc.events.messages if isinstance(event, StillWorking) and event.since is None]
    assert pc.rows()[1][5:] == (at(LEFT), "LAST_ACTIVITY")


def test_where_a_facility_wants_it_a_forgotten_session_ends_by_itself(pc: Pc) -> None:
    told = pc.run(
        pc.later(900, SeenWorking()), pc.later(REMIND_S, None), pc.later(REMIND_S, None), auto_end_s=2 * REMIND_S
    )
    assert of_kind(told, StillWorking)[0].ends_at == LAUNCH + timedelta(seconds=900 + 2 * REMIND_S)
    assert of_kind(told, SessionEnding)[0].by_itself
    assert pc.rows()[1][5:] == (at(LAUNCH + timedelta(minutes=15)), "LAST_ACTIVITY")
    assert pc.rows()[1][3] == "TO_BE_BUILT"


def test_it_may_end_before_anybody_is_asked(pc: Pc) -> None:
    told = pc.run(pc.later(3600, None), auto_end_s=3600.0)
    assert not of_kind(told, StillWorking)
    assert of_kind(told, SessionEnding)[0].by_itself


def test_it_ends_by_itself_once_a_full_disk_has_room(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(pc, monkeypatch)
    told = pc.run(disk.fill, pc.later(3600, None), disk.make_room, None, auto_end_s=3600.0)
    assert of_kind(told, SessionEnding)[0].by_itself
    assert pc.session().state is SessionState.READY


# --- continuing by itself ----------------------------------------------------------------------------------------


def test_after_an_unplanned_reboot_the_same_user_s_session_goes_on_by_itself(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(600)
    told = pc.run(pc.later(60, None), pc.later(60, EndSession()))
    assert of_kind(told, InterruptedFound)[0].continues_in_s == 60
    (started,) = of_kind(told, SessionStarted)
    assert (started.continued, started.by_itself) == (True, True)
    assert len(pc.rows()) == 2


def test_what_follows_a_continue_is_asked_about_from_there_on(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(9 * 3600)
    pc.run(interrupted=InterruptedChoice.CONTINUE)
    continued_at = pc.clock.now()
    pc.clock.go_on(600)
    pc.run(interrupted=InterruptedChoice.END)
    (asked,) = [message for message in pc.transfer.asked if isinstance(message, Recover)]
    assert (asked.resumed_at, asked.launched_at) == (continued_at, pc.clock.now())


def test_what_goes_on_by_itself_is_no_activity(pc: Pc) -> None:
    pc.run()
    pc.clock.go_on(600)
    launched_at = pc.clock.now()
    pc.run(pc.later(60, None))
    pc.run(interrupted=InterruptedChoice.END)
    (asked,) = [message for message in pc.transfer.asked if isinstance(message, Recover)]
    assert asked.resumed_at == launched_at


@pytest.mark.parametrize(
    ("gap_s", "station"), [(600, {"user": "bob"}), (5 * 3600, {}), (600, ASKED)], ids=["another", "late", "unasked"]
)
def test_otherwise_nothing_goes_on_by_itself(pc: Pc, gap_s: float, station: dict[str, Any]) -> None:
    pc.run()
    pc.clock.go_on(gap_s)
    told = pc.run(pc.later(3600, None), **station)
    assert of_kind(told, InterruptedFound)[0].continues_in_s is None
    assert not of_kind(told, SessionStarted)


# --- the clock ---------------------------------------------------------------------------------------------------


def ahead(pc: Pc, milliseconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the PC's clock be so far from the database's."""
    monkeypatch.setattr("nexuslims_logger.db.apply_session._clock_offset_ms", lambda *_: milliseconds)


@pytest.mark.parametrize("offset_ms", [-3_600_000, 3_600_000])
def test_a_session_with_impossible_times_waits_for_a_person_s_word(
    pc: Pc, monkeypatch: pytest.MonkeyPatch, offset_ms: int
) -> None:
    ahead(pc, offset_ms, monkeypatch)
    told = pc.run(EndSession())
    assert of_kind(told, ClockInDoubt)[-1].held
    assert {row[3] for row in pc.rows()} == {"WAITING_FOR_END"}
    told = pc.run(ConfirmClock("session-1"), interrupted=InterruptedChoice.END)
    assert "session-1" in {event.session_identifier for event in of_kind(told, SessionReady)}
    assert {row[3] for row in pc.rows() if row[0] == "session-1"} == {"TO_BE_BUILT"}


def test_a_clock_of_before_the_program_was_made_is_wrong_whatever_the_database_says(pc: Pc) -> None:
    told = pc.run(EndSession(), built_at=LAUNCH + timedelta(days=1))
    assert {event.held for event in of_kind(told, ClockInDoubt)} == {True}
    assert pc.session().state is SessionState.STORED


def test_some_seconds_are_told_and_hold_nothing(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead(pc, 2_500, monkeypatch)
    told = pc.run(EndSession())
    assert [(event.offset_ms, event.held) for event in of_kind(told, ClockInDoubt)] == [(2_500, False)]
    assert {row[3] for row in pc.rows()} == {"TO_BE_BUILT"}


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_that_was_set_while_the_session_ran_holds_it(pc: Pc, hours: int) -> None:
    told = pc.run(
        lambda: pc.clock.go_on(600), SetNote("x"), lambda: pc.clock.set_by(hours * 3600), pc.later(60, EndSession())
    )
    assert {(event.held, event.set_by_s) for event in of_kind(told, ClockInDoubt)} == {(True, hours * 3600)}
    assert {row[3] for row in pc.rows()} == {"WAITING_FOR_END"}
    pc.run(ConfirmClock("session-1"), interrupted=InterruptedChoice.END)
    assert {row[3] for row in pc.rows() if row[0] == "session-1"} == {"TO_BE_BUILT"}


def test_a_clock_that_was_set_while_the_disk_was_full_holds_the_session(
    pc: Pc, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_set, full = pc.facts.set_meta, iter([True])

    def set_meta(key: str, value: str) -> None:
        if "clock" in key and next(full, False):
            raise JournalUnavailable("The journal cannot be written", "Make room on the disk.")
        really_set(key, value)

    monkeypatch.setattr(pc.facts, "set_meta", set_meta)
    pc.run(lambda: pc.clock.set_by(3 * 3600), pc.later(60, None), pc.later(60, EndSession()))
    assert {row[3] for row in pc.rows()} == {"WAITING_FOR_END"}


def test_a_clock_that_was_set_just_before_the_user_was_changed_holds_the_session_that_ends(pc: Pc) -> None:
    pc.run(lambda: pc.clock.set_by(3 * 3600), pc.later(60, ChangeUser("bob", None)), EndSession())
    assert {(row[0], row[3]) for row in pc.rows()} == {("session-1", "WAITING_FOR_END"), ("session-2", "TO_BE_BUILT")}


def test_a_small_step_of_the_clock_holds_nothing(pc: Pc) -> None:
    told = pc.run(lambda: pc.clock.set_by(-2), pc.later(60, EndSession()))
    assert not of_kind(told, ClockInDoubt)
    assert {row[3] for row in pc.rows()} == {"TO_BE_BUILT"}


def test_a_clock_that_was_set_back_between_two_runs_is_seen_at_the_end(pc: Pc) -> None:
    pc.run()
    pc.clock.set_by(-7200)
    told = pc.run(interrupted=InterruptedChoice.END)
    assert of_kind(told, ClockInDoubt)[-1].held
    rows = [row for row in pc.rows() if row[0] == "session-1"]
    assert {row[3] for row in rows} == {"WAITING_FOR_END"}
    assert rows[1][5] > rows[0][5], "END is after START all the same"


@pytest.mark.parametrize(
    ("seen", "ended_at"),
    [([], LAUNCH + timedelta(microseconds=1)), ([SetNote("x")], LAUNCH + timedelta(hours=2))],
    ids=["continued", "active"],
)
def test_a_clock_that_was_years_ahead_and_set_right_between_two_runs_holds_the_session(
    pc: Pc, seen: list[Any], ended_at: datetime
) -> None:
    pc.run()
    pc.clock.set_by(3650 * 86_400)
    pc.run(*seen, interrupted=InterruptedChoice.CONTINUE)
    pc.clock.set_by(-3650 * 86_400)
    pc.clock.go_on(7200)
    told = pc.run(interrupted=InterruptedChoice.END)
    assert of_kind(told, ClockInDoubt)[-1].held
    assert [row[3] for row in pc.rows() if row[0] == "session-1"] == ["WAITING_FOR_END"] * 2
    assert pc.rows()[1][5] == at(ended_at)


def test_without_a_window_a_catch_up_says_that_the_times_are_right(pc: Pc) -> None:
    pc.run(lambda: pc.clock.set_by(3 * 3600), pc.later(60, EndSession()))
    assert {row[3] for row in pc.rows()} == {"WAITING_FOR_END"}
    told = pc.run(catch_up_only=True, confirm_clock="session-0")
    assert "no session session-0" in of_kind(told, Trouble)[0].problem.title
    pc.run(catch_up_only=True, confirm_clock="session-1")
    assert {row[3] for row in pc.rows()} == {"TO_BE_BUILT"}


def test_a_session_that_began_offline_is_not_ready_before_the_database_has_told_its_time(
    pc: Pc, monkeypatch: pytest.MonkeyPatch
) -> None:
    pc.run(EndSession())  # the instrument is known from now on
    ahead(pc, 3_600_000, monkeypatch)
    away = True

    def maybe(*_: object) -> None:
        if away:
            raise DatabaseUnavailable("The database does not answer", "The network may be gone.")

    pc.database.before = maybe
    pc.run(EndSession())
    away = False
    told = pc.run(catch_up_only=True)
    assert of_kind(told, ClockInDoubt)[-1].held
    assert {row[3] for row in pc.rows() if row[0] == "session-2"} == {"WAITING_FOR_END"}


# --- unassigned and left-out files -------------------------------------------------------------------------------


def seen(session: str) -> UnassignedSeen:
    return UnassignedSeen(session, 3, 300, ("a.tif",), LAUNCH, LAUNCH)


def asked_of_transfer(pc: Pc, kind: type) -> list[Any]:
    return of_kind(pc.transfer.asked, kind)


@pytest.mark.parametrize(
    ("choice", "owner"),
    [
        (UnassignedChoice.THIS, "session-2"),
        (UnassignedChoice.PREVIOUS, "session-1"),
        (UnassignedChoice.LEAVE, None),
    ],
)
def test_files_of_between_go_where_the_user_says(pc: Pc, choice: UnassignedChoice, owner: str | None) -> None:
    pc.files_arrive = False
    pc.run(EndSession())
    told = pc.run(seen("session-2"), AssignUnassigned(choice))
    assert of_kind(told, UnassignedFound)[0].previous_started_at == LAUNCH
    assert asked_of_transfer(pc, Assign) == [Assign(owner)]


def test_they_are_not_offered_for_somebody_else_s_session(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(EndSession())
    told = pc.run(seen("session-2"), AssignUnassigned(UnassignedChoice.PREVIOUS), user="bob")
    assert of_kind(told, UnassignedFound)[0].previous_started_at is None
    assert asked_of_transfer(pc, Assign) == [Assign("")], "asked again"


def test_they_are_not_offered_for_a_session_that_is_complete(pc: Pc) -> None:
    pc.run(EndSession())
    told = pc.run(seen("session-2"))
    assert of_kind(told, UnassignedFound)[0].previous_started_at is None


def test_the_previous_session_is_offered_once_the_user_has_a_name(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(ConfirmWho("ada", None), EndSession(), **ASKED)
    told = pc.run(seen("session-2"), ConfirmWho("ada", None), **ASKED)
    assert [event.previous_started_at for event in of_kind(told, UnassignedFound)] == [None, LAUNCH]


def test_files_are_left_out_in_the_user_s_name(pc: Pc) -> None:
    pc.files_arrive = False
    pc.run(EndSession(), LeaveFilesOut("session-1", ("a.tif",), " broken \n detector"))
    assert asked_of_transfer(pc, LeaveOut) == [LeaveOut("session-1", ("a.tif",), "broken detector", "ada")]

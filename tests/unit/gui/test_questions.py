"""The questions of the workers, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.events import (
    ClockInDoubt,
    DiskLow,
    LastActivity,
    NamesRemembered,
    PassStage,
    RecordState,
    SessionEnding,
    SessionReady,
    SessionStarted,
    SessionStored,
    StillWorking,
    TransferProgress,
    UnassignedChoice,
    UnassignedFound,
    WaitingFile,
    WhoConfirmed,
    WhoIsWorking,
)
from nexuslims_logger.gui import dialog_wording, wording
from nexuslims_logger.gui.presenter import Presenter
from nexuslims_logger.gui.view import Dialog, Screen, Tone
from nexuslims_logger.session.service import (
    AssignUnassigned,
    ChangeUser,
    ConfirmWho,
    ConfirmWorking,
    EndSession,
    LeaveFilesOut,
    SeenWorking,
    SessionService,
)

if TYPE_CHECKING:
    from nexuslims_logger.events import Event

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
WHO = WhoIsWorking("s1", asks_name=True, asks_project=False)
UNASSIGNED = UnassignedFound("s1", 1, 10, ("a.tif",), NOW, NOW)
QUIET = StillWorking("s1", NOW - timedelta(hours=5))
HELD = ClockInDoubt("s1", NOW, None, held=True)


class Sent:
    """The session thread's letter box."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def put(self, message: Any) -> None:
        self.messages.append(message)

    def get(self, timeout_s: float | None) -> Any:
        raise NotImplementedError


def started(identifier: str = "s1", user: str | None = "ada", **changes: Any) -> SessionStarted:
    return SessionStarted(identifier, "FEI Titan TEM", user, NOW, "", continued=False, **changes)


def progress(**changes: Any) -> TransferProgress:
    known: dict[str, Any] = {"files_total": 2, "files_done": 1, "bytes_total": 20, "bytes_done": 10}
    return TransferProgress("s1", PassStage.SENDING, **known | changes)


def presenter(*events: Event) -> tuple[Presenter, list[Any]]:
    sent, made = Sent(), Presenter(this_pc_only=False, interval_s=60.0, zone=UTC)
    made.connect(SessionService(sent))
    for event in events:
        made.receive(event)
    return made, sent.messages


@pytest.mark.parametrize(
    ("events", "dialog"),
    [
        ((WHO,), Dialog.WHO),
        ((UNASSIGNED,), Dialog.UNASSIGNED),
        ((UNASSIGNED, WHO), Dialog.WHO),
        ((UNASSIGNED, WHO, QUIET), Dialog.STILL_WORKING),
        ((QUIET, StillWorking("s1", None)), None),
        ((HELD,), Dialog.CLOCK),
        ((ClockInDoubt("s1", NOW, 5_000, held=False),), None),
        ((ClockInDoubt("an earlier one", NOW, None, held=True),), Dialog.CLOCK),
        ((WHO, WhoConfirmed("s1", "ada", None)), None),
        ((UNASSIGNED, SessionEnding("s1", NOW)), None),
    ],
)
def test_one_question_at_a_time_the_most_pressing_first(events: tuple[Event, ...], dialog: Dialog | None) -> None:
    made, _ = presenter(started(user=None), *events)
    assert made.view(NOW).dialog is dialog


def test_a_question_that_is_put_off_lets_the_next_one_come() -> None:
    made, sent = presenter(started(user=None), UNASSIGNED, WHO)
    made.dismiss()
    assert made.view(NOW).dialog is Dialog.UNASSIGNED
    made.dismiss()
    assert made.view(NOW).dialog is None
    made.open_change_user()
    assert made.view(NOW).dialog is Dialog.WHO, "whose session would it be that ends?"
    assert sent == []


def test_the_end_insists_on_a_name_and_then_ends() -> None:
    made, sent = presenter(started(user=None), WHO)
    made.dismiss()
    made.end()
    assert made.view(NOW).dialog is Dialog.WHO
    assert "unknown" not in made.questions.who_text
    for nobody in ("", " ", "unknown", "x" * 51):
        assert made.questions.confirm_who(nobody, "") != ""
    assert made.questions.confirm_who(" ada ", "") == ""
    assert sent == [ConfirmWho("ada", None), EndSession()]


def test_an_end_that_was_put_off_does_not_happen_with_a_later_name() -> None:
    made, sent = presenter(started(user=None), WHO)
    made.end()
    made.dismiss()
    made.open_change_user()
    made.questions.confirm_who("ada", "")
    assert sent == [ConfirmWho("ada", None)]


def test_only_the_project_is_asked_for_and_may_be_empty() -> None:
    asked = WhoIsWorking("s1", asks_name=False, asks_project=True)
    made, sent = presenter(started(user=None), NamesRemembered((), ("X-1",), asks_project=True), asked)
    assert (made.questions.asks_name, made.questions.asks_project) == (False, True)
    assert made.questions.confirm_who("", "x" * 65) != ""
    assert made.questions.confirm_who("", "") == ""
    assert sent == [ConfirmWho(None, None)]


def test_a_refused_end_gives_the_buttons_back() -> None:
    made, _ = presenter(started())
    made.end()
    assert made.view(NOW).busy
    made.receive(WHO)
    assert not made.view(NOW).busy


def test_the_next_session_begins_with_a_clean_window() -> None:
    made, _ = presenter(
        started(), progress(files_done=2, bytes_done=20), RecordState("s1", True, False), SessionEnding("s1", NOW)
    )
    made.shrink()
    assert made.view(NOW).shrunk
    made.receive(started("s2", "bob"))
    view = made.view(NOW)
    assert (view.screen, view.who, view.fraction, view.shrunk) == (Screen.RUNNING, "bob, since 14:00", None, False)
    made.receive(progress())
    assert made.view(NOW).counts == "No new files yet", "that was the session before"


def test_a_name_that_waits_is_told_where_the_session_is_recorded() -> None:
    made, _ = presenter(started(user=None), WHO, RecordState("s1", True, False))
    made.dismiss()
    view = made.view(NOW)
    assert (view.record.tone, view.state.tone) == (Tone.WAITING, Tone.WAITING)


def test_what_was_put_off_is_asked_again_by_the_button_beside_the_state() -> None:
    made, sent = presenter(started(user=None), UNASSIGNED, WHO, progress(unassigned=1))
    assert made.view(NOW).question == "", "the question itself stands there"
    made.dismiss()
    assert made.view(NOW).question == wording.ENTER_NAME
    made.dismiss()
    made.answer_question()
    assert made.view(NOW).dialog is Dialog.WHO
    made.questions.confirm_who("ada", "")
    made.receive(WhoConfirmed("s1", "ada", None))
    view = made.view(NOW)
    assert (view.state.tone, view.question) == (Tone.WAITING, wording.SAY_WHOSE)
    assert view.state.text == "Whose is this file?"
    assert view.title.startswith("? ")
    made.answer_question()
    assert made.view(NOW).dialog is Dialog.UNASSIGNED
    made.questions.assign(UnassignedChoice.THIS)
    view = made.view(NOW)
    assert (view.dialog, view.question, view.title[0]) == (None, "", "1")
    assert sent == [ConfirmWho("ada", None), AssignUnassigned(UnassignedChoice.THIS)]


@pytest.mark.parametrize(
    ("choice", "sent_then"),
    [
        (UnassignedChoice.THIS, [AssignUnassigned(UnassignedChoice.THIS), EndSession()]),
        (None, [EndSession()]),
    ],
)
def test_the_end_asks_once_more_whose_the_files_are(choice: UnassignedChoice | None, sent_then: list[object]) -> None:
    made, sent = presenter(started(), UNASSIGNED, progress(unassigned=1))
    assert made.questions.unassigned_later == dialog_wording.LATER
    made.questions.assign(None)
    assert made.view(NOW).dialog is None
    made.end()
    assert made.view(NOW).dialog is Dialog.UNASSIGNED
    assert made.questions.unassigned_later == dialog_wording.END_WITHOUT
    made.dismiss()  # by its cross: the session goes on
    assert sent == []
    made.end()
    made.questions.assign(choice)
    assert sent == sent_then


def test_a_missing_name_and_open_files_are_both_asked_for_before_the_end() -> None:
    made, sent = presenter(started(user=None), WHO, UNASSIGNED, progress(unassigned=1))
    made.dismiss()
    made.dismiss()
    made.end()
    made.questions.confirm_who("ada", "")
    made.receive(WhoConfirmed("s1", "ada", None))
    assert made.view(NOW).dialog is Dialog.UNASSIGNED
    made.questions.assign(UnassignedChoice.LEAVE)
    assert sent == [ConfirmWho("ada", None), AssignUnassigned(UnassignedChoice.LEAVE), EndSession()]


@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_end_at_the_last_activity_outlives_the_questions_that_come_before_it(withdrawn: bool) -> None:
    made, sent = presenter(started(user=None), WHO, UNASSIGNED, QUIET)
    made.questions.end(QUIET.since)
    assert (made.view(NOW).dialog, made.questions.ends_then) == (Dialog.WHO, True)
    if withdrawn:
        made.receive(StillWorking("s1", None))  # a file has come
    made.questions.confirm_who("ada", "")
    made.receive(WhoConfirmed("s1", "ada", None))
    assert (made.view(NOW).dialog, made.questions.ends_then) == (Dialog.UNASSIGNED, True)
    assert not made.view(NOW).busy
    made.questions.assign(UnassignedChoice.THIS)
    answers = [ConfirmWho("ada", None), AssignUnassigned(UnassignedChoice.THIS)]
    assert sent == [*answers, EndSession(QUIET.since)]
    assert (made.view(NOW).dialog, made.view(NOW).busy) == (None, True)


def test_whose_the_files_are_is_asked_before_the_end_at_the_last_activity_too() -> None:
    made, sent = presenter(started(), UNASSIGNED, QUIET)
    made.questions.end(QUIET.since)
    assert (made.view(NOW).dialog, sent) == (Dialog.UNASSIGNED, [])
    made.questions.assign(None)
    assert sent == [EndSession(QUIET.since)]


def test_who_tells_no_name_has_not_answered_whether_the_work_goes_on() -> None:
    made, sent = presenter(started(user=None), WHO, QUIET)
    made.questions.end(QUIET.since)
    made.dismiss()
    assert (made.view(NOW).dialog, made.questions.ends_then) == (Dialog.STILL_WORKING, False)
    made.dismiss()
    assert (made.view(NOW).dialog, made.view(NOW).question) == (None, wording.ANSWER)
    made.answer_question()
    assert made.view(NOW).dialog is Dialog.STILL_WORKING
    assert sent == []


def test_a_wish_goes_with_its_session() -> None:
    made, sent = presenter(started(user=None), WHO, QUIET)
    made.questions.end(QUIET.since)
    made.receive(SessionEnding("s1", NOW, by_itself=True))
    assert not made.questions.ends_then
    for event in (started("s2", None), replace(WHO, session_identifier="s2")):
        made.receive(event)
    made.questions.confirm_who("bob", "")
    assert sent == [ConfirmWho("bob", None)]


def test_files_that_nobody_owns_are_named_at_last_and_it_is_not_green() -> None:
    made, _ = presenter(
        started(),
        progress(files_done=2, unassigned=3),
        SessionEnding("s1", NOW),
        SessionStored("s1", files=2, bytes=20, missing=0),
        SessionReady("s1"),
    )
    state = made.view(NOW).state
    assert state.tone is Tone.WAITING
    assert state.detail.startswith("3 files that changed while no session ran were not sent.")


def test_the_next_user_is_not_told_of_last_files_when_there_are_none() -> None:
    made, _ = presenter(started(), SessionEnding("s1", NOW))
    assert "last files" in made.questions.words.change(NOW, made.questions.left_at)
    made.receive(SessionStored("s1", files=2, bytes=20, missing=0))
    assert (
        made.questions.words.change(NOW, made.questions.left_at)
        == "Every file of the session before is stored. Yours starts now."
    )


def test_of_two_full_disks_one_may_recover() -> None:
    made, _ = presenter(started(), progress(files_done=2), DiskLow("C:/", 2_000_000), DiskLow("D:/EM", 1_000_000))
    assert "D:/EM" in made.view(NOW).state.text
    made.receive(DiskLow("C:/", 500_000))
    assert "C:/" in made.view(NOW).state.text, "the one with the least room"
    made.receive(DiskLow("C:/", None))
    assert "D:/EM" in made.view(NOW).state.text
    made.receive(started("s2", "bob"))
    assert "D:/EM" in made.view(NOW).state.text, "it is the PC's, not the session's"
    made.receive(DiskLow("D:/EM", None))
    assert "nearly full" not in made.view(NOW).state.text


def test_what_is_left_at_the_last_activity_is_as_it_was_shown() -> None:
    left = NOW - timedelta(hours=3)
    made, sent = presenter(started(), LastActivity("s1", left))
    made.summoned()
    made.hands_moved()
    made.receive(LastActivity("s1", NOW))  # while the next user reads, and types a name
    made.open_change_user()
    assert "its last activity, 11:00." in made.questions.words.change(NOW, made.questions.left_at)
    assert made.questions.left_at == left
    made.change_user("bob", "", last_activity=made.questions.left_at)
    assert sent == [SeenWorking(), ChangeUser("bob", None, left)]


def test_a_hand_on_the_mouse_answers_nothing() -> None:
    made, sent = presenter(started(), QUIET)
    made.hands_moved()
    assert sent == [SeenWorking()]
    made.questions.still_working()
    made.questions.end(QUIET.since)
    assert sent[1:] == [ConfirmWorking(), EndSession(QUIET.since)]


def test_left_out_files_need_a_choice_and_a_reason() -> None:
    waits = progress(waiting=(WaitingFile("b.ser", "in use"),))
    made, sent = presenter(started(), SessionEnding("s1", NOW), waits)
    made.wants_to_close()
    made.open_leave_out()
    assert made.leftover.waiting == (("b.ser", "in use"),)
    for names, reason in (((), "why"), (("b.ser",), " "), (("b.ser",), "x" * 256)):
        assert made.leave_out(names, reason) != ""
        assert made.view(NOW).dialog is Dialog.LEAVE_OUT
    assert made.leave_out(("b.ser",), " in  use ") == ""
    assert made.view(NOW).dialog is None
    assert sent == [LeaveFilesOut("s1", ("b.ser",), "in use")]


@pytest.mark.parametrize(("seconds_left", "long"), [(10.0, False), (600.0, True), (None, True)])
def test_who_would_wait_for_long_is_offered_the_background(seconds_left: float | None, long: bool) -> None:
    made, _ = presenter(started(), SessionEnding("s1", NOW), progress(seconds_left=seconds_left))
    assert made.leftover.much_is_left is long


def test_who_starts_the_program_while_the_last_session_finishes_is_asked_for_a_name() -> None:
    made, _ = presenter(started(), SessionEnding("s1", NOW))
    made.shrink()
    made.summoned()
    assert made.view(NOW).dialog is Dialog.CHANGE_USER
    assert made.questions.left_at is None

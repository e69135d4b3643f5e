"""The questions of the workers, answered by mouse and keyboard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.events import (
    ClockInDoubt,
    DiskLow,
    LastActivity,
    SessionReady,
    UnassignedChoice,
    WhoConfirmed,
)
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.view import Dialog, Screen, Tone
from nexuslims_logger.messages import Stop
from nexuslims_logger.session.service import (
    AssignUnassigned,
    ChangeUser,
    ConfirmClock,
    ConfirmWho,
    ConfirmWorking,
    EndSession,
    LeaveFilesOut,
    SeenWorking,
)
from tests.gui import stage as on

if TYPE_CHECKING:
    from nexuslims_logger.gui.view import View
    from tests.gui.conftest import OpenStage
    from tests.gui.stage import Stage


def _view(stage: Stage) -> View:
    assert stage.app.view
    return stage.app.view


def _open(stage: Stage, dialog: Dialog) -> None:
    """Wait until that question stands there with the keyboard."""
    stage.wait(lambda: stage.app.dialog is not None and _view(stage).dialog is dialog, f"the dialog {dialog}")
    assert stage.app.dialog
    window = stage.app.dialog.window
    stage.wait(lambda: bool(window.winfo_viewable()), "it to be seen")
    stage.wait(lambda: str(window.focus_displayof()).startswith(f"{window}."), "its keyboard")
    window.winfo_pointerxy()  # a way to the screen and back: what was asked of it before is done


def _gone(stage: Stage) -> None:
    stage.wait(lambda: stage.app.dialog is None, "the dialog to go")


def _told(stage: Stage, *commands: object) -> None:
    def asked() -> list[object]:
        return [one for one in stage.commands if not isinstance(one, SeenWorking)]

    stage.wait(lambda: len(asked()) >= len(commands), "the answer")
    stage.settle()
    assert asked() == list(commands)


def _running(stage: Stage) -> None:
    stage.tell(on.started(), on.recorded(), on.all_stored())


def test_the_name_is_typed_completed_and_confirmed_by_keyboard(stage: Stage) -> None:
    stage.tell(*on.asked_who(), on.all_stored())
    _open(stage, Dialog.WHO)
    stage.press("b", "Return")
    _told(stage, ConfirmWho("Berta Benz", None))
    _gone(stage)
    stage.tell(WhoConfirmed(on.SESSION, "Berta Benz", None))
    assert _view(stage).who.startswith("Berta Benz, since")


def test_a_remembered_name_is_taken_from_the_list(stage: Stage) -> None:
    stage.tell(*on.asked_who(), on.all_stored())
    _open(stage, Dialog.WHO)
    stage.press("Down", "Down", "Return")
    _told(stage, ConfirmWho("Berta Benz", None))


def test_return_on_an_empty_field_names_nobody(stage: Stage) -> None:
    stage.tell(*on.asked_who(), on.all_stored())
    _open(stage, Dialog.WHO)
    stage.press("Return")
    stage.wait(lambda: any("Enter yours" in words for words in _words(stage)), "the complaint")
    _told(stage)
    assert _view(stage).dialog is Dialog.WHO
    dialog = stage.app.dialog
    assert dialog
    stage.wait(lambda: dialog.window.winfo_height() >= dialog.window.winfo_reqheight(), "room for it")
    stage.press("x")
    stage.wait(lambda: not any("Enter yours" in words for words in _words(stage)), "the complaint to go")


def test_a_name_may_wait_but_not_beyond_the_end(stage: Stage) -> None:
    stage.tell(*on.asked_who(), on.all_stored())
    _open(stage, Dialog.WHO)
    stage.press("Escape")
    _gone(stage)
    assert _view(stage).state.tone is Tone.WAITING
    assert "name" in _view(stage).record.text
    note = stage.app.window.buttons["note"]
    stage.wait(lambda: stage.app.root.focus_get() is note, "the ring to be back where it does no harm")
    stage.press_button("Enter name")
    _open(stage, Dialog.WHO)
    stage.press("Escape")
    _gone(stage)

    stage.press_button("End session")
    _open(stage, Dialog.WHO)
    stage.press("a", "Return")
    _told(stage, ConfirmWho("Ada Lovelace", None), EndSession())


def test_the_user_is_changed_and_everything_begins_anew(stage: Stage) -> None:
    stage.tell(*on.asked_who()[1:2])
    stage.tell(on.started(note="of ada"), on.recorded(), on.all_stored())
    stage.press_button("Change user")
    _open(stage, Dialog.CHANGE_USER)
    stage.press("g", "Return")
    _told(stage, ChangeUser("Grace Hopper", None))

    stage.tell(on.ending())
    stage.tell(on.started(session_identifier="next", user="Grace Hopper", started_at=on.NOW))
    view = _view(stage)
    assert (view.screen, view.who, view.note) == (Screen.RUNNING, "Grace Hopper, since 14:52", "")
    assert view.elapsed == "00:00:00"
    assert view.dialog is None


def test_the_user_before_may_have_left_long_ago(stage: Stage) -> None:
    _running(stage)
    stage.tell(LastActivity(on.SESSION, on.NOW - timedelta(minutes=80)))
    stage.press_button("Change user")
    _open(stage, Dialog.CHANGE_USER)
    assert any("its last activity, 13:32." in words for words in _words(stage))
    stage.press("b", "o", "b")
    # The hands of who types are told all the same: they say nothing of who has left.
    stage.tell(LastActivity(on.SESSION, on.NOW))
    stage.press_button("End theirs at last activity")
    _told(stage, ChangeUser("bob", None, on.NOW - timedelta(minutes=80)))


def test_after_the_end_the_next_user_begins_at_once(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.ending(), on.progress(files_done=39, waiting=(on.waiting_file(),)))
    stage.press_button("Start next session")
    _open(stage, Dialog.CHANGE_USER)
    assert "last files" in stage.app.presenter.questions.words.change(on.NOW, None)
    stage.press("b", "o", "b", "Return")
    _told(stage, ChangeUser("bob", None))


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("Add to this session", UnassignedChoice.THIS),
        ("Add to my last session", UnassignedChoice.PREVIOUS),
        ("Leave them alone", UnassignedChoice.LEAVE),
    ],
)
def test_unassigned_files_are_given_away(stage: Stage, words: str, choice: UnassignedChoice) -> None:
    _running(stage)
    stage.tell(on.found_unassigned())
    _open(stage, Dialog.UNASSIGNED)
    stage.press_button(words)
    _told(stage, AssignUnassigned(choice))
    _gone(stage)


def test_unassigned_files_wait_and_a_complete_session_is_not_offered(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.all_stored(unassigned=5))
    stage.tell(on.found_unassigned(previous_started_at=None, previous_ended_at=None))
    _open(stage, Dialog.UNASSIGNED)
    assert stage.app.dialog
    assert "Add to my last session" not in [button["text"] for button in stage.app.dialog.buttons]
    stage.press_button("Later")
    _gone(stage)
    _told(stage)
    assert _view(stage).state.tone is Tone.WAITING
    stage.press("alt+a")
    _open(stage, Dialog.UNASSIGNED)
    stage.press("Escape")
    _gone(stage)
    stage.press_button("End session")
    _open(stage, Dialog.UNASSIGNED)
    stage.press_button("End without them")
    _told(stage, EndSession())


def test_a_quiet_session_is_asked_about_and_goes_on(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.quiet())
    assert "since 10:52" in _view(stage).state.text
    _open(stage, Dialog.STILL_WORKING)
    stage.press_button("I am still working")
    _told(stage, ConfirmWorking())
    stage.tell(on.quiet(since=None))
    _gone(stage)
    assert _view(stage).state.tone is Tone.GOOD


def test_a_quiet_session_ends_at_its_last_activity_by_one_click(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.quiet(ends_at=on.NOW + timedelta(hours=4)))
    _open(stage, Dialog.STILL_WORKING)
    stage.press_button("End at last activity")
    _told(stage, EndSession(on.NOW - timedelta(hours=4)))


def test_a_quiet_session_without_a_name_ends_at_its_last_activity_with_the_name(stage: Stage) -> None:
    stage.tell(*on.asked_who(), on.all_stored(), on.quiet())
    _open(stage, Dialog.STILL_WORKING)
    stage.press_button("End at last activity")
    _open(stage, Dialog.WHO)
    stage.button("End session")  # in the dialog: what the name is for
    stage.tell(on.quiet(since=None))
    stage.press("b", "Return")
    _told(stage, ConfirmWho("Berta Benz", None), EndSession(on.NOW - timedelta(hours=4)))


def test_a_session_that_ended_by_itself_says_so(stage: Stage) -> None:
    _running(stage)
    stage.tell(replace(on.ending(), by_itself=True), on.stored(), on.ready())
    assert "Nobody had worked" in _view(stage).state.detail


def test_a_session_that_went_on_by_itself_says_so(stage: Stage) -> None:
    stage.tell(on.started(continued=True, by_itself=True), on.recorded(), on.all_stored())
    assert "continued by itself" in _view(stage).state.detail


def test_a_doubtful_clock_holds_the_session_until_somebody_answers(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.wrong_clock())
    _open(stage, Dialog.CLOCK)
    stage.press("Escape")  # later
    _gone(stage)
    assert _view(stage).state.tone is Tone.WAITING
    stage.tell(on.ending(), on.stored(), ClockInDoubt(on.SESSION, on.NOW, 3_600_000, held=True))
    assert _view(stage).state.tone is Tone.WAITING
    stage.app._act(stage.app.presenter.questions.confirm_clock)
    _told(stage, ConfirmClock(on.SESSION))
    stage.tell(SessionReady(on.SESSION))
    assert _view(stage).screen is Screen.DONE


def test_some_seconds_are_told_calmly(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.wrong_clock(offset_ms=-5_000, held=False))
    state = _view(stage).state
    assert (state.tone, _view(stage).dialog) == (Tone.GOOD, None)
    assert "5 s behind" in state.detail


def test_a_full_disk_is_warned_of_and_taken_back(stage: Stage) -> None:
    _running(stage)
    stage.tell(DiskLow("D:/EMData", 1_400_000_000))
    assert "1.4 GB" in _view(stage).state.text
    stage.tell(DiskLow("D:/EMData", None))
    assert _view(stage).state.tone is Tone.GOOD


def test_who_cannot_wait_goes_and_the_window_makes_room(open_stage: OpenStage) -> None:
    stage = open_stage()
    _running(stage)
    stage.tell(on.ending(), on.progress(files_done=20, seconds_left=1800.0))
    stage.press_button("Leave now...")
    stage.press_button("Finish in background")
    stage.wait(lambda: stage.app.root.state() == "iconic", "the window to shrink")
    stage.tell(on.stored(), on.ready())
    for _ in range(60):
        stage.app.presenter.second_passed()
    assert stage.run_to_end() is ExitCode.COMPLETE
    assert stage.commands == [Stop()]


def test_named_files_are_left_out_with_a_reason(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.ending(), on.progress(files_done=39, waiting=(on.waiting_file(),)))
    stage.press_button("Leave now...")
    stage.press_button("Leave files out...")
    _open(stage, Dialog.LEAVE_OUT)
    stage.press_button("Leave out")
    stage.wait(lambda: "!  Choose at least one file." in _words(stage), "the complaint")
    assert _view(stage).dialog is Dialog.LEAVE_OUT, "nothing was chosen, and no reason given"
    stage.app.dialog.window.tk.call("focus", _list_of(stage))  # type: ignore[union-attr]  # it is open
    stage.press("space", "Tab", "b", "a", "d", "Return")
    stage.settle()
    _told(stage)
    assert any("scan.ser: " in words for words in _words(stage)), "why it waits"
    stage.press("Return")
    _told(stage, LeaveFilesOut(on.SESSION, ("scan.ser",), "bad"))


def _words(stage: Stage) -> list[str]:
    assert stage.app.dialog
    return [str(one["text"]) for one in on.descendants(stage.app.dialog.window) if one.winfo_class() == "TLabel"]


def _list_of(stage: Stage) -> str:
    assert stage.app.dialog
    return next(str(one) for one in on.descendants(stage.app.dialog.window) if one.winfo_class() == "Listbox")

"""The real window on a real screen, with a hand on its mouse and keyboard."""

from __future__ import annotations

import signal
import tkinter as tk
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config import Theme
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import (
    InterruptedChoice,
    NoteSaved,
    PassStage,
    Problem,
    SessionPaused,
    StartStep,
)
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.view import Dialog, Screen
from nexuslims_logger.messages import Stop, SyncNow
from nexuslims_logger.session.service import (
    AnswerInterrupted,
    EndSession,
    PauseSession,
    SetNote,
    TryAgain,
)
from tests.gui import stage as on

if TYPE_CHECKING:
    from tests.gui.conftest import OpenStage
    from tests.gui.stage import Stage


def _running(stage: Stage) -> None:
    stage.tell(on.started(), on.recorded(), on.progress())
    assert _screen(stage) is Screen.RUNNING


def _screen(stage: Stage) -> Screen:
    assert stage.app.view is not None
    return stage.app.view.screen


def _dialog(stage: Stage) -> Dialog | None:
    assert stage.app.view is not None
    return stage.app.view.dialog


def _texts(widget: tk.Misc) -> set[str]:
    """Return the words of every label that is to be seen."""
    return {
        str(child["text"])
        for child in on.descendants(widget)
        if child.winfo_class() in {"TLabel", "TButton"} and child.winfo_viewable()
    }


def _asked(stage: Stage, *commands: object) -> None:
    stage.wait(lambda: stage.commands == list(commands), f"{commands}, not {stage.commands}")


def test_the_first_screen_shows_the_steps(stage: Stage) -> None:
    stage.tell(on.starting(StartStep.INSTRUMENT))

    assert {"Starting the session", "Find the instrument of this computer"} <= _texts(stage.app.root)


def test_a_running_session_is_seen_at_a_glance(stage: Stage) -> None:
    _running(stage)

    assert {
        "FEI Titan TEM",
        "01:23:45",
        "Sending 12 of 40 files, 2 min left",
        "12 of 40 files, 1.2 GB of 3.4 GB",
        "18.3 MB/s",
        "•  Recorded on this PC only",
    } <= _texts(stage.app.root)
    assert stage.app.root.title() == "12/40 - FEI Titan TEM"


def test_a_whole_session_with_the_mouse(stage: Stage) -> None:
    _running(stage)
    stage.press_button("Sync now")
    _asked(stage, SyncNow())

    stage.press_button("End session")
    _asked(stage, SyncNow(), EndSession())
    assert stage.app.window.buttons["end"].instate(["disabled"])

    stage.tell(on.ending(), on.progress(stage=PassStage.VERIFYING))
    assert _screen(stage) is Screen.ENDING
    stage.tell(on.stored(142), on.ready())
    assert "142 of 142 files verified" in _texts(stage.app.root)

    stage.press_button("Close")
    assert stage.run_to_end() is ExitCode.COMPLETE
    assert stage.workers.stopped


def test_a_whole_session_with_the_keyboard(stage: Stage) -> None:
    _running(stage)
    stage.press("Tab", "space")
    _asked(stage, SyncNow())

    stage.press("alt+e")
    _asked(stage, SyncNow(), EndSession())
    stage.tell(on.ending(), on.stored(), on.ready())

    stage.press("Return")
    assert stage.run_to_end() is ExitCode.COMPLETE


def test_the_focus_is_where_return_does_no_harm(stage: Stage) -> None:
    _running(stage)

    stage.press("Return")

    stage.wait(lambda: _dialog(stage) is Dialog.NOTE, "the note editor")
    assert stage.commands == []


def test_tab_reaches_every_button(stage: Stage) -> None:
    _running(stage)
    buttons = stage.app.window.buttons
    reached: set[object] = set()
    for _ in range(4):
        reached.add(stage.app.root.focus_get())
        before = stage.app.root.focus_get()
        stage.press("Tab")
        stage.wait(lambda before=before: stage.app.root.focus_get() is not before, "the focus to move")  # type: ignore[misc]  # binds the loop's value

    assert reached == {buttons[name] for name in ("end", "note", "sync_now", "log")}


def test_a_note_is_written_and_saved(stage: Stage) -> None:
    _running(stage)
    stage.press_button("Note")
    stage.wait(lambda: _dialog(stage) is Dialog.NOTE, "the note editor")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor to have the keyboard")

    stage.screen.do("type", "grid 7")
    stage.screen.do("key", "Return")
    stage.screen.do("type", "corner")
    stage.wait(lambda: _typed(stage) == "grid 7\ncorner", "the text")
    stage.press_button("Save")

    _asked(stage, SetNote("grid 7\ncorner"))
    stage.tell(NoteSaved(on.SESSION, "grid 7\ncorner"))
    assert "Note: grid 7 ..." in _texts(stage.app.root)


def _typed(stage: Stage) -> str:
    editor = stage.app.root.focus_get()
    return editor.get("1.0", "end").strip() if isinstance(editor, tk.Text) else ""


def test_a_note_can_be_saved_and_left_by_keys(stage: Stage) -> None:
    _running(stage)
    stage.press("alt+n")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor")
    stage.screen.do("type", "x")
    stage.wait(lambda: _typed(stage) == "x", "the text")
    stage.press("ctrl+Return")
    _asked(stage, SetNote("x"))
    stage.wait(lambda: _dialog(stage) is None, "the editor to go")

    stage.press("alt+n")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor")
    stage.press("Escape")
    stage.wait(lambda: _dialog(stage) is None, "the editor to go")
    assert stage.commands == [SetNote("x")]


def test_a_note_that_is_too_long_is_refused_where_it_is_written(stage: Stage) -> None:
    _running(stage)
    stage.press_button("Note")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor")
    editor = stage.app.root.focus_get()
    assert isinstance(editor, tk.Text)

    editor.insert("1.0", "x" * 10_003)
    stage.settle()

    assert stage.button("Save").instate(["disabled"])
    assert stage.app.dialog is not None
    assert "Too long by 3 characters" in _texts(stage.app.dialog.window)


@pytest.mark.parametrize(
    ("words", "choice"),
    [("Continue", InterruptedChoice.CONTINUE), ("End theirs and start mine", InterruptedChoice.END)],
)
def test_an_interrupted_session_is_answered(stage: Stage, words: str, choice: InterruptedChoice) -> None:
    stage.tell(on.starting(StartStep.RECOVERY), on.interrupted())
    assert stage.app.dialog is not None
    assert {"grace", "7 files, 812.0 MB"} <= _texts(stage.app.dialog.window)

    stage.press_button(words)

    _asked(stage, AnswerInterrupted(choice))
    stage.wait(lambda: _dialog(stage) is None, "the question to go")


@pytest.mark.parametrize("choice", list(InterruptedChoice))
def test_return_gives_the_suggested_answer(stage: Stage, choice: InterruptedChoice) -> None:
    stage.tell(on.interrupted(suggestion=choice, same_user=True))
    stage.wait(lambda: stage.app.root.focus_get() is not None, "the question to have the keyboard")

    stage.press("Return")

    _asked(stage, AnswerInterrupted(choice))


def test_no_answer_closes_the_window(stage: Stage) -> None:
    stage.tell(on.interrupted())

    stage.press("Escape")

    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_an_unknown_computer_can_copy_its_name_and_try_again(stage: Stage) -> None:
    stage.tell(on.unknown())
    assert "This computer is not registered" in _texts(stage.app.root)

    stage.press_button("Copy")
    stage.wait(lambda: _clipboard(stage) == "TEM-PC-03", "the name on the clipboard")
    stage.press_button("Try again")
    _asked(stage, TryAgain())

    stage.tell(on.unknown())
    stage.press_button("Close")
    assert stage.run_to_end() is ExitCode.FAILED


def _clipboard(stage: Stage) -> str:
    try:
        return stage.app.root.clipboard_get()
    except tk.TclError:  # nothing was copied yet
        return ""


@pytest.mark.parametrize(
    ("words", "commands"),
    [("End session", [EndSession()]), ("Pause", [PauseSession()]), ("Cancel", [])],
)
def test_the_cross_asks_what_is_meant(stage: Stage, words: str, commands: list[object]) -> None:
    _running(stage)
    stage.close_by_cross()
    stage.wait(lambda: _dialog(stage) is Dialog.CLOSING, "the closing dialog")

    stage.press_button(words)

    stage.wait(lambda: _dialog(stage) is None, "the dialog to go")
    assert stage.commands == commands


def test_a_pause_closes_the_window(stage: Stage) -> None:
    _running(stage)
    stage.close_by_cross()
    stage.press_button("Pause")
    _asked(stage, PauseSession())

    stage.tell(SessionPaused(on.SESSION))

    assert stage.run_to_end() is ExitCode.WAITING


def test_leaving_before_the_end_is_asked_and_told(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.ending(), on.progress(files_done=39))
    stage.press_button("Leave now...")
    stage.press_button("Keep waiting")
    stage.wait(lambda: _dialog(stage) is None, "the dialog to go")
    assert stage.commands == []

    stage.close_by_cross()
    stage.press_button("Leave now")

    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_the_log_is_shown_and_copied(stage: Stage) -> None:
    _running(stage)
    stage.press_button("Log")
    stage.wait(lambda: stage.app.log_window is not None, "the log")
    log = stage.app.log_window
    assert log is not None

    stage.click(log.copy)
    stage.wait(lambda: "Copied" in _texts(log.window), "the copy")
    stage.click(log.close_button)
    stage.wait(lambda: not log.is_open, "the log to go")


def test_a_start_that_fails_is_told_in_the_window(open_stage: OpenStage) -> None:
    error = ConfigurationError("A setting is wrong", "NEXUSLIMSGUI_TEXT_SIZE is 'big'. Give a number.")
    stage = open_stage(error)
    stage.expected_log.add(str(error))
    stage.wait(lambda: _screen(stage) is Screen.FAILED, "the error")
    assert {"A setting is wrong", error.message} <= _texts(stage.app.root)

    stage.press_button("Copy")
    stage.wait(lambda: error.message in _clipboard(stage), "the message on the clipboard")
    stage.press_button("Close")

    assert stage.run_to_end() is ExitCode.USAGE


def test_a_defect_of_the_window_is_told_and_the_session_goes_on(stage: Stage) -> None:
    _running(stage)
    stage.expected_log.add("A callback of the window failed")

    stage.app.root.after(1, lambda: 1 / 0)
    stage.wait(lambda: any(_texts(window) for window in _toplevels(stage)), "the message")

    texts = set().union(*(_texts(window) for window in _toplevels(stage)))
    assert "Something unexpected happened in the window" in texts
    close = next(
        widget for window in _toplevels(stage) for widget in on.descendants(window) if widget.winfo_class() == "TButton"
    )
    stage.click(close)
    stage.wait(lambda: not _toplevels(stage), "the message to go")
    stage.press_button("End session")
    _asked(stage, EndSession())


def _toplevels(stage: Stage) -> list[tk.Misc]:
    return [window for window in stage.app.root.winfo_children() if isinstance(window, tk.Toplevel)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_window_and_leaves_the_session_open(open_stage: OpenStage, number: signal.Signals) -> None:
    stage = open_stage(closed=True)
    stage.workers.events.put(on.started())
    stage.app.root.after(200, lambda: signal.raise_signal(number))

    assert stage.run() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_a_log_off_leaves_the_session_open(stage: Stage) -> None:
    _running(stage)

    stage.app.root.tk.call(*stage.app.root.tk.splitlist(stage.app.root.protocol("WM_SAVE_YOURSELF")))

    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
@pytest.mark.parametrize("text_size", [10, 15])
def test_nothing_is_cut_off(open_stage: OpenStage, theme: Theme, text_size: int) -> None:
    problem = Problem(
        "The network is away", "This is a long remedy that takes several lines. " * 4, on.NOW - timedelta(hours=1)
    )
    stage = open_stage(theme=theme, text_size=text_size)
    for events in (
        (on.starting(StartStep.SESSION),),
        (on.unknown(),),
        (on.started(note="grid 7"), on.recorded(), on.progress()),
        (on.recorded(problem=problem), on.progress(store_problem=problem)),
        (on.ending(), on.progress(files_done=39, waiting=(on.waiting_file(),))),
        (on.stored(), on.ready()),
    ):
        stage.tell(*events)
        stage.wait(lambda: _fits(stage), f"{_screen(stage)} to fit into its window")
    assert stage.app.root.winfo_height() <= 700
    assert stage.app.root.winfo_width() <= 1024


def _fits(stage: Stage) -> bool:
    root = stage.app.root
    return root.winfo_width() >= root.winfo_reqwidth() and root.winfo_height() >= root.winfo_reqheight()

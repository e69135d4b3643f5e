"""The real window on a real screen, with a hand on its mouse and keyboard."""

from __future__ import annotations

import logging
import os
import signal
import time
import tkinter as tk
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config import Theme
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import (
    InterruptedChoice,
    NeighbourChoice,
    NoteSaved,
    PassStage,
    Problem,
    SessionPaused,
    StartStep,
    WaitingFile,
)
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.view import Dialog, Screen
from nexuslims_logger.logs import LogMemory
from nexuslims_logger.messages import ListFiles, Stop, SyncNow
from nexuslims_logger.session.service import (
    AnswerInterrupted,
    AnswerNeighbour,
    EndSession,
    PauseSession,
    SetNote,
    TryAgain,
)
from tests.gui import stage as on

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.gui.files_window import FilesWindow
    from nexuslims_logger.gui.note_window import NoteWindow
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
    stage.press("alt+s")
    _asked(stage, SyncNow())

    stage.press("alt+e")
    _asked(stage, SyncNow(), EndSession())
    stage.tell(on.ending(), on.stored(), on.ready())

    stage.press("Return")
    assert stage.run_to_end() is ExitCode.COMPLETE


def test_the_focus_is_where_return_does_no_harm(stage: Stage) -> None:
    _running(stage)

    stage.press("Return")

    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the note editor")
    assert stage.commands == []


def test_tab_goes_as_the_eye_reads(stage: Stage) -> None:
    _running(stage)
    buttons = stage.app.window.buttons
    order = [buttons[name] for name in ("sync_now", "end", "note", "files", "change_user", "log")]
    buttons["sync_now"].focus_set()
    reached = []
    for _ in order:
        reached.append(stage.app.root.focus_get())
        before = stage.app.root.focus_get()
        stage.press("Tab")
        stage.wait(lambda before=before: stage.app.root.focus_get() is not before, "the focus to move")  # type: ignore[misc]  # binds the loop's value

    assert reached == order


_AWAY = Problem(
    "The database does not answer",
    "What happens is kept on this PC and sent as soon as the network is back. If this lasts for hours, tell the "
    "facility manager.",
    on.NOW - timedelta(minutes=48),
)


def _places(stage: Stage) -> dict[str, tuple[int, int]]:
    stage.settle()
    stage.app.root.update_idletasks()
    return {
        name: (button.winfo_rootx(), button.winfo_rooty())
        for name, button in stage.app.window.buttons.items()
        if button.winfo_viewable()
    }


def test_no_button_moves_when_the_state_line_says_more(stage: Stage) -> None:
    stage.tell(on.started(), on.recorded(), on.all_stored())
    before = _places(stage)

    stage.tell(on.recorded(problem=_AWAY), NoteSaved(on.SESSION, "grid 7, " * 30))
    assert _places(stage) == before
    name = "Titan_TEM_10_emi_list_4_image_0001_of_a_very_long_series_of_images.dm3"
    stage.tell(on.recorded(), on.progress(stage=PassStage.IDLE, waiting=(WaitingFile(name, "still being written"),)))
    assert _places(stage) == before
    assert any("\N{HORIZONTAL ELLIPSIS}" in text for text in _texts(stage.app.root)), "a name breaks in two"


def test_a_click_just_after_the_buttons_moved_does_nothing(stage: Stage) -> None:
    shield = stage.app.window.shield
    shield.calm_ms = 60_000
    _running(stage)
    assert shield.is_up, "the screen is another one"
    clicks: list[object] = []
    end = stage.app.window.buttons["end"]
    end.bindtags(("seen", *end.bindtags()))
    end.bind_class("seen", "<ButtonRelease-1>", clicks.append)
    stage.press_button("End session")
    stage.wait(lambda: bool(clicks), "the click")
    assert stage.commands == []

    shield.calm_ms = 50
    root = stage.app.root
    root.geometry(f"{root.winfo_width()}x{root.winfo_height() + 40}")
    stage.wait(lambda: not shield.is_up, "the buttons to stand still")
    stage.press_button("End session")
    _asked(stage, EndSession())


def _edit_note(stage: Stage) -> tk.Text:
    """Open the editor, and wait until it has the keyboard."""
    stage.press_button("Note")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor")
    editor = stage.app.root.focus_get()
    assert isinstance(editor, tk.Text)
    return editor


def _note(stage: Stage) -> NoteWindow:
    assert stage.app.beside.note is not None
    return stage.app.beside.note


def test_a_note_is_saved_as_it_is_typed(stage: Stage) -> None:
    _running(stage)
    editor = _edit_note(stage)

    stage.screen.do("type", "grid 7")
    stage.screen.do("key", "Return")
    stage.screen.do("type", "corner")
    stage.wait(lambda: editor.get("1.0", "end-1c") == "grid 7\ncorner", "the text")

    stage.wait(
        lambda: stage.commands[-1:] == [SetNote("grid 7\ncorner", on.SESSION)],
        "the note to be saved, with nothing pressed",
    )
    assert "Saving as you type" in _texts(_note(stage).window)
    stage.tell(NoteSaved(on.SESSION, "grid 7\ncorner"))
    assert "Saved on this PC" in _texts(_note(stage).window)
    assert "Note: grid 7 ..." in _texts(stage.app.root)


def test_a_note_is_taken_back_and_emptied(stage: Stage) -> None:
    stage.tell(on.started(note="grid 7"), on.recorded())
    editor = _edit_note(stage)
    assert _note(stage).undo.instate(["disabled"])

    stage.press("ctrl+a", "Delete")
    stage.wait(lambda: editor.get("1.0", "end-1c") == "", "the field to be empty")
    stage.wait(lambda: stage.commands == [SetNote("", on.SESSION)], "the empty note to be saved")
    stage.click(_note(stage).undo)
    stage.wait(lambda: editor.get("1.0", "end-1c") == "grid 7", "the text to be back")
    stage.click(_note(stage).redo)
    stage.wait(lambda: editor.get("1.0", "end-1c") == "", "the text to be gone again")
    stage.click(_note(stage).done)

    stage.wait(lambda: not _note(stage).is_open, "the editor to go")
    assert stage.commands[-1] == SetNote("", on.SESSION)


@pytest.mark.parametrize("key", ["Escape", "ctrl+Return"])
def test_a_note_is_saved_when_its_editor_is_closed(stage: Stage, key: str) -> None:
    _running(stage)
    stage.press("alt+n")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor")
    editor = stage.app.root.focus_get()
    assert isinstance(editor, tk.Text)
    stage.screen.do("type", "x")
    stage.wait(lambda: editor.get("1.0", "end-1c") == "x", "the text")

    stage.press(key)

    stage.wait(lambda: not _note(stage).is_open, "the editor to go")
    assert stage.commands == [SetNote("x", on.SESSION)]


def test_the_end_takes_the_note_with_it(stage: Stage) -> None:
    _running(stage)
    editor = _edit_note(stage)
    editor.insert("1.0", "last words")
    stage.settle()

    stage.press_button("End session")

    _asked(stage, SetNote("last words", on.SESSION), EndSession())
    stage.tell(on.ending())
    assert not _note(stage).is_open


def test_an_end_that_is_told_when_the_window_has_gone_finds_no_editor(stage: Stage) -> None:
    _running(stage)
    editor = _edit_note(stage)
    editor.insert("1.0", "last words")
    stage.settle()
    stage.workers.last_words = [on.ending(), on.stored(), on.ready()]  # the disk was slow

    stage.app.presenter.stop()

    assert stage.run_to_end() is ExitCode.COMPLETE
    assert stage.commands == [SetNote("last words", on.SESSION), Stop()]


def test_a_note_that_is_too_long_is_told_where_it_is_written(stage: Stage) -> None:
    _running(stage)
    editor = _edit_note(stage)

    editor.insert("1.0", "x" * 10_003)
    stage.settle()

    assert "Too long: the last 3 characters are not saved" in _texts(_note(stage).window)
    stage.wait(lambda: stage.commands == [SetNote("x" * 10_000, on.SESSION)], "the rest to be saved")


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


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ("Join", NeighbourChoice.JOIN),
        ("Take over", NeighbourChoice.TAKE_OVER),
        ("Start my own", NeighbourChoice.OWN),
    ],
)
def test_a_neighbour_is_answered(stage: Stage, words: str, choice: NeighbourChoice) -> None:
    stage.tell(on.starting(StartStep.INSTRUMENT), on.neighbour())
    assert stage.app.dialog is not None
    assert {"grace", "TEM-PC-01"} <= _texts(stage.app.dialog.window)

    stage.press_button(words)

    _asked(stage, AnswerNeighbour(choice))
    stage.wait(lambda: _dialog(stage) is None, "the question to go")


@pytest.mark.parametrize("suggestion", [NeighbourChoice.JOIN, NeighbourChoice.OWN])
def test_return_gives_the_suggested_answer_to_a_neighbour(stage: Stage, suggestion: NeighbourChoice) -> None:
    stage.tell(on.neighbour(suggestion=suggestion))
    stage.wait(lambda: stage.app.root.focus_get() is not None, "the question to have the keyboard")

    stage.press("Return")

    _asked(stage, AnswerNeighbour(suggestion))


def test_without_an_answer_a_neighbour_is_left_alone(stage: Stage) -> None:
    stage.tell(on.neighbour(may_join=False))
    assert stage.app.dialog is not None
    assert "Join" not in {button.cget("text") for button in stage.app.dialog.buttons}

    stage.press("Escape")

    _asked(stage, AnswerNeighbour(NeighbourChoice.OWN))


def test_no_answer_closes_the_window(stage: Stage) -> None:
    stage.tell(on.interrupted())

    stage.press("Escape")

    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_the_question_counts_down_and_the_logger_can_be_closed(stage: Stage) -> None:
    stage.tell(on.interrupted(continues_in_s=60.0))
    assert stage.app.dialog is not None
    dialog = stage.app.dialog.window
    for _ in range(3):
        stage.app.presenter.second_passed()

    stage.wait(lambda: not any("in 60 s" in text for text in _texts(dialog)), "the seconds to go down")
    stage.press_button("Close the logger")
    assert stage.run_to_end() is ExitCode.WAITING


def test_a_key_keeps_the_last_screen_open(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.ending(), on.stored(), on.ready())
    stage.press("Tab")

    stage.wait(lambda: "This window stays open until you close it." in _texts(stage.app.root), "the countdown to stop")


def test_an_open_window_beside_keeps_the_last_screen_open(stage: Stage) -> None:
    _running(stage)
    stage.app.beside.open_log()
    stage.tell(on.ending(), on.stored(), on.ready())

    stage.wait(lambda: "This window stays open until you close it." in _texts(stage.app.root), "the countdown to stop")


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
    stage.press_button("Leave for later")

    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_the_log_is_filtered_copied_and_bundled(stage: Stage) -> None:
    memory = LogMemory()
    memory.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger().addHandler(memory)
    try:
        for level, words in (
            (logging.INFO, "all is well"),
            (logging.WARNING, "not quite"),
            (logging.ERROR, "not at all"),
        ):
            memory.handle(logging.LogRecord("", level, "", 0, words, None, None))
        _running(stage)
        stage.press_button("Log")
        stage.wait(lambda: stage.app.beside.log is not None, "the log")
        log = stage.app.beside.log
        assert log is not None
        assert log.text.get("1.0", "end-1c") == "all is well\nnot quite\nnot at all\n"

        stage.click(log.filter.buttons[1])
        stage.wait(lambda: log.text.get("1.0", "end-1c") == "not quite\nnot at all\n", "the warnings")
        stage.press("alt+e")
        stage.wait(lambda: log.text.get("1.0", "end-1c") == "not at all\n", "the errors")
        memory.handle(logging.LogRecord("", logging.ERROR, "", 0, "and again", None, None))
        stage.wait(lambda: "and again" in log.text.get("1.0", "end-1c"), "the new line")
        stage.click(log.copy)
        stage.wait(lambda: _clipboard(stage) == "not at all\nand again", "the copy")
        stage.click(log.bundle)
        stage.wait(lambda: any(text.endswith("bundle.zip") for text in _texts(log.window)), "the bundle")
        stage.click(log.close_button)
        stage.wait(lambda: not log.is_open, "the log to go")
    finally:
        logging.getLogger().removeHandler(memory)


def test_the_log_opens_at_its_end(stage: Stage) -> None:
    memory = LogMemory()
    memory.setFormatter(logging.Formatter("%(message)s"))
    logging.getLogger().addHandler(memory)
    try:
        for number in range(400):
            memory.handle(logging.LogRecord("", logging.INFO, "", 0, f"line {number}", None, None))
        _running(stage)
        stage.app.beside.open_log()
        log = stage.app.beside.log
        assert log is not None
        stage.wait(lambda: bool(log.text.winfo_viewable()), "the log")
        stage.wait(lambda: log.text.bbox("400.0") is not None, "its last line")
    finally:
        logging.getLogger().removeHandler(memory)


def test_a_window_beside_hides_nothing_of_the_main_one_and_is_narrower_for_it(stage: Stage) -> None:
    _running(stage)
    root = stage.app.root
    stage.wait(lambda: root.winfo_rootx() >= 300, "the window to be in its place")
    files = _open_files(stage)
    stage.wait(lambda: bool(files.window.winfo_viewable()), "the list")
    stage.settle()

    assert files.window.winfo_rootx() >= root.winfo_rootx() + root.winfo_width()
    assert files.window.winfo_rootx() + files.window.winfo_width() <= root.winfo_screenwidth()
    stage.wait(lambda: len(files.list.tree.get_children()) > 15, "the rows")


def test_a_long_name_loses_its_middle_and_is_told_in_full_below(stage: Stage) -> None:
    _running(stage)
    files = _open_files(stage)
    long = "20261123/" + "Titan_TEM_10_emi_list_4_image_of_the_broken_corner_" * 2 + "0001.ser"
    rows = on.listed(2).rows
    stage.tell(replace(on.listed(2), rows=(replace(rows[0], path=long), rows[1])))
    stage.wait(lambda: len(_rows(files)) == 2, "the list")
    stage.wait(
        lambda: any(
            name.startswith("20261123/Titan") and "\N{HORIZONTAL ELLIPSIS}" in name and name.endswith("0001.ser")
            for name in _rows(files)
        ),
        "the name to be shortened",
    )
    tree = files.list.tree
    assert sum(int(tree.column(column, "width")) for column in tree["columns"]) <= tree.winfo_width()
    assert [str(tree.heading(column, "text")) for column in tree["columns"]] == [
        "Name",
        "Size",
        "State",
        "Changed \N{BLACK DOWN-POINTING TRIANGLE}",
    ]

    files.list._select(next(at for at, name in enumerate(_rows(files)) if name.startswith("20261123/Titan")))
    assert str(files.path["text"]).replace("\n", "") == long


def _open_files(stage: Stage) -> FilesWindow:
    asked = stage.commands.count(ListFiles(on.SESSION))
    stage.press_button("Files")
    stage.wait(lambda: stage.commands.count(ListFiles(on.SESSION)) > asked, "the question")
    files = stage.app.beside.files
    assert files is not None
    return files


def _rows(files: FilesWindow) -> list[str]:
    """Return the names in the rows that are to be seen."""
    names = [files.list.tree.item(slot, "values") for slot in files.list.tree.get_children()]
    return [str(values[0]) for values in names if values]


def test_the_files_are_listed_filtered_and_sorted(stage: Stage) -> None:
    _running(stage)
    files = _open_files(stage)
    stage.wait(lambda: "Looking the files up" in _texts(files.window), "what is waited for")

    stage.tell(on.listed())
    assert {"All 40", "Waiting 28", "Stored 12", "Not sent 0"} <= _texts(files.window)
    assert _rows(files)[0] == "20261123/scan_0039.ser"

    stage.click(files.filter.buttons[2])
    stage.wait(lambda: _rows(files)[0] == "20261123/scan_0011.ser", "the stored ones")
    files.list.tree.focus_force()
    stage.press("Home")
    stage.wait(
        lambda: any("Keep it on this PC until the session has ended" in text for text in _texts(files.window)),
        "what may not be deleted yet",
    )
    stage.press("alt+w")
    stage.wait(lambda: _rows(files)[0] == "20261123/scan_0039.ser", "those that wait")
    files._sort(0)
    assert _rows(files)[0] == "20261123/scan_0012.ser"
    files.list.tree.focus_force()
    stage.press("End", "Up")
    stage.wait(
        lambda: "Waiting: it is open in another program; tried again in a minute." in _texts(files.window),
        "why that one waits",
    )
    stage.press("Escape")
    stage.wait(lambda: not files.is_open, "the list to go")


def test_files_are_safe_to_delete_only_when_they_are_verified(stage: Stage) -> None:
    _running(stage)
    stage.tell(on.ending(), on.stored(), on.ready())
    files = _open_files(stage)
    stage.tell(on.verified_list())
    files.list.tree.focus_force()
    stage.press("Down")

    stage.wait(lambda: "Verified at 14:52:05. Safe to delete here." in _texts(files.window), "the promise")
    stage.press("Escape")
    stage.wait(lambda: not files.is_open, "the list to go")

    files = _open_files(stage)
    stage.wait(lambda: "Looking the files up" in _texts(files.window), "the old promise not to be made again")
    stage.tell(on.listed(0))
    stage.wait(lambda: "No files" in _texts(files.window), "the answer")


def test_the_list_of_files_stays_quick(stage: Stage) -> None:
    _running(stage)
    files = _open_files(stage)
    stage.workers.events.put(on.listed(10_000, 4_000))
    stage.wait(lambda: "All 10,000" in _texts(files.window), "the list")
    assert len(files.list.tree.get_children()) < 100

    begun = time.thread_time()
    for step in ("0.5", "0.1", "0.9"):
        files.list._scroll("moveto", step)
        stage.settle()
    assert (time.thread_time() - begun) / 3 < 0.05
    assert _rows(files)[0].endswith("0999.ser")


def test_the_folder_of_a_file_is_opened(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text(
        f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened.part && mv {tmp_path}/opened.part {tmp_path}/opened\n'
    )
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    _running(stage)
    files = _open_files(stage)
    stage.tell(on.listed())

    stage.click(files.open_folder)

    stage.wait((tmp_path / "opened").exists, "the folder")
    assert (tmp_path / "opened").read_text() == "/data/Titan/20261123"


def test_a_start_that_fails_is_told_in_the_window(open_stage: OpenStage) -> None:
    error = ConfigurationError("A setting is wrong", "NEXUSLIMSGUI_TEXT_SIZE is 'big'. Give a number.")
    stage = open_stage(error)
    stage.expected_log.add(str(error))
    stage.wait(lambda: _screen(stage) is Screen.FAILED, "the error")
    texts = _texts(stage.app.root)
    assert "A setting is wrong" in texts
    assert any(text.startswith(error.message) for text in texts)

    stage.press_button("Copy")
    stage.wait(lambda: error.message in _clipboard(stage), "the message on the clipboard")
    stage.press_button("Close")

    assert stage.run_to_end() is ExitCode.USAGE


def test_return_tries_a_start_that_has_failed_again(open_stage: OpenStage) -> None:
    error = ConfigurationError("A setting is wrong", "NEXUSLIMSGUI_TEXT_SIZE is 'big'. Give a number.")
    stage = open_stage(error)
    stage.expected_log.add(str(error))
    stage.wait(lambda: _screen(stage) is Screen.FAILED, "the error")
    presenter = stage.app.presenter

    stage.press("Return")

    stage.run_to_end()
    assert presenter.begins_anew


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

    def once_it_runs() -> None:
        if stage.app.view is not None and stage.app.view.screen is Screen.RUNNING:
            signal.raise_signal(number)
        else:
            stage.app.root.after(50, once_it_runs)

    stage.app.root.after(50, once_it_runs)

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

"""The real window with the real workers behind it, on the embedded default."""

from __future__ import annotations

import sqlite3
import time
import tkinter as tk
from contextlib import closing
from typing import TYPE_CHECKING

from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.view import Dialog, Screen, Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.gui.view import View
    from tests.gui.conftest import OpenStage
    from tests.gui.stage import Stage

#: Real threads and disks, perhaps on a busy machine.
PATIENCE_S = 60.0


def _open(open_stage: OpenStage) -> Stage:
    return open_stage(real=True, settle_seconds=0.2, sync_interval_seconds=1.0)


def _see(stage: Stage, condition: Callable[[View], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline - 10:
        try:
            stage.wait(lambda: stage.app.view is not None and condition(stage.app.view), what)
        except AssertionError:
            continue
        return
    stage.wait(lambda: stage.app.view is not None and condition(stage.app.view), what)


def _see_screen(stage: Stage, screen: Screen) -> None:
    _see(stage, lambda view: view.screen is screen, f"the screen {screen}")


def _write(home: Path, name: str, content: bytes) -> None:
    folder = home / "data"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def _rows(home: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(home / "nexuslims.db")) as connection:
        return connection.execute(
            "SELECT event_type, record_status, session_note FROM session_log ORDER BY id_session_log"
        ).fetchall()


def test_a_session_from_the_start_to_the_store(open_stage: OpenStage, tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = _open(open_stage)
    _see_screen(stage, Screen.RUNNING)

    stage.press_button("Note")
    stage.wait(lambda: isinstance(stage.app.root.focus_get(), tk.Text), "the editor to have the keyboard")
    stage.screen.do("type", "grid 7")
    stage.press("ctrl+Return")
    _see(stage, lambda view: view.note == "Note: grid 7", "the note to be safe")
    _write(home, "a.tif", b"one")
    _write(home, "b.tif", b"two" * 100_000)
    _see(stage, lambda view: view.counts.startswith("2 of 2 files"), "both files in the store")
    _see(stage, lambda view: view.state.tone is Tone.GOOD, "everything to be good")
    stage.press_button("End session")
    _see_screen(stage, Screen.DONE)
    assert stage.app.view is not None
    assert stage.app.view.state.text == "2 of 2 files verified"
    stage.press_button("Close")

    assert stage.run_to_end() is ExitCode.COMPLETE
    assert _rows(home) == [("START", "TO_BE_BUILT", "grid 7"), ("END", "TO_BE_BUILT", "grid 7")]
    assert {path.read_bytes() for path in (home / "bucket").rglob("*.tif")} == {b"one", b"two" * 100_000}


def test_a_pause_and_its_continuation(open_stage: OpenStage, tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = _open(open_stage)
    _see_screen(stage, Screen.RUNNING)
    stage.close_by_cross()
    stage.press_button("Pause")
    assert stage.run_to_end() is ExitCode.WAITING

    again = _open(open_stage)
    _see(again, lambda view: view.dialog is Dialog.INTERRUPTED, "the question")
    again.press_button("Continue")
    _see_screen(again, Screen.RUNNING)
    again.press_button("End session")
    _see_screen(again, Screen.DONE)
    again.press_button("Close")

    assert again.run_to_end() is ExitCode.COMPLETE
    assert [row[:2] for row in _rows(home)] == [("START", "TO_BE_BUILT"), ("END", "TO_BE_BUILT")]


def test_an_abandoned_session_is_ended_and_a_new_one_started(open_stage: OpenStage, tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = _open(open_stage)
    _see_screen(stage, Screen.RUNNING)
    stage.app._log_off()
    assert stage.run_to_end() is ExitCode.WAITING

    again = _open(open_stage)
    _see(again, lambda view: view.dialog is Dialog.INTERRUPTED, "the question")
    again.press_button("End it and start a new one")
    _see_screen(again, Screen.RUNNING)
    again.press_button("End session")
    _see_screen(again, Screen.DONE)
    again.press_button("Close")

    assert again.run_to_end() is ExitCode.COMPLETE
    assert sorted(row[:2] for row in _rows(home)) == [("END", "TO_BE_BUILT")] * 2 + [("START", "TO_BE_BUILT")] * 2


def test_a_second_start_brings_the_first_window_forward(open_stage: OpenStage) -> None:
    first = _open(open_stage)
    _see_screen(first, Screen.RUNNING)

    second = _open(open_stage)
    second.wait(lambda: second.app.view is not None and second.app.view.finished, "the second to go by itself")
    assert second.take_down() is ExitCode.ALREADY_RUNNING

    _see(first, lambda view: view.dialog is Dialog.SUMMONED, "the question who works")
    first.press_button("Keep this session")
    first.press_button("End session")
    _see_screen(first, Screen.DONE)


def test_two_users_one_after_the_other_in_one_window(open_stage: OpenStage, tmp_path: Path) -> None:
    home = tmp_path / "home"
    stage = open_stage(real=True, settle_seconds=0.2, sync_interval_seconds=1.0, ask_user=True)
    _see(stage, lambda view: view.dialog is Dialog.WHO, "the question who works")
    _write(home, "a.tif", b"of ada")
    _see(stage, lambda view: view.counts.startswith("1 of 1"), "the file in the store, before anybody has a name")
    assert _rows(home) == []
    _enter(stage, "ada")
    _see(stage, lambda view: view.state.tone is Tone.GOOD, "everything to be good")

    stage.press_button("Change user")
    _enter(stage, "bob")
    _see(stage, lambda view: view.who.startswith("bob"), "bob's session")
    _write(home, "b.tif", b"of bob")
    _see(stage, lambda view: view.counts.startswith("1 of 1"), "bob's file in the store")
    stage.press_button("End session")
    _see_screen(stage, Screen.DONE)
    stage.press_button("Close")

    assert stage.run_to_end() is ExitCode.COMPLETE
    with closing(sqlite3.connect(home / "nexuslims.db")) as connection:
        rows = connection.execute(
            'SELECT l.event_type, l."user", l.record_status, m.object_name FROM session_log l '
            'JOIN file_manifest m USING (session_identifier) ORDER BY l."user", l.event_type DESC'
        ).fetchall()
    assert [(kind, user, status) for kind, user, status, _ in rows] == [
        (kind, user, "TO_BE_BUILT") for user in ("ada", "bob") for kind in ("START", "END")
    ]
    assert [name.rpartition("/")[2] for *_, name in rows] == ["a.tif", "a.tif", "b.tif", "b.tif"]


def _enter(stage: Stage, name: str) -> None:
    """Type a name into the dialog that asks for it."""
    stage.wait(lambda: stage.app.dialog is not None, "the dialog")
    assert stage.app.dialog
    window = stage.app.dialog.window
    stage.wait(lambda: str(window.focus_displayof()).startswith(f"{window}."), "its keyboard")
    window.winfo_pointerxy()  # a way to the screen and back
    stage.press(*name, "Return")
    stage.wait(lambda: stage.app.dialog is None, "the dialog to go")

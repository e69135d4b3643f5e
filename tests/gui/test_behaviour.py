"""How the window behaves among others: its place, the keyboard, a log-off, a network or a worker that goes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_supervision import STOPPED
from nexuslims_logger.events import Healed, Problem, StartStep, Trouble
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui import place
from nexuslims_logger.gui.view import Screen, Tone
from nexuslims_logger.messages import Stop
from nexuslims_logger.session.service import EndSession
from tests.gui import stage as on
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.gui.conftest import OpenStage
    from tests.gui.stage import Stage


def _client(stage: Stage) -> str:
    """Return the window's number as the window manager knows it."""
    lines = subprocess.run(
        ["wmctrl", "-l"], env=stage.screen.environment, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    (number,) = (line.split()[0] for line in lines if line.endswith(stage.app.root.title()))
    return number


def test_the_window_comes_back_to_its_place(open_stage: OpenStage, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    first = open_stage()
    first.app.root.geometry("520x500+123+77")
    first.wait(lambda: first.app.root.geometry() == "520x500+123+77", "the window to move")
    first.app.presenter.stop()
    first.run_to_end()
    assert place.read(str(tmp_path / "home")) is not None

    second = open_stage(closed=True)
    second.app.open()
    second.wait(lambda: second.app.root.geometry() == "520x500+123+77", "the window to come back")


def test_a_question_waits_until_the_window_is_looked_at(stage: Stage) -> None:
    """The acquisition program has the keyboard, and keeps it."""
    script = (
        "import tkinter; root = tkinter.Tk(); root.title('acquisition'); root.geometry('300x200+900+600');"
        "root.bind('<Key>', lambda event: print(event.char, end='', flush=True)); root.after(60000, root.quit);"
        "root.mainloop()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], env=stage.screen.environment, stdout=subprocess.PIPE, bufsize=0
    ) as other:
        try:
            stage.wait(lambda: stage.app.root.focus_displayof() is None, "the other program to have the keyboard")
            stage.tell(on.starting(StartStep.RECOVERY), on.interrupted())
            stage.wait(lambda: stage.app.root.title() == "? NexusLIMS Logger", "the title to tell")
            stage.screen.do("type", "x")
            assert other.stdout is not None
            assert other.stdout.read(1) == b"x"
            assert stage.app.dialog is None

            window = _client(stage)
            subprocess.run(["wmctrl", "-i", "-a", window], env=stage.screen.environment, check=True, timeout=30)
            stage.wait(lambda: stage.app.dialog is not None, "the question, now that the window is looked at")
        finally:
            other.terminate()


def test_a_network_that_goes_in_the_middle_and_comes_back(open_stage: OpenStage) -> None:
    gone = Problem("The network is away", "It is tried again by itself.", on.NOW - timedelta(minutes=48))
    stage = open_stage(database_url="mysql+pymysql://logger@db.example.org/nexuslims")
    stage.tell(on.started(), on.recorded(this_pc_only=False), on.progress(store_is_cloud=True))
    assert stage.app.view is not None
    assert stage.app.view.state.tone is Tone.BUSY

    stage.tell(on.recorded(this_pc_only=False, problem=gone), on.progress(store_is_cloud=True, store_problem=gone))
    view = stage.app.view
    assert view is not None
    assert (view.state.tone, view.record.tone) == (Tone.PROBLEM, Tone.WAITING)
    assert "nothing is lost" in view.state.text
    assert stage.app.root.title().startswith("! 12/40")
    before = view.fraction
    stage.press_button("End session")
    stage.wait(lambda: stage.commands == [EndSession()], "the end to be asked for all the same")

    stage.tell(on.ending(), on.progress(store_is_cloud=True, bytes_done=1_000_000_000))
    assert stage.app.view.fraction is not None
    assert before is not None
    stage.tell(on.recorded(this_pc_only=False), on.stored(40), on.ready())
    stage.wait(lambda: stage.app.view is not None and stage.app.view.screen is Screen.DONE, "the end")


def test_a_worker_that_dies_is_told_and_the_window_can_be_left(stage: Stage) -> None:
    stage.tell(on.started(), on.recorded(), on.all_stored())
    dead = Problem(STOPPED, "It goes on in 1 s.", on.NOW)

    stage.tell(Trouble("nexuslims-transfer", dead))

    view = stage.app.view
    assert view is not None
    assert view.state.tone is Tone.PROBLEM
    assert view.state.text.startswith("A part of the program has stopped")
    stage.tell(on.all_stored(last_good_pass_at=on.NOW))
    assert stage.app.view is not None
    assert stage.app.view.state.tone is Tone.PROBLEM, "a pass does not say that a thread is well"
    stage.tell(Healed("nexuslims-transfer"))
    assert stage.app.presenter.view(on.NOW).state.tone is Tone.GOOD
    stage.app._log_off()
    assert stage.run_to_end() is ExitCode.WAITING
    assert stage.commands == [Stop()]


def test_a_real_worker_that_dies_is_seen(open_stage: OpenStage, monkeypatch: pytest.MonkeyPatch) -> None:
    from nexuslims_logger.transfer import main

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main, "sync_pass", fail)
    stage = open_stage(real=True)
    stage.expected_log.add("nexuslims-transfer died")
    stage.wait(lambda: stage.app.view is not None and stage.app.view.state.tone is Tone.PROBLEM, "the death")
    assert stage.app.view is not None
    assert "has stopped" in stage.app.view.state.text


def test_the_cross_is_obeyed_while_everything_is_still_loading(stage: Stage) -> None:
    stage.tell(on.starting(StartStep.JOURNAL))
    stage.close_by_cross()

    assert stage.run_to_end() is ExitCode.COMPLETE


def test_the_icon_tells_the_state(stage: Stage) -> None:
    def icon() -> bytes:
        command = ["xprop", "-id", _client(stage), "-notype", "32c", "_NET_WM_ICON"]
        return subprocess.run(command, env=stage.screen.environment, capture_output=True, check=True, timeout=30).stdout

    seen = [icon()]
    for events in ((on.started(), on.recorded(), on.all_stored()), (on.recorded(), on.all_stored(files_missing=1))):
        stage.tell(*events)
        stage.wait(lambda: icon() != seen[-1], "another icon")
        seen.append(icon())


def _sessions(facts: Path) -> int:
    with closing(sqlite3.connect(facts)) as connection:
        count: int = connection.execute("SELECT COUNT(*) FROM session").fetchone()[0]
        return count


def test_the_program_itself_paints_starts_and_leaves_a_session_open(
    open_stage: OpenStage, stage: Stage, tmp_path: Path
) -> None:
    """The real entrance, as an icon starts it."""
    environment = {**stage.screen.environment, "HOME": str(tmp_path), "NEXUSLIMSGUI_HOME": str(tmp_path / "program")}
    with subprocess.Popen([sys.executable, "-m", "nexuslims_logger"], env=environment) as program:
        until((tmp_path / "program" / "doorbell.json").exists, "the program did not come up")
        until(lambda: _sessions(tmp_path / "program" / "facts.db") > 0, "no session came")
        again = subprocess.run([sys.executable, "-m", "nexuslims_logger"], env=environment, timeout=60, check=False)
        assert again.returncode == ExitCode.ALREADY_RUNNING
        os.kill(program.pid, signal.SIGTERM)
        assert program.wait(60) == ExitCode.WAITING
    assert not (tmp_path / "program" / "doorbell.json").exists()
    assert place.read(str(tmp_path / "program")) is not None

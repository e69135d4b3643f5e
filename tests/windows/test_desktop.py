"""The window among Windows' others: density, log-off, a second start, no console."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import tkinter as tk
import winreg
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger import priority_windows
from nexuslims_logger.config import Theme, load_settings
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.app import App
from nexuslims_logger.gui.palette import _WINDOWS_THEMES, DARK, LIGHT, Palette, choose
from nexuslims_logger.gui.view import Dialog, Screen
from nexuslims_logger.priority import work_in_background
from tests.gui.conftest import open_stage, screen, stage, virtual_screen
from tests.gui.stage import started
from tests.gui.test_program import _see, _see_screen
from tests.windows import other_programs  # noqa: F401 - skips all this elsewhere

if TYPE_CHECKING:
    from tests.gui.conftest import OpenStage

assert sys.platform == "win32"

__all__ = ["open_stage", "screen", "stage", "virtual_screen"]

LIMIT_S = 60.0


class _Tk(Exception):
    """Tk would begin now."""


def test_windows_knows_that_we_scale_ourselves_before_the_first_window(monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[int] = []

    def begun(*_: object, **__: object) -> None:
        raise _Tk

    monkeypatch.setattr(ctypes.windll.shcore, "SetProcessDpiAwareness", announced.append)
    monkeypatch.setattr(tk, "Tk", begun)
    with pytest.raises(_Tk):
        App(load_settings())
    system_aware = 1
    assert announced == [system_aware]


@pytest.mark.parametrize("why", [0x80000000, 0, 0x40000001], ids=["log-off", "shut-down", "forced, to update"])
def test_a_log_off_or_a_shut_down_leaves_the_session_open(open_stage: OpenStage, why: int) -> None:
    query_end_session, end_session = 0x11, 0x16
    stage = open_stage()
    stage.tell(started())
    window = int(stage.app.root.wm_frame(), 16)
    answers: list[int] = []

    # As Windows does: from outside, while the window waits for messages.
    def windows() -> None:
        send = ctypes.WinDLL("user32").SendMessageW
        answers.append(send(window, query_end_session, 0, ctypes.c_long(why & 0x7FFFFFFF)))
        send(window, end_session, 1, ctypes.c_long(why & 0x7FFFFFFF))

    thread = threading.Thread(target=windows)
    thread.start()
    assert stage.run_to_end() is ExitCode.WAITING
    thread.join(10)
    assert answers
    assert answers[0], "the window keeps the user from logging off"


def test_a_second_start_brings_the_first_window_before_all_others(open_stage: OpenStage, tmp_path: Path) -> None:
    first = open_stage(real=True)
    _see_screen(first, Screen.RUNNING)
    first.app.root.iconify()
    first.wait(lambda: first.app.root.state() == "iconic", "the window to be an icon")

    environment = {**os.environ, "NEXUSLIMSGUI_HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "nexuslims_logger"], env=environment, stdin=subprocess.PIPE) as second:
        _see(first, lambda view: view.dialog is Dialog.SUMMONED, "the question who works")
        first.wait(lambda: second.poll() is not None, "the second to go by itself")
    assert second.returncode == ExitCode.ALREADY_RUNNING
    assert first.app.root.state() == "normal"
    first.wait(lambda: first.app.root.focus_displayof() is not None, "the keyboard")
    first.press_button("Keep this session")
    first.press_button("End session")
    _see_screen(first, Screen.DONE)


def test_without_a_console_a_whole_session_runs(own_environment: Path) -> None:
    """The windowed interpreter without any standard stream, as the start menu and the task begin a program."""
    without_console = Path(sys.executable).with_name("pythonw.exe")
    detached = 0x00000008
    program = subprocess.Popen(
        [without_console, "-m", "nexuslims_logger", "headless", "--for", "0.1", "--user", "ada"],
        creationflags=detached,
        close_fds=True,
    )
    assert program.wait(LIMIT_S) == ExitCode.COMPLETE
    log = own_environment / "nexuslims" / "gui" / "logs" / "nexuslims-logger.log"
    assert "compared with the store" in log.read_text(encoding="utf-8")


def test_the_workers_ask_windows_to_let_the_instrument_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine refuses what Windows grants (once for each thread): then the thread goes on as it is."""
    asked: list[tuple[int, int]] = []
    real = priority_windows._kernel32.SetThreadPriority

    def heard(thread: int, mode: int) -> int:
        asked.append((thread, mode))
        granted: int = real(thread, mode)
        return granted

    monkeypatch.setattr(priority_windows._kernel32, "SetThreadPriority", heard)
    worker = threading.Thread(target=work_in_background)
    worker.start()
    worker.join(10)
    this_thread, background_begin = priority_windows._kernel32.GetCurrentThread(), 0x10000
    assert asked == [(this_thread, background_begin)]


@pytest.mark.parametrize(("light", "palette"), [(0, DARK), (1, LIGHT)])
def test_the_colours_are_those_of_windows_apps(light: int, palette: Palette) -> None:
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _WINDOWS_THEMES) as key:
        winreg.SetValueEx(key, "AppsUseLightTheme", 0, winreg.REG_DWORD, light)
        try:
            assert choose(Theme.AUTO) is palette
        finally:
            winreg.DeleteValue(key, "AppsUseLightTheme")

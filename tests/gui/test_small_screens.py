"""Nothing is cut off on the smallest screen, whatever its density and the size of the text."""

from __future__ import annotations

import tkinter as tk
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from nexuslims_logger.events import Problem, StartStep
from tests.gui import stage as on
from tests.gui.stage import Stage, descendants, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REMEDY = "What happens is kept on this PC and sent as soon as the network is back; ask the facility manager. " * 2
_PROBLEM = Problem("The database does not answer", _REMEDY, on.NOW - timedelta(hours=1))
_TITLE_BAR = 40

_SCREENS = (
    (on.starting(StartStep.SESSION),),
    (on.unknown(),),
    (on.started(note="grid 7"), on.recorded(), on.progress()),
    (on.recorded(problem=_PROBLEM), on.progress(store_problem=_PROBLEM)),
    (on.ending(), on.progress(files_done=39, waiting=(on.waiting_file(),))),
    (on.stored(), on.ready()),
)


@pytest.fixture(scope="session")
def small_screens() -> Iterator[dict[int, VirtualScreen]]:
    """Screens by density, until the end of all tests: Tk keeps its line to a screen, and dies with it."""
    with ExitStack() as stack:
        yield {dpi: stack.enter_context(VirtualScreen("1024x768x24", dpi)) for dpi in (96, 192)}


@pytest.mark.xdist_group("small screens")
@pytest.mark.parametrize("dpi", [96, 192])
@pytest.mark.parametrize("text_size", [10, 15])
def test_nothing_is_cut_off(
    small_screens: dict[int, VirtualScreen], dpi: int, text_size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_screen = small_screens[dpi]
    monkeypatch.setenv("DISPLAY", small_screen.display)
    stage = Stage(small_screen, settings_for(tmp_path, text_size=text_size))
    try:
        stage.open()
        _look_at_every_screen(stage)
    finally:
        stage.take_down()


def _look_at_every_screen(stage: Stage) -> None:
    for events in _SCREENS:
        stage.tell(*events)
        assert stage.app.view is not None
        stage.wait(lambda: _shows_everything(stage.app.root), f"{stage.app.view.screen} to fit")
        if stage.app.view.screen == "running":
            stage.close_by_cross()
            stage.wait(lambda: _dialog_shows_everything(stage), "the dialog to fit")
            stage.app._act(stage.app.presenter.dismiss)
            _look_at_every_window_beside(stage)


def _look_at_every_window_beside(stage: Stage) -> None:
    beside = stage.app.beside
    for open_window in (beside.open_files, beside.open_log, beside.open_note):
        open_window()
    for window in (beside.files, beside.log, beside.note):
        assert window is not None
        there = window.window
        stage.wait(lambda there=there: _shows_everything(there), f"{window} to fit")  # type: ignore[misc]  # binds the loop's value
        window.close()


def _dialog_shows_everything(stage: Stage) -> bool:
    return stage.app.dialog is not None and _shows_everything(stage.app.dialog.window)


def _shows_everything(window: tk.Misc) -> bool:
    """Whether the window is on the screen as a whole, and each of its words in the window."""
    window.update_idletasks()
    if window.winfo_height() > window.winfo_screenheight() - _TITLE_BAR:
        return False
    right = window.winfo_rootx() + window.winfo_width()
    inner = [
        widget
        for widget in descendants(window)
        if widget.winfo_viewable() and widget.winfo_toplevel() == window and not isinstance(widget, tk.Entry)
    ]
    return bool(inner) and all(
        widget.winfo_width() >= widget.winfo_reqwidth() - 2
        and widget.winfo_height() >= widget.winfo_reqheight()
        and widget.winfo_rootx() + widget.winfo_width() <= right
        for widget in inner
        if widget.winfo_class() in {"TLabel", "TButton"}
    )

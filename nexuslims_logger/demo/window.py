"""The demo's window: the real one, with a microscope beside it that writes while the session runs."""

from __future__ import annotations

import json
import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Any, Final

from nexuslims_logger.demo.microscope import Microscope
from nexuslims_logger.gui.app import App
from nexuslims_logger.gui.view import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nexuslims_logger.config import Settings
    from nexuslims_logger.exit_codes import ExitCode

_LOOK_MS: Final = 100
#: What the microscope takes; in front of somebody who reports only as much as shows everything.
_IMAGES: Final = 60
_IMAGES_REPORTED: Final = 4


class DemoWindow:
    """One demo.

    Parameters
    ----------
    settings
        Of the throw-away embedded default.
    folder
        Where the microscope writes.
    reporting
        Print what is to be seen, and where, whenever it changes: a line of JSON for the hand that presses the buttons.
    """

    def __init__(self, settings: Settings, folder: Path, *, reporting: bool) -> None:
        self._app = App(settings)
        self._app.presenter.is_demo = True
        images = _IMAGES_REPORTED if reporting else _IMAGES
        self._steps = Microscope(folder, self._app.now().date(), images=images).steps()
        self._microscope = "off"
        self._reporting = reporting
        self._reported = ""

    def run(self) -> ExitCode:
        """Stay until the window is closed."""
        self._look()
        return self._app.run()

    def _look(self) -> None:
        """Switch the microscope on when the session runs, and report."""
        view = self._app.view
        if self._microscope == "off" and view and view.screen is Screen.RUNNING:
            self._microscope = "on"
            self._write()
        if self._reporting:
            self._report()
        self._app.root.after(_LOOK_MS, self._look)

    def _write(self) -> None:
        """Let the microscope do one small step, and come back when it wants."""
        wait_s = next(self._steps, None)
        if wait_s is None:
            self._microscope = "finished"
        else:
            self._app.root.after(round(wait_s * 1000), self._write)

    def _report(self) -> None:
        line = json.dumps(self._seen())
        if line != self._reported:
            self._reported = line
            print(line, flush=True)

    def _seen(self) -> dict[str, Any]:
        view, dialog = self._app.view, self._app.dialog
        if view is None:
            return {}
        return {
            "screen": view.screen,
            "dialog": view.dialog,
            "title": view.title,
            "tone": view.state.tone,
            "state": view.state.text,
            "microscope": self._microscope,
            "editing": isinstance(self._app.root.focus_get(), tk.Text),
            "buttons": dict(_buttons(dialog.window if dialog and view.dialog else self._app.root)),
        }


def _buttons(window: tk.Misc) -> Iterator[tuple[str, tuple[int, int]]]:
    """Return the buttons that can be pressed, by their words, with the middle of each on the screen."""
    for widget in window.winfo_children():
        if isinstance(widget, ttk.Button):
            if widget.winfo_viewable() and widget.instate(["!disabled"]):
                middle_x = widget.winfo_rootx() + widget.winfo_width() // 2
                middle_y = widget.winfo_rooty() + widget.winfo_height() // 2
                yield str(widget["text"]), (middle_x, middle_y)
        elif widget.winfo_class() != "Toplevel":
            yield from _buttons(widget)

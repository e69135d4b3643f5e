"""An error that came before the window: who starts the program by an icon sees no console."""

from __future__ import annotations

import tkinter as tk
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from nexuslims_logger.config import Theme
from nexuslims_logger.gui import dpi, palette
from nexuslims_logger.gui.icon import Icons
from nexuslims_logger.gui.main_window import MainWindow, Windows
from nexuslims_logger.gui.presenter import Presenter
from nexuslims_logger.gui.side_windows import SideWindows
from nexuslims_logger.gui.theme import Look
from nexuslims_logger.gui.view import Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.gui.first_paint import FirstPaint

_TEXT_SIZE: Final = 10
#: The screen of a failed start shows no time.
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def show_error(error: LoggerError, painted: FirstPaint | None = None) -> bool:
    """Show `error` until the window is closed; nothing happens where there is no screen. Blocks.

    Parameters
    ----------
    error
        What came instead of the window.
    painted
        The window, where it is to be seen already.

    Returns
    -------
    bool
        Whether somebody wants the start to be tried again.
    """
    try:
        if painted is None:
            dpi.announce_awareness()
        root = painted.root if painted else tk.Tk(className="nexuslims-logger")
        look = Look(root, palette.choose(Theme.AUTO), _TEXT_SIZE)
    except tk.TclError:  # no screen, or the window is gone already
        return False
    presenter = Presenter(this_pc_only=False, interval_s=0.0)
    presenter.fail(error)

    def act(do: Callable[[], None]) -> None:
        do()
        if presenter.view(_ANY_TIME).finished:
            root.quit()

    beside = SideWindows(root, look, presenter, lambda: _ANY_TIME, None)
    windows = Windows(note=beside.open_note, files=beside.open_files, log=beside.open_log)
    window = MainWindow(root, look, presenter, act, windows)
    root.geometry(dpi.at_the_edge(root, *window.usual_size))
    if painted:
        painted.give_way()
    window.show(presenter.view(_ANY_TIME))
    Icons(root, look.palette).show(Tone.PROBLEM)
    root.mainloop()
    root.destroy()
    return presenter.begins_anew

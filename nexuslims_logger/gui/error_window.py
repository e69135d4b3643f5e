"""An error that came before the window: who starts the program by an icon sees no console."""

from __future__ import annotations

import tkinter as tk
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from nexuslims_logger.config import Theme
from nexuslims_logger.gui import dpi, palette
from nexuslims_logger.gui.log_window import LogWindow, kept_lines
from nexuslims_logger.gui.main_window import MainWindow
from nexuslims_logger.gui.presenter import Presenter
from nexuslims_logger.gui.theme import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.errors import LoggerError

_TEXT_SIZE: Final = 10
#: The screen of a failed start shows no time.
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def show_error(error: LoggerError) -> None:
    """Show `error` until the window is closed; nothing happens where there is no screen. Blocks."""
    dpi.announce_awareness()
    try:
        root = tk.Tk(className="nexuslims-logger")
    except tk.TclError:
        return
    look = Look(root, palette.choose(Theme.AUTO), _TEXT_SIZE)
    presenter = Presenter(this_pc_only=False, interval_s=0.0)
    presenter.fail(error)

    def act(do: Callable[[], None]) -> None:
        do()
        if presenter.view(_ANY_TIME).finished:
            root.quit()

    window = MainWindow(root, look, presenter, act, lambda: LogWindow(root, look, kept_lines))
    window.show(presenter.view(_ANY_TIME))
    root.mainloop()
    root.destroy()

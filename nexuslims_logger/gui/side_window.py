"""What the windows beside the main one have in common: they never stand in its way, and Escape closes them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dpi

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.theme import Look


#: For a window's title bar, in pixels.
_EDGE: Final = 32


class SideWindow:
    """A window beside the main one, with a body that grows and a row of buttons below it.

    Parameters
    ----------
    parent
        The main window.
    look
        Its colours, fonts and distances.
    title
        Of the window.
    size
        Width and height, in units of the look.
    on_close
        Called before it goes.
    """

    def __init__(
        self, parent: tk.Misc, look: Look, title: str, size: tuple[int, int], on_close: Callable[[], None] | None = None
    ) -> None:
        self._on_close = on_close
        self.look = look
        self.window = tk.Toplevel(parent, background=look.palette.ground)
        self.window.title(title)
        unit = look.unit
        width = min(size[0] * unit, self.window.winfo_screenwidth())
        height = min(size[1] * unit, self.window.winfo_screenheight() - dpi.FRAME_UNITS * unit)
        x, y, height = _beside(parent, width, height, 30 * unit)
        self.window.geometry(f"{width}x{height}+{x}+{y}")
        self.window.minsize(min(width, 45 * unit), min(height, 30 * unit))
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _event: self.close())
        self.frame = ttk.Frame(self.window, padding=2 * unit)
        self.frame.pack(fill="both", expand=True)
        self.frame.columnconfigure(0, weight=1)
        #: At the bottom; buttons go to its right-hand side.
        self.row = ttk.Frame(self.frame)
        self.row.grid(row=9, column=0, columnspan=2, sticky="ew", pady=(2 * unit, 0))
        self.row.columnconfigure(0, weight=1)

    @property
    def is_open(self) -> bool:
        """Whether it is still on the screen."""
        return bool(self.window.winfo_exists())

    def raise_up(self) -> None:
        """Bring it to the front, and give it the keyboard: somebody has asked for it."""
        self.window.deiconify()
        self.window.lift()
        self.window.focus_set()

    def close(self) -> None:
        """Take it down."""
        if self._on_close:
            self._on_close()
        self.window.destroy()


def _beside(parent: tk.Misc, width: int, height: int, least_height: int) -> tuple[int, int, int]:
    """Return a place and a height: right of the main window, else left of it, else below, else where least is hidden.

    Below it, the window may have to be lower than it would like to be.
    """
    right, left = parent.winfo_rootx() + parent.winfo_width() + 8, parent.winfo_rootx() - width - 8
    screen_width, screen_height = parent.winfo_screenwidth(), parent.winfo_screenheight()
    y = max(0, min(parent.winfo_rooty(), screen_height - height - _EDGE))
    if right + width <= screen_width:
        return right, y, height
    if left >= 0:
        return left, y, height
    below = parent.winfo_rooty() + parent.winfo_height() + _EDGE
    free = screen_height - below - _EDGE
    if free >= least_height:
        return max(0, min(parent.winfo_rootx(), screen_width - width)), below, min(height, free)
    return max(0, screen_width - width), y, height

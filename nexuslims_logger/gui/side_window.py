"""What the windows beside the main one have in common: they never stand in its way, and Escape closes them."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final, NamedTuple

from nexuslims_logger.gui import dpi

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.theme import Look


#: For a window's title bar, and between two windows, in pixels.
_EDGE: Final = 32
_GAP: Final = 8


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
        main = Rectangle(parent.winfo_rootx(), parent.winfo_rooty(), parent.winfo_width(), parent.winfo_height())
        screen = parent.winfo_screenwidth(), parent.winfo_screenheight() - dpi.FRAME_UNITS * unit
        least = min(45, size[0]) * unit, 30 * unit
        self._stand(beside(main, screen, (size[0] * unit, size[1] * unit), least), least)
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _event: self.close())
        self.frame = ttk.Frame(self.window, padding=2 * unit)
        self.frame.pack(fill="both", expand=True)
        self.frame.columnconfigure(0, weight=1)
        #: At the bottom; buttons go to its right-hand side.
        self.row = ttk.Frame(self.frame)
        self.row.grid(row=9, column=0, columnspan=2, sticky="ew", pady=(2 * unit, 0))
        self.row.columnconfigure(0, weight=1)
        self.window.after_idle(self._fit)

    def _stand(self, place: Rectangle, least: tuple[int, int]) -> None:
        self._place = place
        self.window.geometry(f"{place.width}x{place.height}+{place.x}+{place.y}")
        self.window.minsize(min(place.width, least[0]), min(place.height, least[1]))

    def _fit(self) -> None:
        """Be wide enough for the buttons, whatever the size of the text: what is in the window is known only now."""
        self.window.update_idletasks()
        place, needed = self._place, self.frame.winfo_reqwidth()
        if place.width < needed:
            x = max(0, min(place.x, self.window.winfo_screenwidth() - needed))
            self._stand(place._replace(x=x, width=needed), (needed, place.height))

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


class Rectangle(NamedTuple):
    """A part of the screen, in pixels."""

    x: int
    y: int
    width: int
    height: int


def beside(main: Rectangle, screen: tuple[int, int], wanted: tuple[int, int], least: tuple[int, int]) -> Rectangle:
    """Return where a window hides nothing of the main one and is as large as possible; else where it hides least.

    Parameters
    ----------
    main
        Where the main window stands.
    screen
        Width and height, without what the windows' frames take.
    wanted, least
        Width and height that it would like to have, and needs.
    """
    width, height = min(wanted[0], screen[0]), min(wanted[1], screen[1])
    y = max(0, min(main.y, screen[1] - height))
    right, left, below = main.x + main.width + _GAP, main.x - _GAP, main.y + main.height + _EDGE
    places = (
        Rectangle(right, y, min(width, screen[0] - right - _GAP), height),
        Rectangle(max(0, left - width), y, min(width, left), height),
        Rectangle(max(0, min(main.x, screen[0] - width)), below, width, min(height, screen[1] - below)),
    )
    fitting = [place for place in places if place.width >= least[0] and place.height >= least[1]]
    over = Rectangle(screen[0] - width, y, width, height)
    return max(fitting, key=lambda place: place.width * place.height, default=over)

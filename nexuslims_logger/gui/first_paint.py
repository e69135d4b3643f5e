"""The first thing to be seen, a moment after the click on the icon; everything else is loaded behind it."""

from __future__ import annotations

import tkinter as tk
from tkinter import font

from nexuslims_logger.gui import dpi, place, wording

_WIDTH = 440
_HEIGHT = 360
_TEXT_SIZE = 10
_LIGHT = ("#f7f8fb", "#1c2230")
_LOOK_MS = 10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nexuslims_logger.bootstrap_aside import Aside


def paint() -> FirstPaint | None:
    """Open the window; None where there is no screen, which is told where every error is told."""
    try:
        return FirstPaint()
    except tk.TclError:
        return None


class FirstPaint:
    """Tk's root window with one line in it.

    Raises
    ------
    tk.TclError
        There is no screen.
    """

    def __init__(self) -> None:
        dpi.announce_awareness()
        self.root = tk.Tk(className="nexuslims-logger")
        self.root.title(wording.TITLE_STARTING.format(program=wording.PROGRAM))
        remembered = place.read(place.usual_folder())
        ground, text = (remembered.ground, remembered.text) if remembered else _LIGHT
        points = remembered.text_size if remembered else _TEXT_SIZE
        unit = dpi.unit(self.root)
        self.root.configure(background=ground)
        self.root.geometry(
            dpi.fitted(self.root, remembered)
            if remembered
            else dpi.at_the_edge(self.root, _WIDTH * unit // 8, _HEIGHT * unit // 8)
        )
        heading = font.nametofont("TkHeadingFont", self.root)
        heading.configure(weight="bold", size=round(1.6 * points))
        label = tk.Label(self.root, text=wording.STARTING, font="TkHeadingFont", background=ground, foreground=text)
        label.place(x=2 * unit, y=2 * unit)
        label.lift()
        self._label: tk.Label | None = label
        self.closed = False
        self.root.protocol("WM_DELETE_WINDOW", self._close)
        self.root.update()

    def wait_for(self, loading: Aside[object]) -> None:
        """Keep the window alive until `loading` is done, or it is closed."""

        def look() -> None:
            if loading.done:
                self.root.quit()
            else:
                self.root.after(_LOOK_MS, look)

        look()
        if not loading.done:
            self.root.mainloop()

    def give_way(self) -> None:
        """Let what was put into the window behind the line be seen; it must be painted in the same breath."""
        if self._label:
            self._label.destroy()
            self._label = None

    def _close(self) -> None:
        self.closed = True
        self.root.quit()

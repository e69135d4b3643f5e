"""A click that comes just after a button has moved was meant for what stood there before: it does nothing."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

#: As long as a hand on its way needs.
_CALM_MS: Final = 500


class ClickShield:
    """Takes the mouse's clicks from some widgets for half a second after one of them has moved; keys go through.

    Parameters
    ----------
    root
        The window that they are in.
    widgets
        To be watched and shielded.
    """

    def __init__(self, root: tk.Tk, widgets: Iterable[tk.Misc]) -> None:
        self._root = root
        self._timer: str | None = None
        #: In milliseconds, 0 for never.
        self.calm_ms = _CALM_MS
        self._ignoring = False
        self._places: dict[tk.Misc, tuple[int, int]] = {}
        tag = f"shield{root}"
        root.bind_class(tag, "<Button-1>", self._press)
        root.bind_class(tag, "<ButtonRelease-1>", self._release)
        for widget in widgets:
            widget.bindtags((tag, *widget.bindtags()))
            widget.bind("<Configure>", self._look, add="+")
            widget.bind("<Map>", self._look, add="+")

    @property
    def is_up(self) -> bool:
        """Whether a click is ignored now."""
        return self._timer is not None

    def _press(self, _event: tk.Event[tk.Misc]) -> str | None:
        self._ignoring = self.is_up
        return "break" if self._ignoring else None

    def _release(self, event: tk.Event[tk.Misc]) -> str | None:
        # A window manager that gives the window the keyboard at a click lets the pointer enter anew, with its button
        # down: for ttk the button is pressed then, without a press.
        if not self._ignoring:
            return None
        self._ignoring = False
        if isinstance(event.widget, ttk.Widget):
            event.widget.state(["!pressed"])
        return "break"

    def _look(self, event: tk.Event[tk.Misc]) -> None:
        widget = event.widget
        place = widget.winfo_x(), widget.winfo_y()
        if self._places.get(widget) != place:
            self._places[widget] = place
            self._raise()

    def _raise(self) -> None:
        if not self.calm_ms:
            return
        if self._timer is not None:
            self._root.after_cancel(self._timer)
        self._timer = self._root.after(self.calm_ms, self._lower)

    def _lower(self) -> None:
        self._timer = None

"""The log, live, in a window beside the main one."""

from __future__ import annotations

import logging
import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import theme, wording
from nexuslims_logger.gui.buttons import make_button
from nexuslims_logger.logs import LogMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.gui.theme import Look

#: In units of the look.
_WIDTH: Final = 90
_HEIGHT: Final = 50


class LogWindow:
    """Shows the last lines of the log; follows them while its end is to be seen.

    Parameters
    ----------
    parent
        The main window.
    look
        Its colours, fonts and distances.
    lines
        Returns the lines kept, the oldest first.
    """

    def __init__(self, parent: tk.Tk, look: Look, lines: Callable[[], Sequence[str]]) -> None:
        self._lines = lines
        self._shown: Sequence[str] = ()
        self.window = tk.Toplevel(parent, background=look.palette.ground)
        self.window.title(wording.LOG_TITLE)
        self.window.geometry(f"{_WIDTH * look.unit}x{_HEIGHT * look.unit}")
        self.window.bind("<Escape>", lambda _event: self.close())
        frame = ttk.Frame(self.window, padding=2 * look.unit)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self.text = tk.Text(
            frame, wrap="word", font=theme.FIXED_FONT, width=20, height=5, padx=look.unit, pady=look.unit
        )
        self.text.configure(look.text_options(), state="disabled")
        self.text.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(frame, command=self.text.yview)
        bar.grid(row=0, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        row = ttk.Frame(frame)
        row.grid(row=1, column=0, columnspan=2, sticky="e", pady=(2 * look.unit, 0))
        self._copied = ttk.Label(row, style=theme.MUTED)
        self._copied.grid(row=0, column=0, padx=look.unit)
        self.copy = make_button(row, wording.COPY, self._copy)
        self.copy.grid(row=0, column=1, padx=(0, look.unit))
        self.close_button = make_button(row, wording.CLOSE, self.close)
        self.close_button.grid(row=0, column=2)
        self.refresh()
        self.close_button.focus_set()

    @property
    def is_open(self) -> bool:
        """Whether it is still on the screen."""
        return bool(self.window.winfo_exists())

    def refresh(self) -> None:
        """Show what was logged since the last time."""
        lines = self._lines()
        if lines == self._shown:
            return
        at_end = self.text.yview()[1] >= 1.0
        self.text.configure(state="normal")
        if self._shown and tuple(lines[: len(self._shown)]) == tuple(self._shown):
            self.text.insert("end", "".join(f"{line}\n" for line in lines[len(self._shown) :]))
        else:
            self.text.delete("1.0", "end")
            self.text.insert("end", "".join(f"{line}\n" for line in lines))
        self.text.configure(state="disabled")
        self._shown = lines
        if at_end:
            self.text.see("end")

    def raise_up(self) -> None:
        """Bring it to the front."""
        self.window.deiconify()
        self.window.lift()

    def close(self) -> None:
        """Take it down."""
        self.window.destroy()

    def _copy(self) -> None:
        self.window.clipboard_clear()
        self.window.clipboard_append("\n".join(self._shown))
        self._copied.configure(text=wording.COPIED)


def kept_lines() -> tuple[str, ...]:
    """Return what the log's memory keeps, the oldest line first; nothing before `logs.configure`."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogMemory):
            return handler.lines()
    return ()

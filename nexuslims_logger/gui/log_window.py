"""The log, live, in a window beside the main one."""

from __future__ import annotations

import logging
import tkinter as tk
from tkinter import font, ttk
from typing import TYPE_CHECKING, Final, Protocol

from nexuslims_logger.errors import LoggerError
from nexuslims_logger.gui import dialog_wording, theme, wording
from nexuslims_logger.gui.buttons import Choices, enable, make_button
from nexuslims_logger.gui.fitting import fold
from nexuslims_logger.gui.side_window import SideWindow
from nexuslims_logger.logs import LogMemory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.bootstrap_aside import Aside
    from nexuslims_logger.gui.theme import Look

#: Width in letters, height in units of the look.
_SIZE: Final = (90, 50)


class Lines(Protocol):
    """Where the lines come from."""

    def __call__(self, level: int) -> tuple[str, ...]:
        """Return the lines of that level or a higher one, the oldest first."""


class LogWindow(SideWindow):
    """Shows the last lines of the log; follows them while its end is to be seen.

    Parameters
    ----------
    parent, look
        As of `SideWindow`.
    lines
        Returns the lines kept.
    save_bundle
        Begins to write a support bundle; None where that is impossible.
    """

    def __init__(
        self, parent: tk.Misc, look: Look, lines: Lines, save_bundle: Callable[[], Aside[Path]] | None = None
    ) -> None:
        super().__init__(parent, look, dialog_wording.LOG_TITLE.format(program=wording.PROGRAM), _SIZE)
        self._lines = lines
        self._shown: tuple[str, ...] | None = None
        self._bundle: Aside[Path] | None = None
        self._save = save_bundle
        unit = look.unit
        words = [label for label, _ in wording.FILTER_LOG]
        self.filter = Choices(self.frame, look, words, lambda _choice: self.refresh())
        self.filter.frame.grid(row=0, column=0, sticky="w", pady=(0, unit))
        self.text = tk.Text(self.frame, wrap="word", font=theme.FIXED_FONT, width=20, height=5, padx=unit, pady=unit)
        self.text.configure(look.text_options(), state="disabled")
        self.text.grid(row=1, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self.frame, command=self.text.yview)
        bar.grid(row=1, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        self.frame.rowconfigure(1, weight=1)
        self._status = ttk.Label(self.row, style=theme.MUTED)
        # Above the buttons, where a path has room.
        self._status.grid(row=0, column=0, columnspan=4, sticky="ew", pady=(0, unit))
        self._status.grid_remove()
        self.bundle = make_button(self.row, wording.SAVE_BUNDLE, self._save_bundle)
        if save_bundle:
            self.bundle.grid(row=1, column=1, padx=(unit, 0))
        self.copy = make_button(self.row, wording.COPY, self._copy)
        self.copy.grid(row=1, column=2, padx=unit)
        self.close_button = make_button(self.row, wording.CLOSE, self.close)
        self.close_button.grid(row=1, column=3)
        self._at_end = True
        # The end of the log is where it ends once the field has its size.
        self.text.bind("<Configure>", lambda _event: self._follow())
        self.refresh()
        self.close_button.focus_set()

    def refresh(self) -> None:
        """Show what was logged since the last time, and how far the bundle is."""
        self._follow_bundle()
        lines = self._lines(wording.FILTER_LOG[self.filter.chosen][1])
        if lines == self._shown:
            return
        self._at_end = self._shown is None or self.text.yview()[1] >= 1.0
        self.text.configure(state="normal")
        if self._shown and lines[: len(self._shown)] == self._shown:
            self.text.insert("end", "".join(f"{line}\n" for line in lines[len(self._shown) :]))
        else:
            self.text.delete("1.0", "end")
            self.text.insert("end", "".join(f"{line}\n" for line in lines) or dialog_wording.LOG_EMPTY)
        self.text.configure(state="disabled")
        self._shown = lines
        self._follow()

    def _follow(self) -> None:
        if self._at_end:
            self.text.see("end")

    def _say(self, text: str, path: str = "") -> None:
        """Show a sentence; `path`, which has no spaces to break at, goes on behind its separators."""
        measure = font.nametofont(theme.BASE_FONT, self.window).measure
        self._status.configure(text=text + fold(path, max(1, self.row.winfo_width() - measure(text)), measure))
        self._status.grid()

    def _copy(self) -> None:
        self.window.clipboard_clear()
        self.window.clipboard_append("\n".join(self._shown or ()))
        self._say(dialog_wording.COPIED)

    def _save_bundle(self) -> None:
        if self._save and self._bundle is None:
            self._bundle = self._save()
            enable(self.bundle, on=False)
            self._say(dialog_wording.BUNDLE_UNDER_WAY)

    def _follow_bundle(self) -> None:
        if self._bundle is None or not self._bundle.done:
            return
        bundle, self._bundle = self._bundle, None
        enable(self.bundle, on=True)
        try:
            self._say(dialog_wording.BUNDLE_SAVED, str(bundle.result()))
        except LoggerError as error:
            self._status.configure(wraplength=self.row.winfo_width())
            self._say(dialog_wording.BUNDLE_FAILED.format(title=error.title, message=error.message))


def kept_lines(level: int = 0) -> tuple[str, ...]:
    """Return what the log's memory keeps, the oldest line first; nothing before `logs.configure`."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogMemory):
            return handler.lines(level)
    return ()

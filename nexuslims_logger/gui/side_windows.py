"""The windows beside the main one, each open at most once: note, files, log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.gui.files_window import FilesWindow
from nexuslims_logger.gui.log_window import LogWindow, kept_lines
from nexuslims_logger.gui.note_window import NoteWindow

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from nexuslims_logger.bootstrap_aside import Aside
    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look


class SideWindows:
    """Opens them, and tells them what is new.

    Parameters
    ----------
    parent, look
        The main window, its colours, fonts and distances.
    presenter
        Knows what they show.
    now
        Returns the present time, aware, in UTC.
    save_bundle
        As of `LogWindow`.
    """

    def __init__(
        self,
        parent: tk.Tk,
        look: Look,
        presenter: Presenter,
        now: Callable[[], datetime],
        save_bundle: Callable[[], Aside[Path]] | None,
    ) -> None:
        self._parent = parent
        self._look = look
        self._presenter = presenter
        self._now = now
        self._save_bundle = save_bundle
        self.note: NoteWindow | None = None
        self.files: FilesWindow | None = None
        self.log: LogWindow | None = None

    def open_note(self) -> None:
        """*Note*."""
        if self.note and self.note.is_open:
            self.note.raise_up()
        elif (text := self._presenter.draft.open()) is not None:
            self.note = NoteWindow(self._parent, self._look, self._presenter, text)

    def open_files(self) -> None:
        """*Files*."""
        if self.files and self.files.is_open:
            self.files.raise_up()
        else:
            self._presenter.files.open()
            self.files = FilesWindow(self._parent, self._look, self._now)

    def open_log(self) -> None:
        """*Log*."""
        if self.log and self.log.is_open:
            self.log.raise_up()
        else:
            self.log = LogWindow(self._parent, self._look, kept_lines, self._save_bundle)

    def show(self) -> None:
        """Show what the presenter has heard; the note's editor goes with its session."""
        if self.note and self.note.is_open:
            if self._presenter.draft.is_open:
                self.note.refresh()
            else:
                self.note.close()
        if self.files and self.files.is_open:
            self.files.show(self._presenter.files.newest)

    def second_passed(self) -> bool:
        """Let those that follow something look again; say whether one is open."""
        if self.files and self.files.is_open:
            self._presenter.files.second_passed()
        if self.log and self.log.is_open:
            self.log.refresh()
        return any(window and window.is_open for window in (self.note, self.files, self.log))

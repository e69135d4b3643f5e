"""The list of the session's files, beside the main window."""

from __future__ import annotations

from tkinter import font, ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dialog_wording, theme, wording
from nexuslims_logger.gui.buttons import Choices, enable, make_button, split_mnemonic
from nexuslims_logger.gui.files_list import Column, arranged
from nexuslims_logger.gui.fitting import fold
from nexuslims_logger.gui.long_list import Heading, LongList
from nexuslims_logger.gui.open_folder import open_folder
from nexuslims_logger.gui.panels import wrap_to_width
from nexuslims_logger.gui.side_window import SideWindow

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.events import FileRow, FilesListed
    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import Tone

#: Width in letters, height in units of the look.
_SIZE: Final = (90, 70)
_HEADINGS: Final = (
    Heading(dialog_wording.FILES_NAME, grows=True),
    Heading(dialog_wording.FILES_SIZE, number=True),
    Heading(dialog_wording.FILES_STATE),
    Heading(dialog_wording.FILES_TIME, number=True),
)


class FilesWindow(SideWindow):
    """Shows the files, and opens their folders.

    Parameters
    ----------
    parent, look
        As of `SideWindow`.
    now
        Returns the present time, aware, in UTC.
    """

    def __init__(self, parent: tk.Misc, look: Look, now: Callable[[], datetime]) -> None:
        super().__init__(parent, look, dialog_wording.FILES_TITLE.format(program=wording.PROGRAM), _SIZE)
        self._now = now
        self._files = arranged(None, number=0, column=Column.TIME, descending=True)
        unit = look.unit
        self.filter = Choices(self.frame, look, self._files.filters, self._choose)
        self.filter.frame.grid(row=0, column=0, sticky="w", pady=(0, unit))
        self._relabel()
        self.list = LongList(self.frame, look, _HEADINGS, self._cells, on_select=self._describe, on_heading=self._sort)
        self.list.frame.grid(row=1, column=0, columnspan=2, sticky="nsew")
        self.frame.rowconfigure(1, weight=1)
        #: The whole path of the selected file, which its row may have had no room for.
        self.path = ttk.Label(self.frame)
        self.path.grid(row=2, column=0, columnspan=2, sticky="ew", pady=(unit, 0))
        self.detail = ttk.Label(self.frame)
        self.detail.grid(row=3, column=0, columnspan=2, sticky="ew")
        wrap_to_width(self.detail, 60 * unit)
        self.open_folder = make_button(self.row, dialog_wording.OPEN_FOLDER, self._open_folder)
        self.open_folder.grid(row=0, column=1, padx=unit)
        self.close_button = make_button(self.row, wording.CLOSE, self.close)
        self.close_button.grid(row=0, column=2)
        self._describe()
        self.list.tree.focus_set()

    def show(self, listed: FilesListed | None) -> None:
        """Show the answer, or (None) that there is none yet; the selected file stays selected."""
        if listed != self._files.listed:
            self._arrange(listed)

    def _arrange(self, listed: FilesListed | None, **changes: object) -> None:
        before = self._selected()
        how = {
            "number": self._files.filter,
            "column": self._files.column,
            "descending": self._files.descending,
        } | changes
        self._files = arranged(listed, **how)  # type: ignore[arg-type]  # by name, as they are above
        self._relabel()
        place = None
        if before is not None:
            same = (number for number, row in enumerate(self._files.rows) if _same(row, before))
            place = next(same, None)
        self.list.mark(self._files.column, descending=self._files.descending)
        self.list.show(len(self._files.rows), place)
        self._describe()

    def _relabel(self) -> None:
        self.filter.relabel([split_mnemonic(words)[0] for words in self._files.filters])

    def _choose(self, number: int) -> None:
        self._arrange(self._files.listed, number=number)

    def _sort(self, number: int) -> None:
        column = Column(number)
        same = column is self._files.column
        descending = not self._files.descending if same else column in {Column.TIME, Column.SIZE}
        self._arrange(self._files.listed, column=column, descending=descending)

    def _cells(self, number: int) -> tuple[tuple[str, ...], Tone]:
        return self._files.cells(number, self._now())

    def _selected(self) -> FileRow | None:
        number = self.list.selected
        return self._files.rows[number] if number is not None and number < len(self._files.rows) else None

    def _describe(self) -> None:
        number, row = self.list.selected, self._selected()
        measure = font.nametofont(theme.BASE_FONT, self.window).measure
        room = max(1, self.list.frame.winfo_width())
        self.path.configure(text=fold(row.path, room, measure) if row else "")
        if self._files.listed is None:
            text = dialog_wording.FILES_LOOKED_UP
        elif number is None:
            text = dialog_wording.FILES_HINT if self._files.rows else dialog_wording.FILES_NONE
        else:
            text = self._files.detail(number, self._now())
        self.detail.configure(text=text, style="TLabel" if number is not None else theme.MUTED)
        enable(self.open_folder, on=self._files.folder(number) is not None)

    def _open_folder(self) -> None:
        folder = self._files.folder(self.list.selected)
        if folder is not None and not open_folder(folder):
            self.detail.configure(text=dialog_wording.FOLDER_FAILED.format(path=folder))


def _same(row: FileRow, other: FileRow) -> bool:
    return row.path == other.path and row.root == other.root

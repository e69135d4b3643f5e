"""The note's editor. There is nothing to press: what is typed is saved, and Undo takes it back."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dialog_wording, theme, wording
from nexuslims_logger.gui.buttons import enable, make_button
from nexuslims_logger.gui.panels import wrap_to_width
from nexuslims_logger.gui.side_window import SideWindow

if TYPE_CHECKING:
    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look

#: Width in letters, height in units of the look.
_SIZE: Final = (55, 36)


class NoteWindow(SideWindow):
    """Edits the running session's note, beside the main window, for as long as one likes.

    Parameters
    ----------
    parent, look
        As of `SideWindow`.
    presenter
        Saves.
    text
        The note so far.
    """

    def __init__(self, parent: tk.Misc, look: Look, presenter: Presenter, text: str) -> None:
        title = dialog_wording.NOTE_TITLE.format(program=wording.PROGRAM)
        super().__init__(parent, look, title, _SIZE, presenter.draft.close)
        self._presenter = presenter
        unit = look.unit
        heading = ttk.Label(self.frame, text=dialog_wording.NOTE_TEXT, style=theme.STRONG)
        heading.grid(row=0, column=0, sticky="ew", pady=(0, unit))
        wrap_to_width(heading, 40 * unit)
        self.text = tk.Text(
            self.frame,
            height=3,
            width=20,
            wrap="word",
            undo=True,
            maxundo=-1,
            autoseparators=True,
            font=theme.BASE_FONT,
            padx=unit,
            pady=unit // 2,
        )
        self.text.configure(look.text_options())
        self.text.grid(row=1, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self.frame, command=self.text.yview)
        bar.grid(row=1, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        self.frame.rowconfigure(1, weight=1)
        self._status = ttk.Label(self.frame, style=theme.MUTED)
        self._status.grid(row=2, column=0, columnspan=2, sticky="w", pady=(unit // 2, 0))
        self.undo = make_button(self.row, wording.UNDO, lambda: self._again("<<Undo>>"))
        self.undo.grid(row=0, column=1, padx=unit)
        self.redo = make_button(self.row, wording.REDO, lambda: self._again("<<Redo>>"))
        self.redo.grid(row=0, column=2, padx=(0, unit))
        self.done = make_button(self.row, wording.CLOSE, self.close)
        self.done.grid(row=0, column=3)
        self.text.insert("1.0", text)
        self.text.edit_reset()
        self.text.edit_modified(False)
        self.text.bind("<<Modified>>", self._changed)
        self.text.bind("<Tab>", self._leave_by_tab)
        self.text.bind("<Control-a>", self._select_all)  # under X11, Tk would go to the line's beginning
        self.text.bind("<Control-Return>", self._close_by_key)
        presenter.draft.read_with(self._written)
        self.refresh()
        self.text.focus_set()

    def refresh(self) -> None:
        """Say whether it is saved, and what can be taken back."""
        self._status.configure(text=self._presenter.draft.status(len(self._written())))
        for button, question in ((self.undo, "canundo"), (self.redo, "canredo")):
            enable(button, on=bool(self.text.edit(question)))  # type: ignore[no-untyped-call]  # typeshed knows no types

    def _written(self) -> str:
        return self.text.get("1.0", "end").strip()

    def _changed(self, _event: object) -> None:
        if self.text.edit_modified():
            self.text.edit_modified(False)
            self._presenter.draft.write(self._written())
            self.refresh()

    def _again(self, what: str) -> None:
        """Undo, or redo, and go on where one was."""
        self.text.event_generate(what)
        self.text.focus_set()

    def _leave_by_tab(self, _event: object) -> str:
        self.undo.focus_set() if self.undo.instate(["!disabled"]) else self.done.focus_set()
        return "break"

    def _select_all(self, _event: object) -> str:
        self.text.tag_add("sel", "1.0", "end-1c")
        return "break"

    def _close_by_key(self, _event: object) -> str:
        self.close()
        return "break"

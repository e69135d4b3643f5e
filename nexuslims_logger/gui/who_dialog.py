"""Who is working, and who works next: a name, perhaps a project, and those that were entered here before."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dialog_wording, theme, wording
from nexuslims_logger.gui.modal import ModalDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from nexuslims_logger.gui.dialogs import Act
    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look

#: So many remembered names are to be seen at once.
_LINES: Final = 4


class NameField:
    """A field that completes what was entered before, with a list of it below; Down leads into the list.

    Parameters
    ----------
    parent, look
        Where, and how.
    label
        What stands above.
    remembered
        The last one first. None is put in: whoever presses Return too soon must not work under another's name.
    """

    def __init__(self, parent: tk.Misc, look: Look, label: str, remembered: Sequence[str]) -> None:
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self._remembered = remembered
        ttk.Label(self.frame, text=label, style=theme.MUTED).grid(row=0, column=0, sticky="w")
        self.entry = tk.Entry(self.frame, font=theme.BASE_FONT, width=20)
        self.entry.configure(look.text_options())
        self.entry.grid(row=1, column=0, sticky="ew", ipady=look.unit // 2)
        # Behind the field's own bindings: the letter is in it by then.
        behind = f"completes{self.entry}"
        itself, field, *others = self.entry.bindtags()
        self.entry.bindtags((itself, field, behind, *others))
        self.entry.bind_class(behind, "<KeyPress>", lambda event: self._complete(event.char))
        self.list = tk.Listbox(
            self.frame,
            height=min(_LINES, len(remembered)),
            font=theme.BASE_FONT,
            activestyle="none",
            exportselection=False,
        )
        self.list.configure({name: value for name, value in look.text_options().items() if name != "insertbackground"})
        self.list.insert("end", *remembered)
        if remembered:
            self.list.grid(row=2, column=0, sticky="ew", pady=(look.unit // 2, 0))
            self.list.bind("<<ListboxSelect>>", self._take)
            self.entry.bind("<Down>", self._into_the_list)

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.entry.get()

    def on_return(self, do: Callable[[], object]) -> None:
        """Let Return answer, in the field and in the list."""
        for widget in (self.entry, self.list):
            widget.bind("<Return>", lambda _event: do())

    def _complete(self, character: str) -> None:
        """After a letter that was typed at the end, put in what is left of the first name that fits, selected."""
        if not self.entry.winfo_exists():
            return  # that was Return
        typed = self.entry.get()
        if not character or not character.isprintable() or self.entry.index("insert") != len(typed):
            return
        fitting = next((name for name in self._remembered if name.casefold().startswith(typed.casefold())), None)
        if fitting and len(fitting) > len(typed):
            self.entry.delete(0, "end")
            self.entry.insert(0, fitting)
            self.entry.select_range(len(typed), "end")
            self.entry.icursor(len(typed))

    def _into_the_list(self, _event: object) -> str:
        self.list.focus_set()
        self.list.selection_clear(0, "end")
        self.list.selection_set(0)
        self.list.activate(0)
        self._take(None)
        return "break"

    def _take(self, _event: object) -> None:
        if chosen := self.list.curselection():  # type: ignore[no-untyped-call]  # Tk's own stub
            self.entry.delete(0, "end")
            self.entry.insert(0, self._remembered[chosen[0]])


class _Names:
    """The fields of one dialog."""

    def __init__(self, dialog: ModalDialog, look: Look, presenter: Presenter, *, with_name: bool) -> None:
        questions, known = presenter.questions, presenter.questions.remembered
        self.name = NameField(dialog.frame, look, dialog_wording.WHO_NAME, known.names) if with_name else None
        self.project = (
            NameField(dialog.frame, look, dialog_wording.WHO_PROJECT, known.projects)
            if questions.asks_project
            else None
        )
        self._fields = [field for field in (self.name, self.project) if field]
        for row, field in enumerate(self._fields, 2):
            field.frame.grid(row=row, column=0, sticky="ew", pady=(look.unit, 0))
        dialog.add_complaint(*(widget for field in self._fields for widget in (field.entry, field.list)))

    @property
    def first(self) -> tk.Misc:
        return self._fields[0].entry

    def answer_with(self, button: ttk.Button) -> None:
        for field in self._fields:
            field.on_return(button.invoke)

    def texts(self) -> tuple[str, str]:
        return self.name.text if self.name else "", self.project.text if self.project else ""


def open_who(parent: tk.Tk, look: Look, presenter: Presenter, act: Act) -> ModalDialog:
    """Ask who works in the session that runs."""
    questions = presenter.questions
    dialog = ModalDialog(parent, look, dialog_wording.WHO, lambda: act(presenter.dismiss))
    dialog.add_text(questions.who_text, 1)
    names = _Names(dialog, look, presenter, with_name=questions.asks_name)
    wrong: list[str] = []

    def confirm() -> None:
        act(lambda: wrong.append(questions.confirm_who(*names.texts())))
        dialog.complain(wrong.pop())

    words = dialog_wording.CONFIRM_AND_END if questions.ends_then else dialog_wording.CONFIRM_WHO
    names.answer_with(dialog.add_button(words, confirm, theme.PRIMARY))
    dialog.add_button(dialog_wording.LATER, lambda: act(presenter.dismiss))
    dialog.open(names.first)
    return dialog


def open_change_user(parent: tk.Tk, look: Look, presenter: Presenter, act: Act, now: datetime) -> ModalDialog:
    """Ask who works next, and when the session before has really ended."""
    questions = presenter.questions
    dialog = ModalDialog(parent, look, dialog_wording.CHANGE, lambda: act(presenter.dismiss), columns=2)
    dialog.add_text(questions.words.change(now, questions.left_at), 1)
    names = _Names(dialog, look, presenter, with_name=True)
    wrong: list[str] = []

    def change(last_activity: datetime | None = None) -> None:
        act(lambda: wrong.append(presenter.change_user(*names.texts(), last_activity=last_activity)))
        dialog.complain(wrong.pop())

    names.answer_with(dialog.add_button(dialog_wording.START_MINE, change, theme.PRIMARY))
    if left_at := questions.left_at:
        dialog.add_button(dialog_wording.START_MINE_QUIET, lambda: change(left_at))
    dialog.add_button(wording.CANCEL, lambda: act(presenter.dismiss))
    dialog.open(names.first)
    return dialog

"""The questions that have a few buttons for an answer: unassigned files, still working?, the clock, the leftover."""

from __future__ import annotations

import tkinter as tk
from tkinter import font, ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import UnassignedChoice
from nexuslims_logger.gui import dialog_wording, theme
from nexuslims_logger.gui.fitting import shorten
from nexuslims_logger.gui.modal import Choice, ModalDialog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.gui.dialogs import Act
    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look

_LINES: Final = 6
_NAME_LETTERS: Final = 42


def open_unassigned(parent: tk.Tk, look: Look, presenter: Presenter, act: Act, now: datetime) -> ModalDialog:
    """Ask whose the files are that changed while no session ran."""
    questions = presenter.questions

    def give(choice: UnassignedChoice) -> Callable[[], None]:
        return lambda: act(lambda: questions.assign(choice))

    dialog = ModalDialog(parent, look, dialog_wording.UNASSIGNED_FOUND, lambda: act(presenter.dismiss), columns=2)
    dialog.add_table(questions.words.unassigned(now), 1)
    dialog.add_text(questions.unassigned_text, 2)
    this, previous, alone = dialog_wording.UNASSIGNED_CHOICES
    choices = [Choice(dialog_wording.TAKE_THIS, this, give(UnassignedChoice.THIS))]
    if questions.previous_offered:
        choices.append(Choice(dialog_wording.TAKE_PREVIOUS, previous, give(UnassignedChoice.PREVIOUS)))
    choices.append(Choice(dialog_wording.LEAVE_ALONE, alone, give(UnassignedChoice.LEAVE)))
    dialog.add_choices(choices, 3)
    dialog.open(
        dialog.add_button(questions.unassigned_later, lambda: act(lambda: questions.assign(None)), theme.PRIMARY)
    )
    return dialog


def open_still_working(parent: tk.Tk, look: Look, presenter: Presenter, act: Act, now: datetime) -> ModalDialog:
    """Ask whether the session goes on."""
    questions, since = presenter.questions, presenter.questions.quiet_since
    dialog = ModalDialog(parent, look, dialog_wording.QUIET, lambda: act(presenter.dismiss))
    dialog.add_text(questions.words.quiet(now), 1)
    works = dialog.add_button(dialog_wording.STILL_WORKING, lambda: act(questions.still_working), theme.PRIMARY)
    dialog.add_button(dialog_wording.END_QUIET, lambda: act(lambda: questions.end(since)))
    dialog.open(works)
    return dialog


def open_clock(parent: tk.Tk, look: Look, presenter: Presenter, act: Act, now: datetime) -> ModalDialog:
    """Ask whether the session's times may stand."""
    questions = presenter.questions
    dialog = ModalDialog(parent, look, dialog_wording.CLOCK, lambda: act(presenter.dismiss))
    dialog.add_text(questions.words.clock(now), 1)
    dialog.add_button(dialog_wording.CLOCK_RIGHT, lambda: act(questions.confirm_clock))
    dialog.open(dialog.add_button(dialog_wording.LATER, lambda: act(presenter.dismiss), theme.PRIMARY))
    return dialog


def open_leftover(parent: tk.Tk, look: Look, text: str, presenter: Presenter, act: Act) -> ModalDialog:
    """Ask what becomes of what is not stored yet; who would wait for long is offered the background first."""
    leftover = presenter.leftover
    dialog = ModalDialog(parent, look, leftover.heading, lambda: act(presenter.dismiss), columns=2)
    dialog.add_text(text, 1)
    usual = 2 if leftover.may_leave else 1 if leftover.much_is_left else 0
    styles = [theme.PRIMARY if number == usual else "TButton" for number in range(3)]
    waiting, behind, later, out = dialog_wording.LEFTOVER_CHOICES
    choices = [
        Choice(dialog_wording.KEEP_WAITING, waiting, lambda: act(presenter.dismiss), styles[0]),
        Choice(dialog_wording.IN_BACKGROUND, behind, lambda: act(presenter.shrink), styles[1]),
        Choice(dialog_wording.LEAVE_FOR_LATER, later, lambda: act(presenter.stop), styles[2]),
    ]
    if leftover.waiting:
        choices.append(Choice(dialog_wording.LEAVE_FILES_OUT, out, lambda: act(presenter.open_leave_out)))
    buttons = dialog.add_choices(choices, 2)
    dialog.open(buttons[usual])
    return dialog


def open_leave_out(parent: tk.Tk, look: Look, presenter: Presenter, act: Act) -> ModalDialog:
    """Ask which of the waiting files are not needed, and why."""
    waiting = presenter.leftover.waiting
    dialog = ModalDialog(parent, look, dialog_wording.LEAVE_OUT, lambda: act(presenter.dismiss))
    dialog.add_text(dialog_wording.LEAVE_OUT_TEXT, 1)
    listed = ttk.Frame(dialog.frame)
    listed.columnconfigure(0, weight=1)
    listed.grid(row=2, column=0, sticky="ew", pady=(look.unit, 0))
    files = tk.Listbox(
        listed,
        height=min(_LINES, max(2, len(waiting))),
        selectmode="multiple",
        font=theme.BASE_FONT,
        activestyle="dotbox",
        exportselection=False,
    )
    files.configure({name: value for name, value in look.text_options().items() if name != "insertbackground"})
    measure = font.nametofont(theme.BASE_FONT, parent).measure
    files.insert("end", *(shorten(name, _NAME_LETTERS * look.letter, measure) for name, _ in waiting))
    files.grid(row=0, column=0, sticky="ew")
    if len(waiting) > _LINES:
        scrollbar = ttk.Scrollbar(listed, command=files.yview)
        scrollbar.grid(row=0, column=1, sticky="ns")
        files.configure(yscrollcommand=scrollbar.set)
    why_it_waits = dialog.add_text(dialog_wording.LEAVE_OUT_HINT, 3, theme.MUTED)

    def explain(_event: object) -> None:
        name, reason = waiting[files.index("active")]
        name = shorten(name, _NAME_LETTERS * look.letter, measure)
        why_it_waits.configure(text=dialog_wording.LEAVE_OUT_WAITS.format(name=name, reason=reason))

    files.bind("<<ListboxSelect>>", explain)
    ttk.Label(dialog.frame, text=dialog_wording.LEAVE_OUT_WHY, style=theme.MUTED).grid(
        row=4, column=0, sticky="w", pady=(look.unit, 0)
    )
    reason = tk.Entry(dialog.frame, font=theme.BASE_FONT, width=20)
    reason.configure(look.text_options())
    reason.grid(row=5, column=0, sticky="ew", ipady=look.unit // 2)
    dialog.add_complaint(files, reason)
    wrong: list[str] = []

    def leave() -> None:
        chosen = files.curselection()  # type: ignore[no-untyped-call]  # Tk's own stub
        names, why = tuple(waiting[number][0] for number in chosen), reason.get()
        act(lambda: wrong.append(presenter.leave_out(names, why)))
        dialog.complain(wrong.pop())

    leaver = dialog.add_button(dialog_wording.LEAVE_THEM_OUT, leave)
    # Return leads to the button and does not press it: *Back* is what is painted as the usual answer.
    reason.bind("<Return>", lambda _event: leaver.focus_set())
    dialog.add_button(dialog_wording.BACK, lambda: act(presenter.wants_to_close), theme.PRIMARY)
    dialog.open(files)
    return dialog

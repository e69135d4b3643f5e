"""The dialogs in front of the main window. Only the window opens them, never a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.events import InterruptedChoice, NeighbourChoice
from nexuslims_logger.gui import dialog_wording, theme, wording
from nexuslims_logger.gui.modal import Choice, ModalDialog
from nexuslims_logger.gui.panels import show_text
from nexuslims_logger.gui.question_dialogs import (
    open_clock,
    open_leave_out,
    open_leftover,
    open_still_working,
    open_unassigned,
)
from nexuslims_logger.gui.view import Dialog
from nexuslims_logger.gui.who_dialog import open_change_user, open_who

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable
    from datetime import datetime

    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import Interrupted, Neighbour, View

    Act = Callable[[Callable[[], None]], None]


def open_dialog(  # noqa: C901, PLR0911, PLR0913 - one case for each dialog
    parent: tk.Tk, look: Look, view: View, presenter: Presenter, act: Act, now: datetime
) -> ModalDialog | None:
    """Open the dialog that `view` asks for."""
    match view.dialog:
        case Dialog.INTERRUPTED if view.interrupted:
            return _interrupted(parent, look, view.interrupted, presenter, act)
        case Dialog.NEIGHBOUR if view.neighbour:
            return _neighbour(parent, look, view.neighbour, presenter, act)
        case Dialog.CLOSING:
            return _closing(parent, look, presenter, act)
        case Dialog.LEAVING:
            return open_leftover(parent, look, view.leaving_text, presenter, act)
        case Dialog.LEAVE_OUT:
            return open_leave_out(parent, look, presenter, act)
        case Dialog.WHO:
            return open_who(parent, look, presenter, act)
        case Dialog.CHANGE_USER:
            return open_change_user(parent, look, presenter, act, now)
        case Dialog.UNASSIGNED:
            return open_unassigned(parent, look, presenter, act, now)
        case Dialog.STILL_WORKING:
            return open_still_working(parent, look, presenter, act, now)
        case Dialog.CLOCK:
            return open_clock(parent, look, presenter, act, now)
        case Dialog.SUMMONED:
            return _summoned(parent, look, view.summoned_text, presenter, act)
        case _:
            return None


def open_message(parent: tk.Tk, look: Look, title: str, message: str) -> ModalDialog:
    """Open a plain error."""

    def close() -> None:
        dialog.close()

    dialog = ModalDialog(parent, look, title, close)
    dialog.add_text(message, 1)
    dialog.open(dialog.add_button(wording.CLOSE, close, theme.PRIMARY))
    return dialog


def _interrupted(parent: tk.Tk, look: Look, asked: Interrupted, presenter: Presenter, act: Act) -> ModalDialog:
    def answer(choice: InterruptedChoice) -> Callable[[], None]:
        return lambda: act(lambda: presenter.answer_interrupted(choice))

    go_on, end, close = dialog_wording.INTERRUPTED_CHOICES
    styles = [theme.PRIMARY, "TButton"] if asked.continue_first else ["TButton", theme.PRIMARY]
    dialog = ModalDialog(parent, look, asked.heading, lambda: act(presenter.dismiss))
    dialog.add_table(asked.facts, 1)
    buttons = dialog.add_choices(
        [
            Choice(dialog_wording.CONTINUE, go_on, answer(InterruptedChoice.CONTINUE), styles[0]),
            Choice(asked.end_text, end, answer(InterruptedChoice.END), styles[1]),
            Choice(wording.CLOSE_LOGGER, close, lambda: act(presenter.dismiss)),
        ],
        2,
    )
    without_answer = dialog.add_text("", 3, theme.MUTED)
    show_text(without_answer, asked.without_answer)

    def refresh(view: View) -> None:
        if view.interrupted:
            show_text(without_answer, view.interrupted.without_answer)

    dialog.refresh = refresh
    dialog.open(buttons[styles.index(theme.PRIMARY)])
    return dialog


def _neighbour(parent: tk.Tk, look: Look, asked: Neighbour, presenter: Presenter, act: Act) -> ModalDialog:
    def answer(choice: NeighbourChoice) -> Callable[[], None]:
        return lambda: act(lambda: presenter.answer_neighbour(choice))

    first = NeighbourChoice.JOIN if asked.join_first else NeighbourChoice.OWN
    words = (dialog_wording.JOIN, dialog_wording.TAKE_OVER, dialog_wording.START_OWN)
    answers = [
        Choice(text, meaning, answer(choice), theme.PRIMARY if choice is first else "TButton")
        for text, meaning, choice in zip(words, dialog_wording.NEIGHBOUR_CHOICES, NeighbourChoice, strict=True)
    ][0 if asked.may_join else 1 :]
    dialog = ModalDialog(parent, look, dialog_wording.NEIGHBOUR, lambda: act(presenter.dismiss))
    dialog.add_table(asked.facts, 1)
    buttons = dialog.add_choices(answers, 2)
    dialog.add_text(dialog_wording.NEIGHBOUR_CLOSE, 3, theme.MUTED)
    dialog.open(buttons[0 if asked.join_first else -1])
    return dialog


def _closing(parent: tk.Tk, look: Look, presenter: Presenter, act: Act) -> ModalDialog:
    dialog = ModalDialog(parent, look, dialog_wording.CLOSING, lambda: act(presenter.dismiss))
    dialog.add_text(dialog_wording.CLOSING_TEXT, 1)
    end, pause = dialog_wording.CLOSING_CHOICES
    dialog.add_choices(
        [
            Choice(wording.END, end, lambda: act(presenter.end), theme.DANGER),
            Choice(dialog_wording.PAUSE, pause, lambda: act(presenter.pause)),
        ],
        2,
    )
    dialog.open(dialog.add_button(wording.CANCEL, lambda: act(presenter.dismiss)))
    return dialog


def _summoned(parent: tk.Tk, look: Look, text: str, presenter: Presenter, act: Act) -> ModalDialog:
    dialog = ModalDialog(parent, look, dialog_wording.SUMMONED, lambda: act(presenter.dismiss))
    dialog.add_text(text, 1)
    stay = dialog.add_button(wording.GO_ON, lambda: act(presenter.dismiss), theme.PRIMARY)
    dialog.add_button(wording.CHANGE_USER, lambda: act(presenter.open_change_user))
    dialog.open(stay)
    return dialog

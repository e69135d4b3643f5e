"""Which screen follows from what is known, which dialogs stand before it, and what it shows. Knows no Tk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui import wording
from nexuslims_logger.gui.view import Dialog, Screen

if TYPE_CHECKING:
    from nexuslims_logger.gui.known import Known
    from nexuslims_logger.gui.sentences import Sentences
    from nexuslims_logger.gui.view import View

#: The dialogs that a person opens, and the screens on which each makes sense.
OPENED_BY_HAND: Final = {
    Dialog.CLOSING: frozenset({Screen.RUNNING}),
    Dialog.SUMMONED: frozenset({Screen.RUNNING}),
    Dialog.CHANGE_USER: frozenset({Screen.RUNNING, Screen.ENDING, Screen.DONE}),
    Dialog.LEAVING: frozenset({Screen.ENDING}),
    Dialog.LEAVE_OUT: frozenset({Screen.ENDING}),
}
#: The dialogs that nobody clicked for.
UNASKED: Final = frozenset(
    {Dialog.INTERRUPTED, Dialog.NEIGHBOUR, Dialog.WHO, Dialog.UNASSIGNED, Dialog.STILL_WORKING, Dialog.CLOCK}
)
#: The words that bring back what was put off.
ASK_AGAIN: Final = {
    Dialog.STILL_WORKING: wording.ANSWER,
    Dialog.WHO: wording.ENTER_NAME,
    Dialog.UNASSIGNED: wording.SAY_WHOSE,
    Dialog.CLOCK: wording.ANSWER,
}


def screen_of(known: Known) -> Screen:
    """Return the screen that tells what is known."""
    if known.failure:
        return Screen.FAILED
    if known.session is None:
        if known.unknown:
            return Screen.UNKNOWN_COMPUTER if known.unknown.answered else Screen.NO_DATABASE
        return Screen.STARTING
    if known.ready:
        return Screen.DONE
    return Screen.ENDING if known.ended_at else Screen.RUNNING


def exit_code_of(known: Known) -> ExitCode:
    """Return how the process should end: complete only when nothing of this PC waits any more."""
    if known.everything_done:
        return ExitCode.COMPLETE
    if known.session or known.interrupted:
        return ExitCode.WAITING
    return ExitCode.FAILED if known.failure or known.unknown or known.troubles else ExitCode.COMPLETE


def filled(view: View, known: Known, words: Sentences, seconds_to_close: int | None) -> View:
    """Return `view` with what its screen alone has.

    Parameters
    ----------
    seconds_to_close
        Until the last screen closes by itself; None: somebody looks at it, and it stays.
    """
    match view.screen:
        case Screen.STARTING:
            return replace(
                view,
                steps=words.steps(),
                fraction=words.start_fraction(),
                interrupted=words.interrupted(),
                neighbour=words.neighbour(),
            )
        case Screen.UNKNOWN_COMPUTER if known.unknown:
            return replace(view, to_copy=known.unknown.computer_name, to_copy_label=wording.UNKNOWN_NAME)
        case Screen.RUNNING | Screen.ENDING:
            return replace(
                view,
                who=words.who(),
                elapsed=words.elapsed() if view.screen is Screen.RUNNING else "",
                note=words.note(),
                may_write=known.has_own_note,
                fraction=known.fraction,
                counts=words.counts(view.screen),
                rate=words.rate(),
                checked=words.checked(),
                leaving_text=words.leaving(),
                summoned_text=words.summoned(),
            )
        case Screen.DONE:
            closes = wording.STAYS if seconds_to_close is None else wording.COUNTDOWN.format(seconds=seconds_to_close)
            return replace(
                view,
                who=words.who(),
                countdown=closes,
                to_copy=words.stored_in(),
                to_copy_label=wording.STORED_IN,
            )
        case _:
            return view

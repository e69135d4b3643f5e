"""Decides what the window says and which buttons may be pressed. Knows no Tk: tested without a screen.

Events and clicks come in, a `View` goes out; commands leave through the `SessionService`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import NeighbourChoice
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui import wording
from nexuslims_logger.gui.known import Asked, Known, receive
from nexuslims_logger.gui.sentences import Sentences
from nexuslims_logger.gui.state_line import StateLine
from nexuslims_logger.gui.view import Dialog, Screen, View

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.events import Event, InterruptedChoice
    from nexuslims_logger.session.service import SessionService

#: How long the last screen stays.
DONE_S: Final = 60
#: How long the window waits for the workers to put everything down.
STOP_S: Final = 10


class Presenter:
    """The window's mind. Every method returns at once; all run on the Tk thread.

    Parameters
    ----------
    this_pc_only
        Whether the embedded default stands in for a central database.
    interval_s
        Between two passes; what was not looked at for much longer is not called good any more.
    zone
        The zone of the times shown; None for the PC's own.
    """

    def __init__(self, *, this_pc_only: bool, interval_s: float, zone: tzinfo | None = None) -> None:
        self._this_pc_only = this_pc_only
        self._interval_s = interval_s
        self._zone = zone
        self._known = Known()
        self._service: SessionService | None = None
        self._dialog: Dialog | None = None
        self._seconds_to_close = DONE_S
        self._seconds_to_stop = STOP_S
        self._finished = False

    def connect(self, service: SessionService) -> None:
        """Send commands there from now on."""
        self._service = service

    # What happens

    def receive(self, event: Event) -> None:
        """Take in what a worker tells."""
        self._known = receive(self._known, event)
        # A pause is complete once it is safe on the disk: then the window goes by itself.
        if self._known.paused:
            self.stop()

    def fail(self, error: LoggerError) -> None:
        """Show that the start failed for good."""
        self._known = replace(self._known, failure=error)

    def second_passed(self) -> None:
        """Count down, on the last screen and to the end of patience. Counts calls: the clock may jump."""
        if self._known.asked is Asked.STOP:
            self._seconds_to_stop -= 1
            self._finished = self._finished or self._seconds_to_stop <= 0
        elif self._screen() is Screen.DONE:
            self._seconds_to_close -= 1
            if self._seconds_to_close <= 0:
                self.stop()

    # What a person does

    def answer_interrupted(self, choice: InterruptedChoice) -> None:
        """*Continue*, or *End theirs and start mine*."""
        if self._service and self._ask(Asked.ANSWER):
            self._service.answer_interrupted(choice)

    def answer_neighbour(self, choice: NeighbourChoice) -> None:
        """*Join*, *Take over* or *Start my own*."""
        if self._service and self._ask(Asked.ANSWER):
            self._service.answer_neighbour(choice)

    def try_again(self) -> None:
        """*Try again* on the screen of an unknown computer."""
        if self._service and self._ask(Asked.TRY_AGAIN):
            self._service.try_again()

    def end(self) -> None:
        """*End session*, on the screen or in the closing dialog."""
        if self._service and self._screen() is Screen.RUNNING and self._ask(Asked.END):
            self._service.end()

    def pause(self) -> None:
        """*Pause* in the closing dialog."""
        if self._service and self._screen() is Screen.RUNNING and self._ask(Asked.PAUSE):
            self._service.pause()

    def sync_now(self) -> None:
        """*Sync now*."""
        if self._service:
            self._service.sync_now()

    def open_note(self) -> None:
        """*Note*; a session that was joined has its note where it was started."""
        session = self._known.session
        if self._screen() is Screen.RUNNING and not self._known.asked and session and not session.joined:
            self._dialog = Dialog.NOTE

    def save_note(self, text: str) -> None:
        """*Save* in the note editor; shown on the screen once it is safe."""
        self._dialog = None
        if self._service:
            self._service.set_note(text.strip()[: wording.NOTE_LIMIT])

    def dismiss(self) -> None:
        """*Cancel*, or the cross of a dialog; the start waits for an answer, so without one it ends.

        Beside another computer's session there is an answer that changes nothing of theirs: one of one's own.
        """
        match self._present_dialog():
            case Dialog.INTERRUPTED:
                self.stop()
            case Dialog.NEIGHBOUR:
                self.answer_neighbour(NeighbourChoice.OWN)
        self._dialog = None

    def wants_to_close(self) -> None:
        """Close the window by its cross: ask where something would be left."""
        screen = self._screen()
        if screen is Screen.RUNNING:
            self._dialog = Dialog.CLOSING
        elif screen is Screen.ENDING:
            self._dialog = Dialog.LEAVING
        else:
            self.stop()

    def stop(self) -> None:
        """Put everything down now (*Leave now*, log-off, SIGTERM): what is open stays open."""
        self._dialog = None
        if self._service is None:
            self._finished = True
        elif self._known.asked is not Asked.STOP:
            self._known = replace(self._known, asked=Asked.STOP)
            self._service.stop()

    def _ask(self, what: Asked) -> bool:
        """Note what was asked; False when an answer is still awaited, so that nothing is asked twice."""
        if self._known.asked:
            return False
        self._dialog = None
        self._known = replace(self._known, asked=what)
        return True

    # What is to be seen

    def view(self, now: datetime) -> View:
        """Return the whole window as it should look at `now`."""
        known, screen = self._known, self._screen()
        words = Sentences(known, now, self._zone, self._this_pc_only)
        state = StateLine(known, now, self._zone, self._interval_s).on(screen)
        common = View(
            screen=screen,
            title=words.title(screen, state.tone),
            heading=words.heading(screen),
            state=state,
            record=words.record(),
            busy=known.asked is not None,
            dialog=self._present_dialog(),
            finished=self._finished or known.stopped,
        )
        match screen:
            case Screen.STARTING:
                return replace(
                    common,
                    steps=words.steps(),
                    fraction=words.start_fraction(),
                    interrupted=words.interrupted(),
                    neighbour=words.neighbour(),
                )
            case Screen.UNKNOWN_COMPUTER if known.unknown:
                return replace(common, computer_name=known.unknown.computer_name)
            case Screen.RUNNING | Screen.ENDING:
                return replace(
                    common,
                    who=words.who(),
                    elapsed=words.elapsed() if screen is Screen.RUNNING else "",
                    note=words.note(),
                    full_note=known.note,
                    fraction=known.fraction,
                    counts=words.counts(screen),
                    rate=words.rate(),
                    checked=words.checked(),
                    leaving_text=words.leaving(),
                )
            case Screen.DONE:
                return replace(
                    common,
                    who=words.who(),
                    countdown=wording.COUNTDOWN.format(seconds=self._seconds_to_close),
                )
            case _:
                return common

    def exit_code(self) -> ExitCode:
        """Return how the process should end: complete only when nothing of this PC waits any more."""
        known = self._known
        if known.everything_done:
            return ExitCode.COMPLETE
        if known.session or known.interrupted:
            return ExitCode.WAITING
        return ExitCode.FAILED if known.failure or known.unknown else ExitCode.COMPLETE

    def _screen(self) -> Screen:
        known = self._known
        if known.failure:
            return Screen.FAILED
        if known.session is None:
            return Screen.UNKNOWN_COMPUTER if known.unknown else Screen.STARTING
        if known.ready:
            return Screen.DONE
        return Screen.ENDING if known.ended_at else Screen.RUNNING

    def _present_dialog(self) -> Dialog | None:
        """Return the dialog that still makes sense on the present screen."""
        screen, asked = self._screen(), self._known.asked
        if screen is Screen.STARTING and self._known.interrupted and not asked:
            return Dialog.INTERRUPTED
        if screen is Screen.STARTING and self._known.neighbour and not asked:
            return Dialog.NEIGHBOUR
        fitting = {
            Dialog.CLOSING: Screen.RUNNING,
            Dialog.NOTE: Screen.RUNNING,
            Dialog.LEAVING: Screen.ENDING,
        }
        return self._dialog if self._dialog and fitting[self._dialog] is screen and not asked else None

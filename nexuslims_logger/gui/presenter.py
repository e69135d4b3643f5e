"""Decides what the window says and which buttons may be pressed. Knows no Tk: tested without a screen.

Events and clicks come in, a `View` goes out; commands leave through the `SessionService`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import FilesListed, NeighbourChoice
from nexuslims_logger.gui.known import Asked, Known, a_second_later, receive
from nexuslims_logger.gui.leftover import Leftover
from nexuslims_logger.gui.listed_files import ListedFiles
from nexuslims_logger.gui.note_draft import NoteDraft
from nexuslims_logger.gui.questions import Questions
from nexuslims_logger.gui.screens import ASK_AGAIN, OPENED_BY_HAND, UNASKED, exit_code_of, filled, screen_of
from nexuslims_logger.gui.sentences import Sentences
from nexuslims_logger.gui.state_line import StateLine
from nexuslims_logger.gui.view import Dialog, Screen, View

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.events import Event, InterruptedChoice
    from nexuslims_logger.exit_codes import ExitCode
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
        #: Whether nothing of the session is kept, which the window then says.
        self.is_demo = False
        #: What the workers ask, and where the answers go.
        self.questions = Questions(lambda: self._known, lambda: self._service, self._end, zone)
        #: What is left at the end.
        self.leftover = Leftover(lambda: self._known, lambda: self._service)
        self._shrunk = False
        self._service: SessionService | None = None
        self._dialog: Dialog | None = None
        self._seconds_to_close = DONE_S
        self._seconds_to_stop = STOP_S
        self._finished = False
        #: Whether the program is to begin anew, settings and all, once this window is down.
        self.begins_anew = False
        self._read = False
        #: The note in its editor.
        self.draft = NoteDraft(lambda: self._known, lambda: self._service)
        #: The list of its files.
        self.files = ListedFiles(lambda: self._known, lambda: self._service)

    def connect(self, service: SessionService) -> None:
        """Send commands there from now on."""
        self._service = service

    # What happens

    def receive(self, event: Event) -> None:
        """Take in what a worker tells."""
        before = self._known.session_identifier
        self._known = receive(self._known, event)
        self.questions.receive(event)
        present = self._known.session_identifier
        if isinstance(event, FilesListed):
            self.files.receive(event)
        elif present != before or self._screen() is not Screen.RUNNING:
            self.draft.close()  # what was typed goes to the session that it was written for
        if present != before:
            self.files.forget()
            self._dialog, self._shrunk, self._read, self._seconds_to_close = None, False, False, DONE_S
        # A pause is complete once it is safe on the disk: then the window goes by itself.
        if self._known.paused:
            self.stop()

    def fail(self, error: LoggerError) -> None:
        """Show that the start failed for good."""
        self._known = replace(self._known, failure=error)

    def second_passed(self) -> None:
        """Count down, on the last screen and to the end of patience. Counts calls: the clock may jump."""
        self.draft.second_passed()
        self._known = a_second_later(self._known)
        if self._known.asked is Asked.STOP:
            self._seconds_to_stop -= 1
            self._finished = self._finished or self._seconds_to_stop <= 0
        elif self._screen() is Screen.DONE and self._dialog is None and not self._read:
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
        """*Try again*: ask for the instrument once more; after a start that failed, begin the program anew."""
        if self._screen() is Screen.FAILED:
            self.begins_anew = True
            self.stop()
        elif self._service and self._ask(Asked.TRY_AGAIN):
            self._service.try_again()

    def end(self) -> None:
        """*End session*, on the screen or in the closing dialog."""
        if self._screen() is Screen.RUNNING and not self._known.asked:
            self._dialog = None
            self.questions.end()

    def _end(self, last_activity: datetime | None) -> None:
        self.draft.save()
        if self._service and self._screen() is Screen.RUNNING and self._ask(Asked.END):
            self._service.end(last_activity=last_activity)

    def pause(self) -> None:
        """*Pause* in the closing dialog."""
        self.draft.save()
        if self._service and self._screen() is Screen.RUNNING and self._ask(Asked.PAUSE):
            self._service.pause()

    def sync_now(self) -> None:
        """*Sync now*."""
        if self._service:
            self._service.sync_now()

    def open_change_user(self) -> None:
        """*Change user*: ask for the next name."""
        self.draft.save()
        if self._screen() is Screen.RUNNING and self._known.who:
            self.questions.ask_name()  # whose session would it be that ends?
        elif self._screen() in {Screen.RUNNING, Screen.ENDING, Screen.DONE} and not self._known.asked:
            self._ask_who_is_next(Dialog.CHANGE_USER)

    def _ask_who_is_next(self, dialog: Dialog) -> None:
        """Open one of the two dialogs of who comes after: what the second says stands still from the first on."""
        if self._dialog is not Dialog.SUMMONED:
            self.questions.hand_over()
        self._dialog = dialog

    def answer_question(self) -> None:
        """Ask again what was put off: the button beside the line of state."""
        self.questions.ask_again(self._screen())

    def change_user(self, name: str, project: str, *, last_activity: datetime | None = None) -> str:
        """*Start my session*: return what is wrong with the answer, "" when it was taken."""
        wrong = self.questions.change_user(name, project, last_activity=last_activity)
        self._dialog = self._dialog if wrong else None
        return wrong

    def open_leave_out(self) -> None:
        """*Leave files out*: ask which."""
        self._dialog = Dialog.LEAVE_OUT

    def leave_out(self, names: tuple[str, ...], reason: str) -> str:
        """*Leave out*: return what is wrong with the answer, "" when it was taken."""
        wrong = self.leftover.leave_out(names, reason)
        self._dialog = self._dialog if wrong else None
        return wrong

    def shrink(self) -> None:
        """*Finish in background*: make room, and go on."""
        self._dialog = None
        self._shrunk = True

    def is_read(self) -> None:
        """Somebody looks at the last screen, or at a window beside it: nothing closes under a reader."""
        self._read = self._read or self._screen() is Screen.DONE

    def hands_moved(self) -> None:
        """Somebody uses mouse or keyboard."""
        if self._service and self._screen() is Screen.RUNNING:
            self._service.hands_moved()

    def dismiss(self) -> None:
        """*Cancel*, or the cross of a dialog; the start waits for an answer, so without one it ends.

        Beside another computer's session there is an answer that changes nothing of theirs: one of one's own.
        """
        present = self._present_dialog()
        if present is Dialog.INTERRUPTED:
            self.stop()
        elif present is Dialog.NEIGHBOUR:
            self.answer_neighbour(NeighbourChoice.OWN)
        elif present is not self._dialog:
            self.questions.put_off(present)
        self._dialog = None

    def summoned(self) -> None:
        """Somebody has started the program again: perhaps somebody else."""
        if self._known.asked or self._dialog is not None:
            return
        if self._screen() is Screen.RUNNING:
            self._ask_who_is_next(Dialog.SUMMONED)
        elif self._screen() in {Screen.ENDING, Screen.DONE}:
            self._ask_who_is_next(Dialog.CHANGE_USER)  # the one before only finishes

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
        self.draft.save()
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
        words = Sentences(known, now, self._zone, self._this_pc_only, self.is_demo)
        state = StateLine(known, now, self._zone, self._interval_s, self.questions.whose_open).on(screen)
        dialog, put_off = self._present_dialog(), self.questions.asks_again(screen)
        common = View(
            screen=screen,
            title=words.title(screen, state.tone, asks=put_off is not None or dialog in UNASKED),
            heading=words.heading(screen),
            state=state,
            record=words.record(),
            busy=known.asked is not None,
            question=ASK_AGAIN[put_off] if put_off else "",
            dialog=dialog,
            finished=self._finished or known.stopped,
            shrunk=self._shrunk and screen in {Screen.ENDING, Screen.DONE},
        )
        return filled(common, known, words, None if self._read else self._seconds_to_close)

    def exit_code(self) -> ExitCode:
        """Return how the process should end."""
        return exit_code_of(self._known)

    def _screen(self) -> Screen:
        return screen_of(self._known)

    def _present_dialog(self) -> Dialog | None:
        """Return the dialog that still makes sense on the present screen."""
        screen, asked = self._screen(), self._known.asked
        if screen is Screen.STARTING and self._known.interrupted and not asked:
            return Dialog.INTERRUPTED
        if screen is Screen.STARTING and self._known.neighbour and not asked:
            return Dialog.NEIGHBOUR
        if asked:
            return None
        if self._dialog and screen in OPENED_BY_HAND[self._dialog]:
            return self._dialog
        return self.questions.dialog(screen)

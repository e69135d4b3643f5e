"""What the workers ask while a session runs or ends, which dialog that opens, and where the answers go. Knows no Tk.

The presenter holds one and shares what it knows with it; the dialogs read its words and press its methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import (
    Event,
    NamesRemembered,
    SessionStarted,
    StillWorking,
    UnassignedChoice,
    UnassignedFound,
    WhoIsWorking,
)
from nexuslims_logger.gui import dialog_wording
from nexuslims_logger.gui.question_words import QuestionWords
from nexuslims_logger.gui.view import Dialog, Screen
from nexuslims_logger.session.who import NameUnusable, checked_name, checked_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from nexuslims_logger.gui.known import Known
    from nexuslims_logger.session.service import SessionService


@dataclass(frozen=True)
class _Wish:
    """To end that session, at its last activity as it was shown, or (None) at the present time."""

    session_identifier: str | None
    last_activity: datetime | None


#: Which event brings a dialog back that was put off.
_ASKED_BY: Final = {WhoIsWorking: Dialog.WHO, UnassignedFound: Dialog.UNASSIGNED, StillWorking: Dialog.STILL_WORKING}


class Questions:
    """The questions of one window.

    Parameters
    ----------
    known
        Returns what the window knows.
    service
        Returns where commands go; None before the workers are there.
    end
        Ends the session at its last activity as it was shown, or (None) at the present time.
    zone
        The zone of the times shown; None for the PC's own.
    """

    def __init__(
        self,
        known: Callable[[], Known],
        service: Callable[[], SessionService | None],
        end: Callable[[datetime | None], None],
        zone: tzinfo | None,
    ) -> None:
        self._known = known
        #: What stands in the dialogs.
        self.words = QuestionWords(known, zone)
        self._service = service
        self._end = end
        self._put_off: set[Dialog] = set()
        self._wish: _Wish | None = None
        self._files_given = False
        self._left_at: datetime | None = None
        self.remembered = NamesRemembered((), (), asks_project=False)

    def receive(self, event: Event) -> None:
        """Take in what a worker asks."""
        if isinstance(event, NamesRemembered):
            self.remembered = event
        if isinstance(event, SessionStarted):
            self._put_off.clear()
        if isinstance(event, SessionStarted | UnassignedFound):
            self._files_given = False
        if dialog := _ASKED_BY.get(type(event)):
            self._put_off.discard(dialog)

    def dialog(self, screen: Screen) -> Dialog | None:
        """Return the question that is open on this screen, None for none."""
        known = self._known()
        clock = known.clock is not None and known.clock.held
        asked = {
            Screen.RUNNING: (
                (Dialog.STILL_WORKING, known.quiet and not self.ends_then),
                (Dialog.WHO, known.who),
                (Dialog.UNASSIGNED, known.unassigned),
                (Dialog.CLOCK, clock),
            ),
            Screen.ENDING: ((Dialog.CLOCK, clock),),
            Screen.DONE: ((Dialog.CLOCK, clock),),
        }.get(screen, ())
        return next((dialog for dialog, holds in asked if holds and dialog not in self._put_off), None)

    def put_off(self, dialog: Dialog | None) -> None:
        """Answer later: the state line goes on telling, and what cannot go without an answer asks again."""
        if dialog is not None:
            self._put_off.add(dialog)
        self._wish = None

    def asks_again(self, screen: Screen) -> Dialog | None:
        """Return the question that was put off and still waits for its answer, None for none."""
        known = self._known()
        clock = known.clock is not None and known.clock.held
        waiting = (
            (Dialog.STILL_WORKING, screen is Screen.RUNNING and known.quiet is not None),
            (Dialog.WHO, screen is Screen.RUNNING and known.who is not None),
            (Dialog.CLOCK, screen in {Screen.RUNNING, Screen.ENDING, Screen.DONE} and clock),
            (Dialog.UNASSIGNED, screen is Screen.RUNNING and self.whose_open),
        )
        return next((dialog for dialog, holds in waiting if holds and dialog in self._put_off), None)

    def ask_again(self, screen: Screen) -> None:
        """Ask what was put off once more."""
        if dialog := self.asks_again(screen):
            self._put_off.discard(dialog)

    # --- the end, for which something may be missing -------------------------------------------------------------

    def end(self, last_activity: datetime | None = None) -> None:
        """End the session; who works and whose the files are is asked before, and the answer ends it then.

        Parameters
        ----------
        last_activity
            END has this time, as it was shown, however long the answers take; None: the time of the last click.
        """
        self._wish = _Wish(self._known().session_identifier, last_activity)
        if self._known().who is not None:
            self.ask_name()
        elif not self._insist_on_files():
            self._end_as_wished()

    @property
    def ends_then(self) -> bool:
        """Whether the answer ends the session, too."""
        known = self._known()
        wished = self._wish is not None and self._wish.session_identifier == known.session_identifier
        return wished and known.ended_at is None

    def _insist_on_files(self) -> bool:
        """Ask once more whose they are before the session ends; False when that is known."""
        if self.whose_open:
            self._put_off.discard(Dialog.UNASSIGNED)
        return self.whose_open

    def _end_as_wished(self) -> None:
        wish, self._wish = self._wish, None
        if wish is not None:
            self._end(wish.last_activity)

    # --- who is working ------------------------------------------------------------------------------------------

    def ask_name(self) -> None:
        """Ask for the missing name once more."""
        self._put_off.discard(Dialog.WHO)

    @property
    def who_text(self) -> str:
        """What stands above the fields."""
        return dialog_wording.WHO_BEFORE_END if self.ends_then else dialog_wording.WHO_TEXT

    @property
    def asks_name(self) -> bool:
        """Whether the name is asked for, and not the project alone."""
        who = self._known().who
        return who is None or who.asks_name

    @property
    def asks_project(self) -> bool:
        """Whether there is a field for the project."""
        return self.remembered.asks_project

    def confirm_who(self, name: str, project: str) -> str:
        """Answer *This is me*; return what is wrong with the answer, "" when it was taken."""
        try:
            user = checked_name(name) if self.asks_name else None
            for_project = checked_project(project)
        except NameUnusable as error:
            return error.message
        if service := self._service():
            service.confirm_who(user, for_project)
        self._put_off.add(Dialog.WHO)
        if self.ends_then and not self._insist_on_files():
            self._end_as_wished()
        return ""

    def hand_over(self) -> None:
        """Begin to ask for the next user: what they do from now on is no activity of the one before."""
        self._left_at = self._known().active_at

    @property
    def left_at(self) -> datetime | None:
        """The last activity of the session that would be ended by the next user's; None: that is over already."""
        return self._left_at if self._known().ended_at is None else None

    def change_user(self, name: str, project: str, *, last_activity: datetime | None = None) -> str:
        """*Start my session*: return what is wrong with the answer, "" when it was taken."""
        try:
            user, for_project = checked_name(name), checked_project(project)
        except NameUnusable as error:
            return error.message
        if service := self._service():
            service.change_user(user, for_project, last_activity=last_activity)
        return ""

    # --- unassigned files ----------------------------------------------------------------------------------------

    @property
    def previous_offered(self) -> bool:
        """Whether the session before can take them."""
        found = self._known().unassigned
        return found is not None and found.previous_started_at is not None

    @property
    def whose_open(self) -> bool:
        """Whether nobody has said yet whose they are."""
        known = self._known()
        some_left = known.progress is None or known.progress.unassigned > 0
        return known.unassigned is not None and some_left and not self._files_given

    @property
    def unassigned_text(self) -> str:
        """What is asked below the table."""
        return dialog_wording.UNASSIGNED_TEXT_END if self.ends_then else dialog_wording.UNASSIGNED_TEXT

    @property
    def unassigned_later(self) -> str:
        """The words of the button that leaves the answer to the next start."""
        return dialog_wording.END_WITHOUT if self.ends_then else dialog_wording.LATER

    def assign(self, choice: UnassignedChoice | None) -> None:
        """Say whose the files are; None: later."""
        self._put_off.add(Dialog.UNASSIGNED)
        if (service := self._service()) and choice:
            self._files_given = True
            service.assign_unassigned(choice)
        if self.ends_then:
            self._end_as_wished()

    # --- still working? ------------------------------------------------------------------------------------------

    @property
    def quiet_since(self) -> datetime | None:
        """The last activity, while it is asked whether the session goes on."""
        quiet = self._known().quiet
        return quiet.since if quiet else None

    def still_working(self) -> None:
        """*I am still working*."""
        if service := self._service():
            service.still_working()

    # --- the clock -----------------------------------------------------------------------------------------------

    def confirm_clock(self) -> None:
        """Answer *The time is right*."""
        clock = self._known().clock
        self._put_off.add(Dialog.CLOCK)
        if (service := self._service()) and clock:
            service.confirm_clock(clock.session_identifier)

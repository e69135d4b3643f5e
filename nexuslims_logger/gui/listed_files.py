"""The list of the session's files: when to ask for it, and the newest answer. No Tk, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.events import FilesListed
    from nexuslims_logger.gui.known import Known
    from nexuslims_logger.session.service import SessionService

#: A list says of each file whether it is safe to delete *here*: so it is never older than this, in seconds, while it is
#: looked at.
LOOK_AGAIN_S: Final = 30


class ListedFiles:
    """What the window beside the main one shows.

    Parameters
    ----------
    known
        Returns what the window knows.
    service
        Returns where commands go; None before the workers are there.
    """

    def __init__(self, known: Callable[[], Known], service: Callable[[], SessionService | None]) -> None:
        self._known = known
        self._service = service
        self._newest: FilesListed | None = None
        self._asked_for: object = None
        self._awaited = False
        self._old_s = 0

    @property
    def newest(self) -> FilesListed | None:
        """The answer that may be shown; None before there is one."""
        return self._newest

    def open(self) -> None:
        """Begin anew: whatever was listed when the window was last looked at may have changed since."""
        self._newest = None
        self._ask()

    def second_passed(self) -> None:
        """Ask again when something has happened, and otherwise now and then; to be called while it is looked at."""
        self._old_s += 1
        if self._known().files_state != self._asked_for or (self._old_s >= LOOK_AGAIN_S and not self._awaited):
            self._ask()

    def receive(self, listed: FilesListed) -> None:
        """Take an answer; one of another session is none."""
        if listed.session_identifier == self._known().session_identifier:
            self._newest, self._awaited = listed, False

    def forget(self) -> None:
        """Show nothing of the session before."""
        self._newest = None

    def _ask(self) -> None:
        known, service = self._known(), self._service()
        if service and known.session:
            self._asked_for, self._awaited, self._old_s = known.files_state, True, 0
            service.list_files(known.session.session_identifier)

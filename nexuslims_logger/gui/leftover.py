"""What is left at the end, and what a person may do who does not want to wait for it. Knows no Tk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dialog_wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.known import Known
    from nexuslims_logger.session.service import SessionService

#: Somebody who waits for longer than this may as well go.
LONG_WAIT_S: Final = 120.0


class Leftover:
    """The leftover of the session that ends.

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

    @property
    def waiting(self) -> tuple[tuple[str, str], ...]:
        """The files that could be left out, each with why it waits."""
        progress = self._known().progress
        return tuple((file.name, file.reason) for file in progress.waiting) if progress else ()

    @property
    def heading(self) -> str:
        """What stands above the choices of who does not want to wait."""
        return dialog_wording.LEAVING_STORED if self.may_leave else dialog_wording.LEAVING

    @property
    def may_leave(self) -> bool:
        """Whether every file is stored, so that there is nothing to stay for."""
        return self._known().only_record_waits

    @property
    def much_is_left(self) -> bool:
        """Whether it takes longer than one likes to stand there."""
        progress = self._known().progress
        if progress is None or progress.files_done >= progress.files_total:
            return False
        return progress.seconds_left is None or progress.seconds_left > LONG_WAIT_S

    def leave_out(self, names: tuple[str, ...], reason: str) -> str:
        """*Leave out*: return what is wrong with the answer, "" when it was taken."""
        session, why = self._known().session_identifier, " ".join(reason.split())
        if not names:
            return dialog_wording.LEAVE_OUT_NONE
        if not why or len(why) > dialog_wording.REASON_LIMIT:
            return dialog_wording.LEAVE_OUT_REASON.format(count=dialog_wording.REASON_LIMIT)
        if (service := self._service()) and session:
            service.leave_out(session, names, why)
        return ""

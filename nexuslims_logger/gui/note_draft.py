"""When the note is saved while somebody writes it. No Tk, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dialog_wording
from nexuslims_logger.gui.screens import screen_of
from nexuslims_logger.gui.view import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.known import Known
    from nexuslims_logger.session.service import SessionService

#: While somebody writes without a rest, the note is saved after so many seconds all the same.
NOTE_S: Final = 5


class NoteDraft:
    """The note as it stands in the editor, while that is open.

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
        self._session = ""
        self._text: str | None = None
        self._saved = ""
        self._read: Callable[[], str] | None = None
        self._typed = False
        self._waits_s = 0

    @property
    def is_open(self) -> bool:
        """Whether there is an editor."""
        return self._text is not None

    def open(self) -> str | None:
        """Begin with the running session's note: return its text, None when nothing can be written now.

        What was sent last is newer than what the journal has confirmed; with a full disk for minutes.
        """
        known = self._known()
        if known.session is None or screen_of(known) is not Screen.RUNNING or known.asked or not known.has_own_note:
            return None
        session = known.session.session_identifier
        self._text = self._saved if session == self._session else known.note
        self._session, self._saved = session, self._text
        return self._text

    def read_with(self, read: Callable[[], str]) -> None:
        """Look into the editor before a click that takes the note away: Tk tells a little late what was typed."""
        self._read = read

    def write(self, text: str) -> None:
        """Take what now stands in the editor; it is saved at the next rest of the hand."""
        if self._text is not None:
            self._text = text.strip()[: dialog_wording.NOTE_LIMIT]
            self._typed = True

    def second_passed(self) -> None:
        """Save after a second's rest, and every few seconds while there is none."""
        if self._text is None or self._text == self._saved:
            self._waits_s = 0
            return
        self._waits_s += 1
        if not self._typed or self._waits_s >= NOTE_S:
            self.save()
        self._typed = False

    def save(self) -> None:
        """Save what the editor holds, if it is not saved yet."""
        if self._read:
            self.write(self._read())
        if self._text is not None and self._text != self._saved:
            if service := self._service():
                service.set_note(self._text, self._session)
            self._saved = self._text
            self._waits_s = 0

    def close(self) -> None:
        """Save, and forget the editor: it was closed, or its session is over."""
        self.save()
        self._text = self._read = None

    def status(self, length: int) -> str:
        """Return what stands below an editor whose text has so many characters."""
        if length > dialog_wording.NOTE_LIMIT:
            return dialog_wording.NOTE_TOO_LONG.format(count=f"{length - dialog_wording.NOTE_LIMIT:,}")
        saved = self._text == self._known().note
        return dialog_wording.NOTE_SAVED if saved else dialog_wording.NOTE_BEING_SAVED

"""When the note is saved while somebody writes it. No Tk, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import wording

if TYPE_CHECKING:
    from collections.abc import Callable

#: While somebody writes without a rest, the note is saved after so many seconds all the same.
NOTE_S: Final = 5


class NoteDraft:
    """The note as it stands in the editor, while that is open.

    Parameters
    ----------
    save
        Called with what is to be saved.
    """

    def __init__(self, save: Callable[[str], None]) -> None:
        self._save = save
        self._text: str | None = None
        self._saved = ""
        self._read: Callable[[], str] | None = None
        self._typed = False
        self._waits_s = 0

    @property
    def is_open(self) -> bool:
        """Whether there is an editor."""
        return self._text is not None

    def open(self, text: str) -> None:
        """Begin with that text, which is safe already."""
        self._text = self._saved = text

    def read_with(self, read: Callable[[], str]) -> None:
        """Look into the editor before a click that takes the note away: Tk tells a little late what was typed."""
        self._read = read

    def write(self, text: str) -> None:
        """Take what now stands in the editor; it is saved at the next rest of the hand."""
        if self._text is not None:
            self._text = text.strip()[: wording.NOTE_LIMIT]
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
            self._save(self._text)
            self._saved = self._text
            self._waits_s = 0

    def close(self) -> None:
        """Save, and forget the editor."""
        self.save()
        self.drop()

    def drop(self) -> None:
        """Forget the editor; its session is over, and what stood in it was saved with the click."""
        self._text = self._read = None

    def status(self, length: int, safe: str) -> str:
        """Return what stands below the editor.

        Parameters
        ----------
        length
            Of the text in it, in characters.
        safe
            The note that is on this PC's disk.
        """
        if length > wording.NOTE_LIMIT:
            return wording.NOTE_TOO_LONG.format(count=f"{length - wording.NOTE_LIMIT:,}")
        return wording.NOTE_SAVED if self._text == safe else wording.NOTE_BEING_SAVED

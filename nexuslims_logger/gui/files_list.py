"""What the list of files shows, in words: filtered, sorted, and put into words only where it is looked at. No Tk."""

from __future__ import annotations

import enum
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import FileState
from nexuslims_logger.gui import amounts, dialog_wording
from nexuslims_logger.gui.view import Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from nexuslims_logger.events import FileRow, FilesListed

_WORDS: Final = {
    FileState.CHANGING: (dialog_wording.FILE_CHANGING, Tone.WAITING),
    FileState.WAITING: (dialog_wording.FILE_WAITING, Tone.WAITING),
    FileState.SENDING: (dialog_wording.FILE_SENDING, Tone.BUSY),
    FileState.STORED: (dialog_wording.FILE_STORED, Tone.CALM),
    FileState.VERIFIED: (dialog_wording.FILE_VERIFIED, Tone.GOOD),
    FileState.MISSING: (dialog_wording.FILE_MISSING, Tone.PROBLEM),
    FileState.LEFT_OUT: (dialog_wording.FILE_LEFT_OUT, Tone.PROBLEM),
}

#: In the order of the buttons.
_FILTERS: Final = (
    frozenset(FileState),
    frozenset({FileState.CHANGING, FileState.WAITING, FileState.SENDING}),
    frozenset({FileState.STORED, FileState.VERIFIED}),
    frozenset({FileState.MISSING, FileState.LEFT_OUT}),
)


class Column(enum.IntEnum):
    """The columns, from the left."""

    NAME = 0
    SIZE = 1
    STATE = 2
    TIME = 3


_ORDER: Final = {state: number for number, state in enumerate(FileState)}
_KEYS: Final[dict[Column, Callable[[FileRow], tuple[object, ...]]]] = {
    Column.NAME: lambda row: (row.path.lower(), row.root),
    Column.SIZE: lambda row: (row.size_bytes, row.path),
    Column.STATE: lambda row: (_ORDER[row.state], row.path.lower()),
    Column.TIME: lambda row: (row.changed_at, row.path),
}


@dataclass(frozen=True)
class FilesList:
    """One answer of the transfer, as it is looked at.

    Attributes
    ----------
    listed
        The answer; None before the first.
    rows
        Those that are shown, in their order.
    filter
        The number of the filter.
    column, descending
        What it is sorted by.
    zone
        The zone of the times shown; None for the PC's own.
    """

    listed: FilesListed | None = None
    rows: tuple[FileRow, ...] = ()
    filter: int = 0
    column: Column = Column.TIME
    descending: bool = True
    zone: tzinfo | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """The words of the filters' buttons, with how many files stand behind each."""
        counts = Counter(row.state for row in (self.listed.rows if self.listed else ()))
        return tuple(
            words.format(count=f"{sum(counts[state] for state in states):,}")
            for words, states in zip(dialog_wording.FILTER_FILES, _FILTERS, strict=True)
        )

    def cells(self, number: int, now: datetime) -> tuple[tuple[str, ...], Tone]:
        """Return a row's words, by column, and how its state is meant."""
        row = self.rows[number]
        words, tone = _WORDS[row.state]
        if row.state is FileState.VERIFIED and self.listed and self.listed.verified_at:
            words = dialog_wording.FILE_SAFE
        time = amounts.second(row.changed_at, now, self.zone)
        return (row.path, amounts.size(row.size_bytes), f"{tone.symbol} {words}", time), tone

    def detail(self, number: int, now: datetime) -> str:
        """Return the sentence about one row: why it waits, or what may be done with it."""
        row = self.rows[number]
        words = _WORDS[row.state][0]
        if row.reason:
            return dialog_wording.FILE_REASON.format(state=words, reason=row.reason.rstrip("."))
        if row.state is FileState.VERIFIED:
            at = self.listed.verified_at if self.listed else None
            if at is None:
                return dialog_wording.FILE_VERIFIED_DETAIL
            return dialog_wording.FILE_SAFE_DETAIL.format(time=amounts.second(at, now, self.zone))
        return (
            dialog_wording.FILE_STORED_DETAIL
            if row.state is FileState.STORED
            else dialog_wording.FILE_PLAIN.format(state=words)
        )

    def folder(self, number: int | None) -> str | None:
        """Return the folder that a row's file is in; without one that of the newest file, None when there is none."""
        if number is None:
            every = self.listed.rows if self.listed else ()
            row = max(every, key=_KEYS[Column.TIME], default=None)
        else:
            row = self.rows[number]
        if row is None:
            return None
        return os.path.join(row.root, *row.path.split("/")[:-1])  # noqa: PTH118 - a place in words


def arranged(
    listed: FilesListed | None,
    *,
    number: int,
    column: Column,
    descending: bool,
    zone: tzinfo | None = None,
) -> FilesList:
    """Return the list with that filter (by its number) and in that order. 10,000 files take some ten milliseconds."""
    states = _FILTERS[number]
    rows = [row for row in (listed.rows if listed else ()) if row.state in states]
    rows.sort(key=_KEYS[column], reverse=descending)
    return FilesList(listed, tuple(rows), number, column, descending, zone)

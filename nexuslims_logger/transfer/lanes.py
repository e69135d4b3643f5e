"""Owed files on their way to the pool: large and small ones each in a lane, so that neither blocks the other."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.journal.files import ANY_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.files import FilesJournal
    from nexuslims_logger.journal.seen import FileKey, Owed
    from nexuslims_logger.messages import TrackedSession

#: From this size on a file is a large one: it is sent in parts, and takes its time.
LARGE_BYTES = 8 << 20
#: Owed files fetched ahead: enough that fetching costs little, few enough for the memory.
FETCH = 2000


@dataclass
class Lane:
    """The owed files of some sizes, a few of them fetched ahead.

    All of them are met in laps through the journal, by place; what becomes owed meanwhile is pushed.

    Attributes
    ----------
    sizes
        The least size (bytes), and the least that is too large.
    more
        There may be owed files that neither the queue nor the present lap has: another lap is due.
    """

    sizes: tuple[int, int]
    queue: deque[Owed] = field(default_factory=deque)
    more: bool = True
    _at: tuple[str, FileKey] | None = None

    def push(self, owed: Owed) -> None:
        """Take a file that is owed from now on."""
        if len(self.queue) < FETCH:
            self.queue.append(owed)
        else:
            self.more = True

    def next(self, files: FilesJournal, sessions: Sequence[TrackedSession]) -> Owed | None:
        """Take the next file, None when there is none; it may have been taken before, or be owed no more."""
        while not self.queue:
            if self._at is None:
                if not self.more:
                    return None
                self.more = False
            self._fetch(files, [session.identifier for session in sessions])
        return self.queue.popleft()

    def _fetch(self, files: FilesJournal, sessions: list[str]) -> None:
        """Go on with the lap, or come to its end."""
        begin, after = 0, None
        if self._at is not None:
            session, after = self._at
            if session not in sessions:
                self._at, self.more = None, True
                return
            begin = sessions.index(session)
        for session in sessions[begin:]:
            page = files.owed(session, FETCH, self.sizes, after)
            if page:
                self.queue += page
                self._at = session, page[-1].seen.key
                return
            after = None
        self._at = None


@dataclass
class Lanes:
    """Both lanes."""

    large: Lane = field(default_factory=lambda: Lane((LARGE_BYTES, ANY_SIZE[1])))
    small: Lane = field(default_factory=lambda: Lane((ANY_SIZE[0], LARGE_BYTES)))

    @property
    def waiting(self) -> bool:
        """Whether files were fetched that nobody has taken yet."""
        return bool(self.large.queue or self.small.queue)

    def push(self, owed: Owed) -> None:
        """Take a file that is owed from now on."""
        (self.large if is_large(owed) else self.small).push(owed)

    def look_again(self) -> None:
        """Let all that is owed be met once more."""
        self.large.more = self.small.more = True


def is_large(owed: Owed) -> bool:
    """Whether a file goes by the lane for large ones."""
    return owed.seen.stat.size >= LARGE_BYTES

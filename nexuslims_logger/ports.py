"""The edges of the program: everything that waits, fails, or differs between runs.

The mains and leaves (`session_main`, `transfer_main`, `database_main`, the upload leaf) reach the world
only through these protocols. `bootstrap` fills them with threads, queues and the real clock; the
simulator fills them with greenlets and virtual time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from nexuslims_logger.errors import LoggerError

M = TypeVar("M")


def nothing() -> None:
    """Stand where nobody watches whether it goes on."""


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the PC's present time, aware, in UTC. It may jump."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary zero; it never goes back."""

    def utc_offset_min(self) -> int:
        """Return the PC's present offset of local time from UTC, in minutes."""


class Random(Protocol):
    """The source of everything that must differ between runs."""

    def identifier(self) -> str:
        """Return a new UUID4, as text."""

    def fraction(self) -> float:
        """Return a number in [0, 1), to spread retries."""


class Inbox(Protocol[M]):
    """A thread's letter box: many may put, one gets."""

    def put(self, message: M) -> None:
        """Leave a message; never blocks."""

    def get(self, timeout_s: float | None) -> M | None:
        """Wait for the next message; None when `timeout_s` seconds (None: for ever) brought none."""


@dataclass(frozen=True)
class Reply:
    """What became of a call that was submitted: a value or an error, and the caller's own ticket."""

    ticket: object
    value: Any = None
    error: LoggerError | None = None


class Pool(Protocol):
    """Threads that run leaves: plain functions which share nothing."""

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        """Run ``function(*args)`` soon and put a `Reply` with `ticket` into `reply_to`. Never blocks."""


class FileStat(NamedTuple):
    """What the file system says of one file. Two equal values mean: unchanged.

    Attributes
    ----------
    size
        Bytes.
    mtime_ns, ctime_ns
        Modification time, and change time (creation time on Windows), nanoseconds since 1970 UTC.
    """

    size: int
    mtime_ns: int
    ctime_ns: int


class FileEntry(NamedTuple):
    """One file of a listing; `name` may hold surrogates where the disk's bytes are not UTF-8."""

    name: str
    stat: FileStat


@dataclass(frozen=True)
class FolderListing:
    """One folder below a watch folder.

    Attributes
    ----------
    folder
        Path relative to the watch folder, forward slashes, "" for the watch folder itself.
    files
        Its regular files; links, sockets and the like are left out.
    below
        The names of its sub-folders.
    problem
        Set when the folder could not be read; nothing may then be concluded of it or of what is below.
    """

    folder: str
    files: tuple[FileEntry, ...] = ()
    below: tuple[str, ...] = ()
    problem: LoggerError | None = None


class OpenFile(Protocol):
    """A file opened for reading, so that others may still write, rename and delete it."""

    def stat(self) -> FileStat:
        """Ask through the handle, not the path."""

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; b"" at the end."""

    def seek(self, position: int) -> None:
        """Go on reading at this byte, counted from 0."""

    def close(self) -> None:
        """Give the handle back."""


class FileSystem(Protocol):
    """The watch folders. Nothing here ever writes."""

    def volume(self, root: str) -> str:
        """Return a name for the volume that `root` stands on; raises `FolderMissing`."""

    def free_bytes(self, root: str) -> int:
        """Return how many bytes may still be written to the disk of `root`; raises `FolderMissing`."""

    def walk(self, root: str) -> Iterator[FolderListing]:
        """List `root` and every folder below it, lazily; raises `FolderMissing` when `root` cannot be.

        Links are not followed. A folder that vanishes while it is walked is left out. A sub-folder that cannot be
        read yields a listing with a problem, and the walk goes on.
        """

    def list(self, root: str, folder: str) -> FolderListing:
        """List one folder below `root`; raises `FileVanished` when it is gone, `FileUnreadable` as `walk` would."""

    def stat(self, root: str, path: str) -> FileStat:
        """Ask by path (relative to `root`); raises `FileVanished` or `FileUnreadable`."""

    def open(self, root: str, path: str) -> OpenFile:
        """Open for reading; raises `FileVanished` or `FileUnreadable`."""

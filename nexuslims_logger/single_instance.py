"""One logger a PC: whatever writes the journal holds this lock, and what no logger of another account may share."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ConfigurationError, StopAndTell
from nexuslims_logger.machine_guard import Taken, take, take_trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path, PurePath

    from filelock import BaseFileLock

#: What this process holds. A file lock is freed with its object, and an object that nobody keeps dies.
_held: set[SingleInstance] = set()


class AlreadyRunning(StopAndTell):
    """Another logger of this PC holds the lock.

    Parameters
    ----------
    pid, since
        Its process, and when it took the lock (aware); None when that cannot be read.
    elsewhere
        It does not write the same journal.
    gives_way
        It only catches up.
    """

    def __init__(
        self, pid: int | None, since: datetime | None, *, elsewhere: bool = False, gives_way: bool = False
    ) -> None:
        details = [] if pid is None else [f"process {pid}"]
        if since is not None:
            details.append(f"since {since.astimezone():%Y-%m-%d %H:%M}")
        which = f" ({', '.join(details)})" if details else ""
        message = f"Another NexusLIMS-Logger runs on this PC{which}. Use its window, or end it first."
        if elsewhere:
            message = (
                "Another NexusLIMS-Logger runs on this PC, under another account or with another NEXUSLIMSGUI_HOME, "
                "for the same instrument or the same watch folder. Switch to that account and end it there, or log it "
                "off."
            )
        super().__init__("NexusLIMS-Logger is already running", message)
        self.pid = pid
        self.since = since
        self.elsewhere = elsewhere
        self.gives_way = gives_way


class SingleInstance:
    """The right to write the journal in `folder`; it ends with `release` or with the process, however that ends.

    Parameters
    ----------
    folder
        The program's folder; made when it is missing.
    claims
        What no other logger of this PC may have at the same time, in any words; see `machine_guard`.
    gives_way
        Told to who comes later: this one ends when it is rung at (`doorbell`).
    """

    def __init__(self, folder: Path, claims: tuple[str, ...] = (), *, gives_way: bool = False) -> None:
        self._folder = folder
        self._claims = claims
        self._gives_way = gives_way
        self._give_back: list[Callable[[], None]] = []
        self._holder = folder / "instance.json"
        self._lock: BaseFileLock | None = None

    def acquire(self, patience_s: float = 0.0) -> None:
        """Take the lock; block for `patience_s` seconds at most until it is free.

        Raises
        ------
        AlreadyRunning
            Somebody else has it.
        ConfigurationError
            The folder cannot be written.
        """
        from filelock import FileLock, Timeout

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Everybody who may use this PC may take the lock after us.
            lock = FileLock(self._folder / "instance.lock", mode=0o666, thread_local=False)
            lock.acquire(timeout=patience_s)
        except Timeout as error:
            raise self._already_running() from error
        except OSError as error:
            raise ConfigurationError(
                "The program's folder cannot be used",
                f"{self._folder} cannot be written ({error.strerror or error}). Set NEXUSLIMSGUI_HOME to a folder "
                "that this account may write to.",
            ) from error
        _held.add(self)
        self._lock = lock
        self.claim(*self._claims)
        # Only for the message to a second instance: not worth failing for.
        with contextlib.suppress(OSError):
            self._holder.unlink(missing_ok=True)  # another account may have died and left its own
            self._holder.write_text(json.dumps({"pid": os.getpid(), "gives_way": self._gives_way}), encoding="ascii")

    def claim(self, *claims: str) -> None:
        """Take more of what no other logger of this PC may have; without it, the lock is given back.

        Raises
        ------
        AlreadyRunning
            Another logger has it.
        """
        try:
            for claim in claims:
                self._give_back.append(take(claim))
        except Taken as taken:
            self.release()
            raise AlreadyRunning(None, None, elsewhere=True) from taken

    def watch(self, claim: str, folders: frozenset[PurePath]) -> None:
        """Take folders with what is above and below, as `machine_guard.take_trees`; else as `claim`."""
        try:
            self._give_back.append(take_trees(claim, folders))
        except Taken as taken:
            self.release()
            raise AlreadyRunning(None, None, elsewhere=True) from taken

    def release(self) -> None:
        """Give the lock back; nothing happens without one."""
        if self._lock is None:
            return
        while self._give_back:
            self._give_back.pop()()
        with contextlib.suppress(OSError):
            self._holder.unlink()
        self._lock.release()
        _held.discard(self)
        self._lock = None

    def _already_running(self) -> AlreadyRunning:
        try:
            told = json.loads(self._holder.read_bytes())
            pid, gives_way = int(told["pid"]), bool(told.get("gives_way"))
            since = datetime.fromtimestamp(self._holder.stat().st_mtime, UTC)
        except (OSError, ValueError, KeyError, TypeError):
            return AlreadyRunning(None, None)
        return AlreadyRunning(pid, since, gives_way=gives_way)


def holder_of(folder: Path) -> AlreadyRunning | None:
    """Say who holds the lock of `folder`, None when nobody does; makes nothing there.

    Raises
    ------
    ConfigurationError
        The lock cannot be asked.
    """
    if not (folder / "instance.lock").exists():
        return None
    lock = SingleInstance(folder)
    try:
        lock.acquire()
    except AlreadyRunning as running:
        return running
    lock.release()
    return None

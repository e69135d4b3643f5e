"""One logger a PC: whatever writes the journal holds this lock."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ConfigurationError, StopAndTell

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import BaseFileLock

#: The locks this process holds. A file lock is freed with its object, and an object that nobody keeps dies.
_held: set[BaseFileLock] = set()


class AlreadyRunning(StopAndTell):
    """Another logger of this PC holds the lock.

    Parameters
    ----------
    pid, since
        Its process, and when it took the lock (aware); None when that cannot be read.
    """

    def __init__(self, pid: int | None, since: datetime | None) -> None:
        details = [] if pid is None else [f"process {pid}"]
        if since is not None:
            details.append(f"since {since.astimezone():%Y-%m-%d %H:%M}")
        which = f" ({', '.join(details)})" if details else ""
        super().__init__(
            "NexusLIMS-Logger is already running",
            f"Another NexusLIMS-Logger runs on this PC{which}. Use its window, or end it first.",
        )
        self.pid = pid
        self.since = since


class SingleInstance:
    """The right to write the journal in `folder`; it ends with `release` or with the process, however that ends.

    Parameters
    ----------
    folder
        The program's folder; made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        _held.add(lock)
        self._lock = lock
        # Only for the message to a second instance: not worth failing for.
        with contextlib.suppress(OSError):
            self._holder.write_text(json.dumps({"pid": os.getpid()}), encoding="ascii")

    def release(self) -> None:
        """Give the lock back; nothing happens without one."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):
            self._holder.unlink()
        self._lock.release()
        _held.discard(self._lock)
        self._lock = None

    def _already_running(self) -> AlreadyRunning:
        try:
            pid = int(json.loads(self._holder.read_bytes())["pid"])
            since = datetime.fromtimestamp(self._holder.stat().st_mtime, UTC)
        except (OSError, ValueError, KeyError, TypeError):
            return AlreadyRunning(None, None)
        return AlreadyRunning(pid, since)


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

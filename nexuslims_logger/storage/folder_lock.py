"""Keeping others, threads and PCs, from changing an object of the folder store at the same moment."""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from typing import TYPE_CHECKING

from nexuslims_logger.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIMEOUT_S = 30
_POLL_INTERVAL_S = 0.01


@contextlib.contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of the object `name`, for a moment, not for sending.

    Parameters
    ----------
    folder
        Where the lock files are. There are 256 of them, so that they do not grow with the store.
    name
        Names that a disk may take for the same file (letter case, accents) share a lock.

    Raises
    ------
    StoreUnavailable
        Somebody else holds it for half a minute.
    """
    from filelock import FileLock, Timeout

    alike = unicodedata.normalize("NFC", name).casefold()
    digest = hashlib.sha256(alike.encode("utf-8")).hexdigest()
    # An object of its own for each caller, so that threads exclude each other, too.
    lock = FileLock(folder / f"{digest[:2]}.lock", timeout=_TIMEOUT_S, mode=0o666, poll_interval=_POLL_INTERVAL_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreUnavailable(
            "The store is busy",
            f"Another program keeps {name} locked ({lock.lock_file}); it is tried again later.",
        ) from error
    try:
        yield
    finally:
        lock.release()

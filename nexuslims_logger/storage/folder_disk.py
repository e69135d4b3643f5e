"""Writing files so that a crash at any moment leaves the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK})
_CANNOT_SYNC_FOLDER = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS})


def temporary_path(folder: Path) -> Path:
    """Return a path that nobody else uses, on this PC or another one."""
    return folder / uuid.uuid4().hex


def write_file(path: Path, data: bytes, *, temporary: Path) -> None:
    """Exchange the content of `path` as a whole, durably."""
    beside = temporary_path(temporary)
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:  # nothing half-written is left behind
        remove(beside)
    sync_folder(path.parent)


def place_new(temporary: Path, path: Path) -> None:
    """Give a finished file its name; raises `FileExistsError` when there is something already.

    It holds against writers that know no locks: a hard link, or Windows' rename, never replaces.
    """
    if os.name == "nt":
        temporary.rename(path)
        return
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        # FAT and some shares: the lock that the caller holds has to do.
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        temporary.rename(path)
    else:
        temporary.unlink()


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable (on Windows the file system's own journal does)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some shares cannot, and there is nothing that could be done instead.
        if error.errno not in _CANNOT_SYNC_FOLDER:
            raise
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove a temporary file; what cannot be removed now is removed when the store is opened another day."""
    with contextlib.suppress(OSError):
        path.unlink()

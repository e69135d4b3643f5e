"""The real watch folders. Nothing here writes, and nobody else is kept from writing."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileUnreadable, FileVanished, FolderMissing
from nexuslims_logger.ports import FileEntry, FileStat, FolderListing, nothing
from nexuslims_logger.storage.names import printable
from nexuslims_logger.transfer.disk_windows import is_junction, long_path, open_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A link or a device in the place of a file is no file of ours any more (ELOOP, ENXIO).
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM})
_EARLIEST_NS, _LATEST_NS = -(2**63), 2**63 - 1
_WINDOWS_IN_USE = frozenset({32, 33})  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION


class DiskFile:
    """An `OpenFile` of the real disk.

    Parameters
    ----------
    handle
        Its file descriptor, which belongs to this object from now on.
    path
        As a person should read it in an error.
    step
        Is called at each block: it goes on.
    """

    def __init__(self, handle: int, path: str, step: Callable[[], None] = nothing) -> None:
        self._handle = handle
        self._path = path
        self._step = step

    def stat(self) -> FileStat:
        """Ask through the handle."""
        try:
            return _file_stat(os.fstat(self._handle))
        except OSError as error:
            raise explained(error, self._path) from error

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; b"" at the end."""
        self._step()
        try:
            return os.read(self._handle, size)
        except OSError as error:
            raise explained(error, self._path) from error

    def seek(self, position: int) -> None:
        """Go on reading at this byte."""
        os.lseek(self._handle, position, os.SEEK_SET)

    def close(self) -> None:
        """Give the handle back."""
        os.close(self._handle)


class Disk:
    """A `FileSystem` of the real disks and shares. Without state: it may be used from every thread.

    Parameters
    ----------
    step
        Is called at each block, folder and question, on the thread that asked for it: it goes on.
    """

    def __init__(self, step: Callable[[], None] = nothing) -> None:
        self._step = step

    def volume(self, root: str) -> str:
        """Return the number of the file system that `root` stands on.

        Where there is one, it is the number that is made from the file system's own identifier: a device
        number may be another one after the next boot.
        """
        try:
            if hasattr(os, "statvfs"):
                return f"{os.statvfs(root).f_fsid:x}"
            return f"{Path(_os_path(root)).stat().st_dev:x}"
        except OSError as error:
            raise _folder_missing(error, root) from error

    def free_bytes(self, root: str) -> int:
        """Ask the file system that `root` stands on."""
        try:
            return shutil.disk_usage(_os_path(root)).free
        except OSError as error:
            raise _folder_missing(error, root) from error

    def walk(self, root: str) -> Iterator[FolderListing]:
        """List `root` and every folder below it, each before what is in it, by name."""
        volume = self.volume(root)
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            self._step()
            try:
                files, below = _read_folder(root, folder)
            except OSError as error:
                if not folder:
                    raise _folder_missing(error, root) from error
                if error.errno not in _VANISHED:
                    yield FolderListing(folder, problem=explained(error, folder))
                elif self.volume(root) != volume:
                    raise _folder_missing(error, root) from error
                continue
            yield FolderListing(folder, tuple(files), tuple(below))
            waiting.extend(f"{folder}/{name}" if folder else name for name in reversed(below))
        # A share that went away meanwhile looks as if its folders had been deleted.
        if self.volume(root) != volume:
            raise _folder_missing(None, root)

    def list(self, root: str, folder: str) -> FolderListing:
        """List one folder."""
        try:
            files, below = _read_folder(root, folder)
        except OSError as error:
            raise explained(error, folder or root) from error
        return FolderListing(folder, tuple(files), tuple(below))

    def stat(self, root: str, path: str) -> FileStat:
        """Ask by path; a link in its place counts as vanished."""
        self._step()
        try:
            found = os.lstat(_os_path(root, path))
        except OSError as error:
            raise explained(error, path) from error
        return _regular(found, path)

    def open(self, root: str, path: str) -> DiskFile:
        """Open for reading, so that others may still write, rename and delete."""
        try:
            handle = open_shared(_os_path(root, path))
        except OSError as error:
            raise explained(error, path) from error
        with ExitStack() as failed:  # nobody else knows of this handle yet
            file = DiskFile(handle, path, self._step)
            failed.callback(file.close)
            _regular(os.fstat(handle), path)
            failed.pop_all()
        return file


def explained(error: OSError, path: str) -> FileProblem:
    """Translate what the disk said about one file or folder below a watch folder."""
    shown = printable(path)
    if error.errno in _VANISHED:
        return FileVanished("A file is no longer there", f"{shown} was deleted, moved or renamed.")
    if getattr(error, "winerror", None) in _WINDOWS_IN_USE:
        reason = "it is in use by another program; close it there"
    elif error.errno in _NO_RIGHT:
        reason = "this account has no right to read it; ask the facility manager"
    else:
        reason = f"the disk says: {error.strerror or error}"
    return FileUnreadable("A file cannot be read", f"{shown}: {reason}. It is tried again.")


def _read_folder(root: str, folder: str) -> tuple[list[FileEntry], list[str]]:
    """Return a folder's regular files and the names of its sub-folders, by name; links are neither."""
    files: list[FileEntry] = []
    below: list[str] = []
    with os.scandir(_os_path(root, folder)) as entries:
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False):
                    files.append(FileEntry(entry.name, _file_stat(entry.stat(follow_symlinks=False))))
                elif entry.is_dir(follow_symlinks=False) and (
                    os.name != "nt" or not is_junction(entry.stat(follow_symlinks=False))
                ):
                    below.append(entry.name)
            except FileNotFoundError:
                continue  # deleted since the folder was opened
    files.sort(key=itemgetter(0))
    below.sort()
    return files, below


def _os_path(root: str, path: str = "") -> str:
    """Return where `path` is, for the operating system."""
    if os.name == "nt":
        # Only the root is made absolute: that would drop a dot or a space at the end of a file's name.
        root = long_path(os.path.abspath(root)).rstrip("\\")  # noqa: PTH100 - once for each file
    return f"{root}{os.sep}{path.replace('/', os.sep)}" if path else f"{root}{os.sep}"


def _file_stat(found: os.stat_result) -> FileStat:
    mtime_ns, ctime_ns = found.st_mtime_ns, found.st_ctime_ns
    # Within 64 bits of nanoseconds (the year 2262): a broken clock writes any year.
    if not (_EARLIEST_NS <= mtime_ns <= _LATEST_NS and _EARLIEST_NS <= ctime_ns <= _LATEST_NS):
        mtime_ns, ctime_ns = (max(_EARLIEST_NS, min(ns, _LATEST_NS)) for ns in (mtime_ns, ctime_ns))
    return FileStat(found.st_size, mtime_ns, ctime_ns)


def _regular(found: os.stat_result, path: str) -> FileStat:
    if not stat.S_ISREG(found.st_mode):
        raise FileVanished("A file is no longer there", f"{printable(path)} is not a regular file any more.")
    return _file_stat(found)


def _folder_missing(error: OSError | None, root: str) -> FolderMissing:
    if isinstance(error, NotADirectoryError):
        message = f"{printable(root)} is a file. Set NEXUSLIMSGUI_FILESTORE_PATH to the instrument's folder."
        return FolderMissing("A watch folder is not a folder", message)
    if error is not None and error.errno in _NO_RIGHT:
        message = (
            f"{printable(root)}: this account has no right to read it; ask the facility manager. The program waits for "
            "it and concludes nothing."
        )
        return FolderMissing("A watch folder cannot be read", message)
    cause = "" if error is None else f" ({error.strerror or error})"
    return FolderMissing(
        "A watch folder is not there",
        f"{printable(root)} cannot be looked at{cause}. Check that the disk or share is connected; nothing is "
        "concluded meanwhile.",
    )

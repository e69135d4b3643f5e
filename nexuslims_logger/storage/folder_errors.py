"""What the disk says, in a user's words."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from nexuslims_logger.errors import AccessDenied, LoggerError, NameRefused, StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path


class _Answer(NamedTuple):
    error: type[LoggerError]
    title: str
    message: str


_FULL = _Answer(
    StoreUnavailable,
    "The store is full",
    "There is no room left in {folder}. Free some space there; the files wait on this PC meanwhile.",
)
_PROTECTED = _Answer(
    StoreUnavailable,
    "The store is write-protected",
    "{folder} can only be read at present. Ask the facility manager; the files wait on this PC meanwhile.",
)
_IN_USE = _Answer(
    StoreUnavailable,
    "A file of the store is in use",
    "Another program has {name} open in {folder}. Close it there; the file is sent again later.",
)
_NO_RIGHT = _Answer(
    AccessDenied,
    "No right to use the store",
    "This account may not read or write {name} in {folder}. Ask whoever looks after this folder.",
)
_IN_THE_WAY = _Answer(
    NameRefused,
    "A file cannot be stored under its name",
    "{name}: in {folder} a folder stands where this file should go, or a file where its folder should be.",
)
_NO_SUCH_NAME = _Answer(
    NameRefused,
    "A file cannot be stored under its name",
    "{name}: the disk of {folder} cannot write this name down, or it is too long for it.",
)
_AWAY = _Answer(
    StoreUnavailable,
    "The store cannot be reached",
    "{folder} does not answer ({cause}). Check that the folder or share is there; the files wait on this PC meanwhile.",
)

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _PROTECTED,
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EISDIR: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENAMETOOLONG: _NO_SUCH_NAME,
    errno.EILSEQ: _NO_SUCH_NAME,
    errno.EINVAL: _NO_SUCH_NAME,
}

_WINDOWS_IN_USE = frozenset({32, 33})  # ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION
_WINDOWS_DENIED = 5  # what replacing an open file answers


def explained(error: OSError, folder: Path, name: str | None) -> LoggerError:
    """Translate what the disk said about the object `name` (None: many) of the store in `folder`."""
    windows = getattr(error, "winerror", None)
    answer = _BY_ERRNO.get(error.errno or 0, _AWAY)
    # Only renaming and replacing name two files.
    if windows in _WINDOWS_IN_USE or (windows == _WINDOWS_DENIED and error.filename2 is not None):
        answer = _IN_USE
    message = answer.message.format(folder=folder, name=name or "files", cause=error.strerror or error)
    return answer.error(answer.title, message)

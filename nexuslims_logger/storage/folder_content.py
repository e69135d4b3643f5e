"""The contents of the folder store: bytes arriving, and what a file on the disk holds."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from nexuslims_logger.errors import ChecksumMismatch, PreconditionFailed
from nexuslims_logger.ports import nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.storage.contract import UploadWatch

_BUFFER = 1 << 20
_ATTEMPTS = 3
#: What is written goes to the disk at least so often: to a slow share, all of it at the end would take minutes.
_SYNC_BYTES = 256 << 20


class Readable(Protocol):
    """Bytes, from wherever."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; b"" at the end."""


@dataclass(frozen=True)
class Identity:
    """How a file looks without being read. Renaming changes it, too (the change time)."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Identity:
        """Take from an answer of the disk what tells one content from another."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True)
class Hashed:
    """What a file's content was while it looked like `identity`."""

    identity: Identity
    md5: str


def receive(  # noqa: PLR0913 - what was announced, and where it goes
    content: Readable,
    temporary: Path,
    size: int,
    md5: str,
    *,
    mtime_ns: int,
    watch: UploadWatch | None,
    step: Callable[[], None] = nothing,
) -> Identity:
    """Write down the bytes that were announced, and their time; raises `ChecksumMismatch` for others.

    `step` is called at each block.
    """
    digest, arrived = hashlib.md5(usedforsecurity=False), 0
    by_handle = os.utime in os.supports_fd
    with temporary.open("xb") as file:
        while block := content.read(_BUFFER):
            arrived += len(block)
            if arrived > size:
                break
            digest.update(block)
            file.write(block)
            step()
            if arrived // _SYNC_BYTES > (arrived - len(block)) // _SYNC_BYTES:
                file.flush()
                os.fsync(file.fileno())
            if watch is not None:
                watch.sent(arrived)
        if arrived != size or digest.hexdigest() != md5:
            raise ChecksumMismatch(
                "The content is not what was announced",
                "The file changed while it was sent, or was damaged on its way; it is sent again.",
            )
        file.flush()
        if by_handle:
            os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
        os.fsync(file.fileno())
    if not by_handle:
        # Windows sets the time anew when the handle is closed.
        os.utime(temporary, ns=(mtime_ns, mtime_ns))
    return Identity.of(os.lstat(temporary))


def identity_at(path: Path) -> Identity | None:
    """Look at a file without reading it; None where no regular file is."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Identity.of(found) if stat.S_ISREG(found.st_mode) else None


def hash_content(path: Path, name: str, step: Callable[[], None] = nothing) -> Hashed | None:
    """Read a file that holds still meanwhile; None when it is gone. `step` is called at each block."""
    for _ in range(_ATTEMPTS):
        try:
            with path.open("rb") as file:
                before = Identity.of(os.fstat(file.fileno()))
                digest = hashlib.md5(usedforsecurity=False)
                while block := file.read(_BUFFER):
                    digest.update(block)
                    step()
                if Identity.of(os.fstat(file.fileno())) == before:
                    return Hashed(before, digest.hexdigest())
        except FileNotFoundError:
            return None
    raise PreconditionFailed(
        "An object is being changed",
        f"Another program is writing {name} in the store; it is tried again later.",
    )

"""Send one file: a leaf, run by the pool. No journal, no shared state but its own `Control`.

The order is the promise: open, look, hash, put with that MD5, look again through the handle and by the path. A
file that was not the same all the time raises `FileChanged`, and nothing is recorded of it.
"""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileChanged, FileProblem, FileVanished, PreconditionFailed, TryLater
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from nexuslims_logger.storage.names import second_name, version_name

if TYPE_CHECKING:
    from nexuslims_logger.ports import FileStat, FileSystem, OpenFile
    from nexuslims_logger.storage.contract import ObjectStore

BUFFER = 1 << 20
#: How often the object of a name may turn out to be another one than a moment ago.
_ATTEMPTS = 4


@dataclass
class Control:
    """Between the transfer thread and one leaf: written by one side each, read by the other."""

    cancelled: bool = False
    bytes_sent: int = 0


@dataclass(frozen=True)
class FileToSend:
    """A settled file, and where it goes.

    Attributes
    ----------
    stat
        The file as it was seen; it must still be so.
    object_name, expected_generation
        Where it goes, and the generation of our own earlier content there, None when there is none.
    """

    root: str
    path: str
    stat: FileStat
    object_name: str
    expected_generation: int | None
    origin: Origin


@dataclass(frozen=True)
class Sent:
    """The store has this content."""

    stat: FileStat
    object: StoredObject


class _Cancelled(TryLater):
    """The program is being closed."""


class _Reader:
    """A file as the store's content: counts, and stops when it is told to."""

    def __init__(self, handle: OpenFile, control: Control) -> None:
        self._handle = handle
        self._control = control
        self.counting = False

    def read(self, size: int) -> bytes:
        if self._control.cancelled:
            raise _Cancelled("Stopped", "The transfer was stopped; the file is sent again next time.")
        block = self._handle.read(size)
        if self.counting:
            self._control.bytes_sent += len(block)
        return block

    def seek(self, position: int) -> None:
        self._handle.seek(position)
        self._control.bytes_sent = position


def send_one(file_system: FileSystem, store: ObjectStore, file: FileToSend, control: Control) -> Sent:
    """Bring one file into the store, or find it there already.

    Raises
    ------
    FileProblem
        This file cannot be sent now: changed, vanished, unreadable, its name refused.
    TryLater, AccessDenied
        The store cannot take anything now.
    """
    with closing(file_system.open(file.root, file.path)) as handle:
        _must_be(file, handle.stat())
        reader = _Reader(handle, control)
        md5 = _md5(reader)
        _must_be(file, handle.stat())
        reader.counting = True
        stored = _put(store, file, reader, md5)
        _must_be(file, handle.stat())
    with suppress(FileVanished):  # deleted after the last byte was read: what the store has is whole
        _must_be(file, file_system.stat(file.root, file.path))
    return Sent(file.stat, stored)


def _must_be(file: FileToSend, now: FileStat) -> None:
    if now != file.stat:
        raise FileChanged("Still being written", f"{file.path} changed while it was read; it is sent again.")


def _md5(reader: _Reader) -> str:
    reader.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while block := reader.read(BUFFER):
        digest.update(block)
    return digest.hexdigest()


def _put(store: ObjectStore, file: FileToSend, reader: _Reader, md5: str) -> StoredObject:
    """Store the content under its name, and keep whatever another writer has there (section 6.4)."""
    name = file.object_name
    second_names = iter(
        (
            second_name(name, file.origin.computer_name, None),
            second_name(name, file.origin.computer_name, file.origin.session_identifier),
        )
    )
    # Before an earlier content is replaced its owner is asked for: equal content may be another session's too.
    present = store.stat(name) if file.expected_generation is not None else None
    for _ in range(_ATTEMPTS + 2):
        generation = ABSENT
        if present is not None:
            # Another computer may replace what it brought: equal or not, nothing of ours may rest on that.
            foreign = present.origin is not None and present.origin.computer_name != file.origin.computer_name
            if present.md5 == md5 and not foreign:
                return _with_time(store, present, file)
            if foreign or present.origin is None:
                following = next(second_names, None)
                if following is None:
                    break
                name = following
            else:
                if present.origin.session_identifier != file.origin.session_identifier:
                    store.copy(name, version_name(name, present.generation), if_generation=present.generation)
                generation = present.generation
        reader.seek(0)
        try:
            return store.put(
                name,
                reader,
                size=file.stat.size,
                md5=md5,
                mtime_ns=file.stat.mtime_ns,
                origin=file.origin,
                if_generation=generation,
            )
        except PreconditionFailed:
            present = store.stat(name)
    raise FileProblem(
        "The name is taken in the store",
        f"{file.object_name} is being changed there by somebody else; it is tried again.",
    )


def _with_time(store: ObjectStore, present: StoredObject, file: FileToSend) -> StoredObject:
    """Let the time follow where only the time is another one; the origin stays who brought the content."""
    if present.mtime_ns == file.stat.mtime_ns:
        return present
    return store.set_metadata(
        present.name, mtime_ns=file.stat.mtime_ns, origin=present.origin, if_generation=present.generation
    )

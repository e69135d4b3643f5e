"""Send one file: a leaf, run by the pool. No journal, no shared state but its own `Control`.

The order is the promise: open, look, hash, put with that MD5, look again through the handle and by the path. A
file that was not the same all the time raises `FileChanged`, and nothing is recorded of it.
"""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

from nexuslims_logger.errors import (
    ChecksumMismatch,
    FileChanged,
    FileProblem,
    FileVanished,
    PreconditionFailed,
    ReplacingDenied,
    TryLater,
)
from nexuslims_logger.journal.uploads import Upload
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from nexuslims_logger.storage.names import second_name, version_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.journal.seen import FileKey
    from nexuslims_logger.ports import FileStat, FileSystem, Inbox, OpenFile
    from nexuslims_logger.storage.contract import ObjectStore

BUFFER = 1 << 20
#: From this size on the store is asked first: to send so much in vain costs more than a question.
ASK_FROM_BYTES = 1 << 20
#: How often the object of a name may turn out to be another one than a moment ago, over all names.
_ATTEMPTS = 10


@dataclass
class Control:
    """Between the transfer thread and one leaf: written by one side each, read by the other.

    Attributes
    ----------
    bytes_read, bytes_sent
        How far the file was read for its MD5, and how much of it the store has.
    bytes_before
        How much of it the store had before this try.
    """

    cancelled: bool = False
    bytes_read: int = 0
    bytes_sent: int = 0
    bytes_before: int = 0


@dataclass(frozen=True)
class FileToSend:
    """A settled file, and where it goes.

    Attributes
    ----------
    stat
        The file as it was seen; it must still be so.
    object_name, expected_generation
        Where it goes, and the generation of our own earlier content there, None when there is none.
    plain_name
        Its name by the rules, from which second names are made.
    ask_first
        The store may have it already, though nobody here remembers: it is asked before anything is sent.
    resume
        An earlier try that was interrupted.
    """

    key: FileKey
    stat: FileStat
    object_name: str
    expected_generation: int | None
    plain_name: str
    origin: Origin
    ask_first: bool = False
    resume: Upload | None = None


@dataclass(frozen=True)
class Sent:
    """The store has this content.

    Attributes
    ----------
    overwritten
        Our earlier content at `FileToSend.object_name` is not there any more: somebody else has written there.
    """

    stat: FileStat
    object: StoredObject
    overwritten: bool = False


@dataclass(frozen=True)
class UploadBegan:
    """From a leaf to the transfer: this upload can be taken up again, once it is written down."""

    upload: Upload


class _Cancelled(TryLater):
    """The program is being closed."""


class _Reader:
    """A file as the store's content, which ends when it is told to."""

    def __init__(self, handle: OpenFile, control: Control) -> None:
        self._handle = handle
        self._control = control

    def read(self, size: int) -> bytes:
        if self._control.cancelled:
            raise _Cancelled("Stopped", "The transfer was stopped; the file is sent again next time.")
        return self._handle.read(size)

    def seek(self, position: int) -> None:
        self._handle.seek(position)


class _Watch:
    """Hears how one try goes, and passes it on."""

    def __init__(self, upload: Upload, control: Control, told: Inbox[UploadBegan], *, resumed: bool) -> None:
        self._upload = upload
        self._control = control
        self._told = told
        self._resumed = resumed

    def began(self, address: str) -> None:
        self._resumed = False
        self._told.put(UploadBegan(replace(self._upload, address=address)))

    def sent(self, size_bytes: int) -> None:
        if self._resumed:
            self._resumed = False
            self._control.bytes_before = size_bytes
        self._control.bytes_sent = size_bytes


def send_one(
    file_system: FileSystem, store: ObjectStore, file: FileToSend, control: Control, told: Inbox[UploadBegan]
) -> Sent:
    """Bring one file into the store, or find it there already.

    Parameters
    ----------
    told
        Hears where the upload can be taken up again.

    Raises
    ------
    FileProblem
        This file cannot be sent now: changed, vanished, unreadable, its name refused.
    TryLater, AccessDenied
        The store cannot take anything now.
    """
    key = file.key
    with closing(file_system.open(key.root, key.path)) as handle:
        _must_be(file, handle.stat())
        reader = _Reader(handle, control)
        md5 = _md5(reader, control)
        _must_be(file, handle.stat())
        stored, overwritten = _put(store, file, reader, md5, control, told)
        _must_hold(stored, md5)
        _must_be(file, handle.stat())
    with suppress(FileVanished):  # deleted after the last byte was read: what the store has is whole
        _must_be(file, file_system.stat(key.root, key.path))
    return Sent(file.stat, stored, overwritten)


def _must_be(file: FileToSend, now: FileStat) -> None:
    if now != file.stat:
        raise FileChanged("Still being written", f"{file.key.path} changed while it was read; it is sent again.")


def _must_hold(stored: StoredObject, md5: str) -> None:
    # A store that goes on with an upload answers for what was begun, perhaps in another run of the program.
    if stored.md5 != md5:
        raise ChecksumMismatch("The store has other content", f"{stored.name} is not what was sent; it is sent again.")


def _md5(reader: _Reader, control: Control) -> str:
    reader.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while block := reader.read(BUFFER):
        digest.update(block)
        control.bytes_read += len(block)
    return digest.hexdigest()


def _put(  # noqa: PLR0913 - what is sent, from where, to where, and who hears of it
    store: ObjectStore, file: FileToSend, reader: _Reader, md5: str, control: Control, told: Inbox[UploadBegan]
) -> tuple[StoredObject, bool]:
    """Store the content under its name, and keep whatever another writer has there (section 6.4)."""
    # Before an earlier content is replaced its owner is asked for: equal content may be another session's too.
    asking = file.ask_first or file.expected_generation is not None or file.stat.size >= ASK_FROM_BYTES
    name, others, overwritten = file.object_name, _other_names(file, md5), False
    present = store.stat(name) if asking else None
    for _ in range(_ATTEMPTS):
        taken = False
        if present is not None:
            # Another computer may replace what it brought: equal or not, nothing of ours may rest on that.
            foreign = present.origin is not None and present.origin.computer_name != file.origin.computer_name
            if present.md5 == md5 and not foreign:
                return _with_time(store, present, file), overwritten
            taken = foreign or present.origin is None
            overwritten |= (
                taken
                and name == file.object_name
                and file.expected_generation
                not in {
                    None,
                    present.generation,
                }
            )
        if not taken:
            try:
                return _put_at(store, file, reader, md5, name, present, control, told), overwritten
            except PreconditionFailed:
                present = store.stat(name)
                continue
            except ReplacingDenied:
                pass  # what stands there stays
        following = next((other for other in others if other != name), None)
        if following is None:
            break
        name, present = following, store.stat(following) if asking else None
    raise FileProblem(
        "The name is taken in the store",
        f"{file.object_name} is being changed there by somebody else; it is tried again.",
    )


def _other_names(file: FileToSend, md5: str) -> Iterator[str]:
    """Yield the names for content whose own name is taken; the last one belongs to this content alone."""
    for what in (None, file.origin.session_identifier, md5):
        yield second_name(file.plain_name, file.origin.computer_name, what)


def _put_at(  # noqa: PLR0913 - as `_put`
    store: ObjectStore,
    file: FileToSend,
    reader: _Reader,
    md5: str,
    name: str,
    present: StoredObject | None,
    control: Control,
    told: Inbox[UploadBegan],
) -> StoredObject:
    """Put the content at `name`, in place of `present`; another session's is copied aside before."""
    generation = ABSENT
    if present is not None:
        generation = present.generation
        if present.origin is not None and present.origin.session_identifier != file.origin.session_identifier:
            store.copy(name, version_name(name, generation), if_generation=generation)
    session, size, mtime_ns = file.origin.session_identifier, file.stat.size, file.stat.mtime_ns
    upload = Upload(session, file.key, size, mtime_ns, md5, name, generation, address="")
    resume = file.resume.address if _goes_on(file.resume, upload) else None
    reader.seek(0)
    return store.put(
        name,
        reader,
        size=size,
        md5=md5,
        mtime_ns=mtime_ns,
        origin=file.origin,
        if_generation=generation,
        resume=resume,
        watch=_Watch(upload, control, told, resumed=resume is not None),
    )


def _goes_on(earlier: Upload | None, upload: Upload) -> TypeGuard[Upload]:
    """Whether an upload that was begun is for the very same content, name and generation."""
    return earlier is not None and replace(earlier, address="") == upload


def _with_time(store: ObjectStore, present: StoredObject, file: FileToSend) -> StoredObject:
    """Let the time follow where only the time is another one; the origin stays who brought the content."""
    if present.mtime_ns == file.stat.mtime_ns:
        return present
    return store.set_metadata(
        present.name, mtime_ns=file.stat.mtime_ns, origin=present.origin, if_generation=present.generation
    )

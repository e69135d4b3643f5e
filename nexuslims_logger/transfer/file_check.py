"""Compare files with their rows in the manifest, in the store and on this PC: a leaf, for whoever asks.

`nexuslims-logger verify` and the window's list of files both ask here, so that "safe to delete here" means the
same in both.
"""

from __future__ import annotations

import enum
import hashlib
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished, FolderMissing
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.transfer.verify import find_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.records import ManifestRow
    from nexuslims_logger.journal.seen import FileKey
    from nexuslims_logger.ports import FileStat, FileSystem
    from nexuslims_logger.storage.contract import ObjectStore

_BUFFER = 1 << 20
#: As coarsely as any file system counts time (FAT).
_SAME_TIME = timedelta(seconds=2)


class InStore(enum.StrEnum):
    """What the store itself has of an uploaded file."""

    #: Its content, under its name.
    AS_RECORDED = "AS_RECORDED"
    #: Its content, where a later session has moved it.
    MOVED = "MOVED"
    #: Other content stands at its name, and its own is nowhere.
    DIFFERENT = "DIFFERENT"
    ABSENT = "ABSENT"
    #: It was brought to another store than the one that was asked.
    ELSEWHERE = "ELSEWHERE"
    #: The manifest does not say that it is there.
    NOT_UPLOADED = "NOT_UPLOADED"


class OnThisPc(enum.StrEnum):
    """What this PC has of a file."""

    EQUAL = "EQUAL"
    #: It has been written since.
    CHANGED = "CHANGED"
    #: Size and time are as they were, and the content is not.
    DAMAGED = "DAMAGED"
    GONE = "GONE"
    UNREADABLE = "UNREADABLE"
    #: Another PC's, or so old that this one has forgotten where it was.
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class FileToCheck:
    """A file by its row; `key` and `stat` say where it was on this PC and how it looked when it was sent."""

    row: ManifestRow
    key: FileKey | None = None
    stat: FileStat | None = None


@dataclass(frozen=True)
class CheckedFile:
    """What was found of a file.

    Attributes
    ----------
    place
        The object's present name, None where the store does not have the content.
    remark
        What else is odd, in a user's words; empty when nothing is.
    """

    row: ManifestRow
    in_store: InStore
    on_this_pc: OnThisPc
    place: str | None = None
    remark: str = ""

    @property
    def safe_to_delete(self) -> bool:
        """Whether the file on this PC may go: the store has just this content."""
        return self.place is not None and self.on_this_pc is OnThisPc.EQUAL


def check_files(store: ObjectStore, file_system: FileSystem, files: Sequence[FileToCheck]) -> tuple[CheckedFile, ...]:
    """Compare the files, one after the other; reads those that are still on this PC.

    Raises
    ------
    TryLater, AccessDenied
        The store cannot be asked.
    """
    return tuple(_checked(store, file_system, file) for file in files)


def _checked(store: ObjectStore, file_system: FileSystem, file: FileToCheck) -> CheckedFile:
    row = file.row
    if row.state is not ResultState.UPLOADED:
        return CheckedFile(row, InStore.NOT_UPLOADED, OnThisPc.UNKNOWN)
    in_store, place, remark = _in_store(store, row)
    return CheckedFile(row, in_store, _on_this_pc(file_system, file), place, remark)


def _in_store(store: ObjectStore, row: ManifestRow) -> tuple[InStore, str | None, str]:
    """Return what the store has, under which name, and what is odd about it."""
    try:
        present = store.stat(row.object_name)
        # None stands for an MD5 that nobody knows: it equals nothing.
        if present is not None and row.md5 is not None and present.md5 == row.md5:
            again = present.generation != row.generation
            return InStore.AS_RECORDED, row.object_name, _oddities(again, present.mtime_ns, row)
        place = find_content(store, row.object_name, row.generation, row.md5)
    except FileProblem as problem:
        return (InStore.ABSENT if row.bucket == store.url else InStore.ELSEWHERE), None, problem.message
    if place is not None:
        return InStore.MOVED, place, ""
    if row.bucket != store.url:
        # A share has another address on each PC: what is found counts, what is not says nothing.
        return InStore.ELSEWHERE, None, ""
    if present is None:
        return InStore.ABSENT, None, ""
    brought = f"brought by {present.origin.computer_name}" if present.origin else "of an unknown writer"
    return InStore.DIFFERENT, None, f"{present.size} bytes, MD5 {present.md5 or 'unknown'}, {brought}"


def _oddities(written_again: bool, mtime_ns: int | None, row: ManifestRow) -> str:
    remarks = ["was written again since, with equal content"] if written_again else []
    if row.modified_at is not None and (mtime_ns is None or abs(time_of(mtime_ns) - row.modified_at) > _SAME_TIME):
        has = "no time" if mtime_ns is None else f"the time {_shown(mtime_ns)}"
        remarks.append(f"has {has} in the store, and {row.modified_at.isoformat()} in the manifest")
    return "; ".join(remarks)


def _shown(mtime_ns: int) -> str:
    return time_of(mtime_ns).isoformat()


def _on_this_pc(file_system: FileSystem, file: FileToCheck) -> OnThisPc:
    if file.key is None or file.stat is None:
        return OnThisPc.UNKNOWN
    try:
        with closing(file_system.open(file.key.root, file.key.path)) as handle:
            before = handle.stat()
            if before.size != file.row.size_bytes:
                return OnThisPc.CHANGED
            digest = hashlib.md5(usedforsecurity=False)
            while block := handle.read(_BUFFER):
                digest.update(block)
            if digest.hexdigest() == file.row.md5:
                return OnThisPc.EQUAL
            untouched = before == handle.stat() == file.stat
            return OnThisPc.DAMAGED if untouched else OnThisPc.CHANGED
    except (FileVanished, FolderMissing):
        return OnThisPc.GONE
    except FileProblem:
        return OnThisPc.UNREADABLE

"""What the folder store remembers of each object: a small JSON file for each, in the store's own folder.

A record never decides what the content is: it is believed only while the file looks exactly as it did
when its MD5 was known, and otherwise the content is read and its MD5 decides.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from nexuslims_logger.storage.contract import Origin, StoredObject
from nexuslims_logger.storage.folder_content import Identity
from nexuslims_logger.storage.folder_disk import make_folder, write_file

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.storage.folder_content import Hashed

#: A file that changed this recently may change again without looking different (FAT counts in two seconds).
_RECENT_NS = 2 * 10**9


@dataclass(frozen=True)
class Entry:
    """One content that an object has, or may have after an interruption.

    Attributes
    ----------
    identity
        How the file looks while it certainly has this content; None when that is not known.
    """

    md5: str
    size: int
    generation: int
    mtime_ns: int
    origin: Origin | None
    identity: Identity | None = None

    def stored_at(self, name: str) -> StoredObject:
        """Return what the contract shows of this entry."""
        return StoredObject(name, self.size, self.md5, self.generation, self.mtime_ns, self.origin)


class Records:
    """The entries of every object: usually one, two while a content is being exchanged (the newer one last).

    Parameters
    ----------
    folder
        Where the records are.
    temporary
        A folder on the same disk, for files under way.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._folder = folder
        self._temporary = temporary

    def read(self, name: str) -> tuple[Entry, ...]:
        """Return the object's entries, none where nothing readable is recorded."""
        try:
            record = json.loads(self._path(name).read_bytes())
            return tuple(_entry(value) for value in record["entries"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            # A damaged record costs the origin; the content still tells its MD5.
            return ()

    def write(self, name: str, entries: tuple[Entry, ...]) -> None:
        """Exchange the object's record, durably. The caller holds the object's lock."""
        record = {"name": name, "entries": [asdict(entry) for entry in entries]}
        path = self._path(name)
        make_folder(path.parent)
        write_file(path, json.dumps(record).encode("ascii"), temporary=self._temporary)

    def _path(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode("utf-8")).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"


def recognise(hashed: Hashed, entries: tuple[Entry, ...], now_ns: int) -> Entry:
    """Tell by its MD5 to which entry a content belongs; to none: a new one, of an unknown writer."""
    looks = hashed.identity
    recent = now_ns - looks.ctime_ns < _RECENT_NS or abs(now_ns - looks.mtime_ns) < _RECENT_NS
    identity = None if recent else looks
    for entry in reversed(entries):
        if entry.md5 != hashed.md5:
            continue
        before = entry.mtime_ns if entry.identity is None else entry.identity.mtime_ns
        # Some disks round the time they are given; anything more was somebody's doing.
        rounding = _RECENT_NS if entry.identity is None and entry.origin is not None else 0
        kept = abs(looks.mtime_ns - before) <= rounding
        return replace(entry, mtime_ns=entry.mtime_ns if kept else looks.mtime_ns, identity=identity)
    generation = next_generation(entries, now_ns)
    return Entry(hashed.md5, looks.size, generation, looks.mtime_ns, None, identity)


def next_generation(entries: tuple[Entry, ...], now_ns: int) -> int:
    """Return a number that no content of this object has had."""
    return max([now_ns, *(entry.generation + 1 for entry in entries)])


def _entry(value: dict[str, Any]) -> Entry:
    origin, identity = value.pop("origin"), value.pop("identity")
    return Entry(
        **value,
        origin=None if origin is None else Origin(**origin),
        identity=None if identity is None else Identity(**identity),
    )

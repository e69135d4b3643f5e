"""The folder store: objects are plain files at their own paths, with the promises of a bucket."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ChecksumMismatch, NameRefused, PreconditionFailed
from nexuslims_logger.ports import nothing
from nexuslims_logger.storage.contract import ABSENT, Content, Origin, StoredObject, UploadWatch
from nexuslims_logger.storage.folder_content import Hashed, Readable, hash_content, identity_at, receive
from nexuslims_logger.storage.folder_disk import make_folder, place_new, remove, sync_folder, temporary_path
from nexuslims_logger.storage.folder_errors import explained
from nexuslims_logger.storage.folder_lock import locked
from nexuslims_logger.storage.folder_place import StorePlace
from nexuslims_logger.storage.folder_records import Entry, Records, next_generation, recognise
from nexuslims_logger.storage.names import check_name
from nexuslims_logger.storage.windows_names import check_windows_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.ports import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FolderStore:
    """An `ObjectStore` in a folder of a disk or a network share; several PCs may write to it.

    Parameters
    ----------
    folder
        Where the objects are; nothing is touched before the first call.
    clock
        For generations, which are made from the time.
    create
        Make the folder a store when it is none yet. Without it, a folder that is not a store (an unmounted
        share looks like that) raises `StoreUnavailable`.
    step
        Is called at each block and each object, on the thread that asked for it: it goes on, however slowly.
    """

    def __init__(self, folder: Path, clock: Clock, *, create: bool = True, step: Callable[[], None] = nothing) -> None:
        self._place = StorePlace(folder, create=create)
        self._folder = self._place.folder
        self._records = Records(self._place.own / "objects", self._place.temporary)
        self._clock = clock
        self._step = step

    @property
    def url(self) -> str:
        """The folder's ``file:`` URL."""
        return self._place.shown.as_uri()

    @property
    def is_cloud(self) -> bool:
        """False: a folder is no cloud."""
        return False

    def stat(self, name: str) -> StoredObject | None:
        """As `ObjectStore.stat`; reads the content when the file is not as this store left it."""
        with self._at(name):
            entry = self._look(name)
            return None if entry is None else entry.stored_at(name)

    def put(  # noqa: PLR0913 - see ObjectStore
        self,
        name: str,
        content: Content,
        *,
        size: int,
        md5: str,
        mtime_ns: int,
        origin: Origin,
        if_generation: int,
        resume: str | None = None,  # noqa: ARG002 - a disk is fast enough to begin anew
        watch: UploadWatch | None = None,
    ) -> StoredObject:
        """As `ObjectStore.put`; nothing is resumed."""
        with self._at(name):
            # Before anything is read, as a bucket would.
            _expect(self._look(name), name, if_generation)
            new = Entry(md5, size, ABSENT, mtime_ns, origin)
            return self._store(name, content, new, if_generation, watch).stored_at(name)

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        """As `ObjectStore.copy`. Never a hard link: who writes into one would write into both."""
        with self._at(name), self._at(to):
            source = _expect(self._look(name), name, if_generation)
            there = self._look(to)
            if source is not None and there is None:
                try:
                    with self._path(name).open("rb") as content:
                        there = self._store(to, content, replace(source, identity=None), ABSENT)
                except PreconditionFailed:
                    there = self._look(to)
                except ChecksumMismatch as error:
                    raise _changed(name) from error
            if source is None or there is None or there.md5 != source.md5:
                raise _changed(name if source is None else to)
            return there.stored_at(to)

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        """As `ObjectStore.set_metadata`."""
        with self._at(name), locked(self._place.locks, name):
            entry = _expect(self._resolve(name, None), name, if_generation)
            if entry is None:
                raise _changed(name)
            changed = replace(entry, mtime_ns=mtime_ns, origin=origin)
            if mtime_ns != entry.mtime_ns:
                path = self._path(name)
                os.utime(path, ns=(mtime_ns, mtime_ns))
                # Somebody may have written in between, and the new time would hide it: it is read again.
                changed = replace(changed, identity=None)
            if changed != entry:
                self._records.write(name, (changed,))
            return changed.stored_at(name)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """As `ObjectStore.list`; what other hands put there under impossible names is left out."""
        with self._at(None):
            for name in self._names(prefix):
                entry = self._look(name)
                if entry is not None:
                    yield entry.stored_at(name)

    def _names(self, prefix: str) -> Iterator[str]:
        waiting = [""]
        while waiting:
            path = waiting.pop()
            if path and not path.endswith("/"):
                yield path
                continue
            found: list[str] = []
            with contextlib.suppress(FileNotFoundError), os.scandir(self._folder / path) as entries:
                for entry in entries:
                    name = path + entry.name
                    with contextlib.suppress(NameRefused):
                        self._check(name)
                        if entry.is_dir(follow_symlinks=False):
                            if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                                found.append(f"{name}/")
                        elif entry.is_file(follow_symlinks=False) and name.startswith(prefix):
                            found.append(name)
            # The slash takes part in the order, so that folders stand where their objects belong.
            waiting.extend(sorted(found, reverse=True))

    def _look(self, name: str) -> Entry | None:
        """Return the object's present entry; takes the lock only when the content has to decide."""
        self._step()
        path = self._path(name)
        found = identity_at(path)
        if found is None:
            self._place.check_present()
            return None
        # Windows lets nobody exchange a record that somebody reads.
        with locked(self._place.locks, name) if os.name == "nt" else contextlib.nullcontext():
            entries = self._records.read(name)
        for entry in entries:
            if entry.identity == found:
                return entry
        # It may take long, so it is done before the lock is taken.
        hashed = hash_content(path, name, self._step)
        with locked(self._place.locks, name):
            return self._resolve(name, hashed)

    def _resolve(self, name: str, hashed: Hashed | None) -> Entry | None:
        """Return the object's present entry; record what the content decided. The caller holds the lock."""
        path = self._path(name)
        found = identity_at(path)
        entries = self._records.read(name)
        if found is None:
            return None
        for entry in entries:
            if entry.identity == found:
                return entry
        if hashed is None or hashed.identity != found:
            hashed = hash_content(path, name, self._step)
        if hashed is None:
            return None
        present = recognise(hashed, entries, self._now_ns())
        if entries != (present,):
            self._records.write(name, (present,))
        return present

    def _store(
        self, name: str, content: Readable, new: Entry, if_generation: int, watch: UploadWatch | None = None
    ) -> Entry:
        """Write `content` beside, then exchange it for the object of that generation."""
        path, temporary = self._path(name), temporary_path(self._place.temporary)
        try:
            arrived = receive(
                content, temporary, new.size, new.md5, mtime_ns=new.mtime_ns, watch=watch, step=self._step
            )
            make_folder(path.parent)
            with locked(self._place.locks, name):
                present = _expect(self._resolve(name, None), name, if_generation)
                new = replace(new, generation=next_generation(self._records.read(name), self._now_ns()))
                # Both are recorded before the exchange: after a crash, the content tells which one it is.
                self._records.write(name, (new,) if present is None else (present, new))
                if present is None:
                    self._place_new(temporary, path, name)
                else:
                    temporary.replace(path)
                sync_folder(path.parent)
                looks = identity_at(path)
                # The change time is new; the rest differs only when somebody has already written into it.
                if looks is not None and replace(looks, ctime_ns=arrived.ctime_ns) == arrived:
                    new = replace(new, identity=looks)
                self._records.write(name, (new,))
                return new
        finally:
            remove(temporary)

    def _place_new(self, temporary: Path, path: Path, name: str) -> None:
        try:
            place_new(temporary, path)
        except FileExistsError as error:
            if identity_at(path) is None:
                raise
            raise _changed(name) from error

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _check(self, name: str) -> None:
        check_name(name)
        if os.name == "nt":
            check_windows_name(name)

    @contextlib.contextmanager
    def _at(self, name: str | None) -> Iterator[None]:
        """Check the name, open the store, and translate what the disk says meanwhile."""
        if name is not None:
            self._check(name)
        try:
            self._place.open(self._now_ns())
            yield
        except OSError as error:
            raise explained(error, self._place.shown, name) from error

    def _now_ns(self) -> int:
        return (self._clock.now() - _EPOCH) // timedelta(microseconds=1) * 1000


def _expect(present: Entry | None, name: str, if_generation: int) -> Entry | None:
    if (ABSENT if present is None else present.generation) != if_generation:
        raise _changed(name)
    return present


def _changed(name: str) -> PreconditionFailed:
    return PreconditionFailed(
        "The store has something else",
        f"{name} is not in the store as it was expected; it is compared and tried again.",
    )

"""The store, used as the transfer will use it: one small object of doctor's own, written, read back, defended."""

from __future__ import annotations

import hashlib
import io
import os
import platform
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.admin.doctor.clock import REMEDY as SET_THE_CLOCK
from nexuslims_logger.admin.doctor.clock import TOLERANCE
from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, Outcome, fail, good, warn
from nexuslims_logger.admin.doctor.folders import (
    SHARE,
    check_space,
    check_store,
    is_store,
    is_used,
    journal_instrument,
)
from nexuslims_logger.errors import ChecksumMismatch, PreconditionFailed, ReplacingDenied
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.storage.contract import ABSENT, Origin
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.storage.folder_disk import remove, temporary_path
from nexuslims_logger.storage.names import DOCTOR_FOLDER, OWN_FOLDER, object_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import Instrument
    from nexuslims_logger.ports import Clock
    from nexuslims_logger.storage.contract import ObjectStore, StoredObject

_SLOW = "The network to the store is very slow, or something on the way swallows what is sent."
_NOT_A_STORE = "Report this: the files on it are not safe from being overwritten. Use another store meanwhile."
#: The turn of the millennium: the record builder must never take the object for a session's file.
_TIME_NS = 946_684_800 * 10**9
_LOOK = "Look at the disk and the network behind the store, and run doctor again."


@dataclass
class StoreSteps:
    """The looks at one store; each stands on those before it.

    Attributes
    ----------
    read
        Reads an object's bytes back.
    server_time
        Asks for the time where the store is; None where nobody knows.
    proven
        What has succeeded, by the permission that it needs in a bucket.
    """

    store: ObjectStore
    clock: Clock
    filestore_path: Callable[[], str]
    read: Callable[[str], bytes]
    server_time: Callable[[], datetime | None]
    ready: Callable[[], bool] = lambda: True
    proven: set[str] = field(default_factory=set)
    _content: bytes = b""
    _stored: StoredObject | None = None

    def checks(self) -> tuple[Check, ...]:
        """Return the looks, in their order."""
        return (
            Check("write", self.write, _SLOW, limit_s=20.0),
            Check("read back", self.read_back, _SLOW, needed=False),
            Check("overwrite", self.overwrite, _SLOW, needed=False),
            Check("damage", self.damage, _SLOW, needed=False),
            Check("clock", self.compare_clocks, _SLOW, needed=False),
        )

    def write(self) -> Finding:
        """Write the object, or exchange the one that an earlier run has left."""
        if not self.ready():
            return Finding(Outcome.NOT_CHECKED, "the first session makes the store")
        computer = platform.node() or "unknown"
        name = object_name(self.filestore_path(), "", f"{DOCTOR_FOLDER}/{computer}.txt")
        content = f"nexuslims-logger doctor wrote this on {computer} at {self.clock.now().isoformat()}.\n".encode()
        present = self.store.stat(name)
        try:
            self._stored = self._put(name, content, present)
        except ReplacingDenied as error:
            # Then the one that is there has to do: it is ours, of an earlier run.
            self._stored = present
            return warn(
                f"{name} may be read but not replaced ({error.message})",
                "Grant storage.objects.delete. Without it, content that changes goes to a second name, and both stay.",
            )
        self._content = content
        self.proven |= {"storage.objects.create", "storage.objects.get"}
        if present is not None:
            self.proven.add("storage.objects.delete")
        return good(f"{name}, {len(content)} bytes{', in place of the last one' if present else ''}")

    def _put(self, name: str, content: bytes, present: StoredObject | None) -> StoredObject:
        return self.store.put(
            name,
            io.BytesIO(content),
            size=len(content),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            mtime_ns=_TIME_NS,
            origin=Origin("doctor", platform.node() or "unknown", "doctor"),
            if_generation=ABSENT if present is None else present.generation,
        )

    def read_back(self) -> Finding:
        """Compare what the store says of the object, and its bytes, with what was written."""
        stored = self._stored
        if stored is None:
            return Finding(Outcome.NOT_CHECKED, "nothing was written")
        found = self.store.stat(stored.name)
        if found != stored:
            return fail(f"{stored.name} is not as it was written: {found}", _LOOK)
        content = self.read(stored.name)
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != stored.md5:
            return fail(f"the bytes of {stored.name} are not those that were written", _LOOK)
        if self._content and content != self._content:
            return fail(f"{stored.name} holds what somebody else wrote", _LOOK)
        return good("MD5, size, time and bytes are as they were written")

    def overwrite(self) -> Finding:
        """Try to create what is there already: the store has to refuse."""
        if self._stored is None:
            return Finding(Outcome.NOT_CHECKED, "nothing was written")
        try:
            self._put(self._stored.name, b"This must never be stored.\n", None)
        except PreconditionFailed:
            return good("refused, as it must be")
        return fail("an object was replaced though the store was told not to", _NOT_A_STORE)

    def damage(self) -> Finding:
        """Announce another MD5 than the bytes have: the store has to refuse."""
        if self._stored is None:
            return Finding(Outcome.NOT_CHECKED, "nothing was written")
        content = b"damaged on its way\n"
        try:
            self.store.put(
                self._stored.name,
                io.BytesIO(content),
                size=len(content),
                md5="0" * 32,
                mtime_ns=0,
                origin=Origin("doctor", "doctor", "doctor"),
                if_generation=self._stored.generation,
            )
        except ChecksumMismatch:
            # It may have told after it had stored them.
            now = self.store.stat(self._stored.name)
            if now is not None and now.md5 == self._stored.md5:
                return good("refused, as it must be")
        except ReplacingDenied:
            return Finding(Outcome.NOT_CHECKED, "nothing may be replaced")
        return fail("the store took bytes of another MD5 than was announced", _NOT_A_STORE)

    def compare_clocks(self) -> Finding:
        """Compare this PC's clock with the store's."""
        before = self.clock.now()
        there = self.server_time()
        after = self.clock.now()
        if there is None:
            return Finding(Outcome.NOT_CHECKED, "the store does not tell its time")
        offset = before + (after - before) / 2 - there
        ahead = "ahead of" if offset > timedelta(0) else "behind"
        said = f"this PC is {abs(offset.total_seconds()):.1f} s {ahead} the store"
        return warn(said, SET_THE_CLOCK) if abs(offset) > TOLERANCE else good(said)


def store_groups(settings: Settings, clock: Clock, known: Callable[[], Instrument | None]) -> tuple[Group, ...]:
    """Return the checks of the object store.

    Parameters
    ----------
    settings
        Which store.
    clock
        The PC's.
    known
        This computer's instrument, where an earlier check has found it.
    """

    def filestore_path() -> str:
        found = known() or journal_instrument(settings.home / "facts.db")
        return "." if found is None else found.filestore_path

    folder = settings.bucket_folder
    if folder is None:
        from nexuslims_logger.admin.doctor.bucket import bucket_groups

        return bucket_groups(settings, clock, filestore_path)
    steps = StoreSteps(
        store=FolderStore(folder, clock, create=False),
        clock=clock,
        filestore_path=filestore_path,
        read=lambda name: (folder / name).read_bytes(),
        server_time=lambda: _time_at(folder),
        ready=lambda: is_store(folder),
    )
    look = lambda: check_store(folder, used=is_used(settings.home, folder))  # noqa: E731 - one of a list
    space = Check("space", lambda: check_space(folder), SHARE)
    return (Group("store", (Check("folder", look, SHARE), space, *steps.checks())),)


def _time_at(folder: Path) -> datetime | None:
    """Return the time that the disk's or share's own computer gives to a new file."""
    if not is_store(folder):
        return None
    probe = temporary_path(folder / OWN_FOLDER / "tmp")
    try:
        with probe.open("xb") as file:
            file.write(b".")
            file.flush()
            return time_of(os.fstat(file.fileno()).st_mtime_ns)
    finally:
        remove(probe)

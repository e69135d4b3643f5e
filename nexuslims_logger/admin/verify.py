"""``verify``: what the manifest says, against what the store and this PC have. Changes nothing, takes no lock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.admin.local_files import LocalFiles
from nexuslims_logger.admin.stores import store_of
from nexuslims_logger.admin.strangers import CommonFolder, Strangers, is_unfinished
from nexuslims_logger.bootstrap_threads import QueueInbox, SystemClock, ThreadPool
from nexuslims_logger.db.tasks import open_database
from nexuslims_logger.errors import NameRefused, StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.storage.names import object_name, printable
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.file_check import CheckedFile, InStore, OnThisPc, check_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.transfer.file_check import FileToCheck

_PAGE = 500
_BATCH = 25
_WORDS = {
    InStore.MOVED: "moved aside by a later session",
    InStore.DIFFERENT: "in the store is other content",
    InStore.ABSENT: "not in the store",
    InStore.ELSEWHERE: "brought to another store",
}
_HERE = {
    OnThisPc.CHANGED: "the file on this PC has changed since: it is not what the store has",
    OnThisPc.DAMAGED: "the file on this PC has the size and time that it had, but other content",
    OnThisPc.UNREADABLE: "the file on this PC cannot be read at present",
}
_WRONG = frozenset({InStore.DIFFERENT, InStore.ABSENT, InStore.ELSEWHERE})


@dataclass
class _Tally:
    """What was found so far."""

    store: Counter[InStore] = field(default_factory=Counter)
    here: Counter[OnThisPc] = field(default_factory=Counter)
    states: Counter[ResultState] = field(default_factory=Counter)
    safe: int = 0
    waits: bool = False

    def take(self, file: CheckedFile) -> None:
        self.store[file.in_store] += 1
        self.here[file.on_this_pc] += 1
        self.states[file.row.state] += 1
        self.safe += file.safe_to_delete

    def add(self, other: _Tally) -> None:
        self.store += other.store
        self.here += other.here
        self.states += other.states
        self.safe += other.safe
        self.waits |= other.waits

    @property
    def code(self) -> ExitCode:
        if any(self.store[one] for one in _WRONG) or self.here[OnThisPc.DAMAGED]:
            return ExitCode.FAILED
        waits = self.waits or self.states[ResultState.PENDING]
        return ExitCode.WAITING if waits else ExitCode.COMPLETE


class _Verification:
    """One run of the command."""

    def __init__(self, settings: Settings, units: EngineUnits, local: LocalFiles) -> None:
        self._units = units
        self._local = local
        self._store = store_of(settings)
        self._workers = settings.upload_workers
        self._pool = ThreadPool(self._workers)
        self._inbox = QueueInbox()
        self._clock = SystemClock()
        self._disk = Disk()
        self._strangers = Strangers(self._store, units)

    def stop(self) -> None:
        """Let the pool's threads end."""
        self._pool.stop()

    def session(self, identifier: str) -> _Tally:
        """Compare one session, and look around its files for objects that belong to none."""
        tally, folder = self._session(identifier)
        if folder is not None:
            self._strangers.show(folder, identifier)
        return tally

    def _session(self, identifier: str) -> tuple[_Tally, str | None]:
        """Compare one session's files, print what differs and the sum; return it, and the folder of them all."""
        with self._units() as unit:
            events = unit.repository.event_rows(identifier)
        if events.start is None:
            raise StopAndTell(
                f"There is no session {identifier}",
                "The database does not know it. 'nexuslims-logger sessions' lists the recent ones.",
            )
        tally, names = _Tally(waits=is_unfinished(events)), CommonFolder()
        after = 0
        while True:
            with self._units() as unit:
                if not unit.repository.has_manifest():
                    break
                rows, after = unit.repository.manifest_page(identifier, after, _PAGE)
            if not rows:
                break
            for file in self._checked(self._local.located(identifier, rows)):
                tally.take(file)
                if file.row.state is ResultState.UPLOADED:
                    names.add(file.row.object_name)
                for line in _lines(file):
                    print(line)
        user, started = events.start.user or "-", events.start.timestamp.astimezone()
        print(
            f"Session {identifier} of {user} at {events.start.instrument}, {started:%Y-%m-%d %H:%M}: {_summed(tally)}"
        )
        return tally, names.folder

    def all(self) -> _Tally:
        """Compare every session that has files, and look for objects that belong to none."""
        total, last = _Tally(), ""
        while True:
            with self._units() as unit:
                page = unit.repository.sessions_with_files(last, _PAGE) if unit.repository.has_manifest() else ()
                instruments = unit.repository.instruments()
            if not page:
                break
            last = page[-1]
            for identifier in page:
                total.add(self._session(identifier)[0])
        prefixes = {_prefix(instrument.filestore_path) for instrument in instruments} - {None}
        for prefix in sorted(one for one in prefixes if one is not None):
            self._strangers.show(prefix, None)
        print(f"Altogether: {_summed(total)}")
        return total

    def _checked(self, files: list[FileToCheck]) -> Iterator[CheckedFile]:
        """Let the pool's threads compare the files; yield them in their order."""
        batches = [tuple(files[first : first + _BATCH]) for first in range(0, len(files), _BATCH)]
        for number, batch in enumerate(batches):
            self._pool.submit(check_files, self._store, self._disk, batch, ticket=number, reply_to=self._inbox)
        found: dict[int, tuple[CheckedFile, ...]] = {}
        for _ in batches:
            reply = self._inbox.get(None)
            if reply.error is not None:
                raise reply.error
            found[reply.ticket] = reply.value
        for number in range(len(batches)):
            yield from found[number]


def run(settings: Settings, session: str | None) -> ExitCode:
    """Compare one session, or (None) all of them.

    Returns
    -------
    ExitCode
        FAILED when the store lacks what the manifest promises (or could not be asked of all of it), or a file on this
        PC is damaged; WAITING when nothing is wrong but something is still to be sent; COMPLETE otherwise.

    Raises
    ------
    StopAndTell
        No such session is recorded.
    TryLater, AccessDenied
        Database or store cannot be asked.
    """
    with LocalFiles(settings) as local:
        verification = _Verification(settings, open_database(settings), local)
        try:
            tally = verification.all() if session is None else verification.session(session)
        finally:
            verification.stop()
    print(f"Checked {SystemClock().now().astimezone():%Y-%m-%d %H:%M:%S %z}.")
    return tally.code


def _lines(file: CheckedFile) -> Iterator[str]:
    name = printable(file.row.object_name)
    if file.in_store is InStore.NOT_UPLOADED:
        why = file.row.reason or file.row.last_error
        who = f" (decided by {file.row.decided_by})" if file.row.decided_by else ""
        yield f"{file.row.state:<10} {name}{f': {why}' if why else ''}{who}"
    elif file.in_store in _WORDS:
        where = file.place or (file.row.bucket if file.in_store is InStore.ELSEWHERE else file.remark)
        yield f"{file.in_store:<10} {name}: {_WORDS[file.in_store]}{f' ({printable(where)})' if where else ''}"
    elif file.remark:
        yield f"NOTE       {name} {file.remark}"
    if file.on_this_pc in _HERE:
        yield f"{file.on_this_pc:<10} {name}: {_HERE[file.on_this_pc]}"


def _summed(tally: _Tally) -> str:
    """Say in one line how many files there are, in the store and here."""
    uploaded = tally.states[ResultState.UPLOADED]
    proven = tally.store[InStore.AS_RECORDED] + tally.store[InStore.MOVED]
    parts = [f"{proven} of {uploaded} files are in the store with their MD5"]
    parts += [f"{tally.store[one]} {_WORDS[one]}" for one in _WORDS if tally.store[one]]
    parts += [
        f"{tally.states[one]} {one.lower()}"
        for one in ResultState
        if one is not ResultState.UPLOADED and tally.states[one]
    ]
    words = {OnThisPc.EQUAL: "unchanged", OnThisPc.CHANGED: "changed since", OnThisPc.GONE: "gone"}
    words |= {OnThisPc.DAMAGED: "damaged", OnThisPc.UNREADABLE: "unreadable"}
    here = [f"{tally.here[one]} {word}" for one, word in words.items() if tally.here[one]]
    if here:
        parts.append(f"on this PC {', '.join(here)}")
        parts.append(f"{tally.safe} safe to delete here")
    if tally.waits:
        parts.append("not complete yet")
    return "; ".join(parts)


def _prefix(filestore_path: str) -> str | None:
    """Return what the names of an instrument's objects begin with, None where they cannot be stored at all."""
    try:
        return object_name(filestore_path, "", "x")[:-1]
    except NameRefused:
        return None

"""Every cut point, one after the other: a session is killed there, and the next start makes it whole."""

from __future__ import annotations

import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.machine import Forks, Machine, Run, caught_up
from tests.faults.outside import BucketContents, Verdict, at_any_moment, in_the_end
from tests.storage_emulators import make_bucket

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass
class Tally:
    """What was done, and what came of it."""

    faults: int = 0
    sessions: int = 0
    files: int = 0
    verdict: Verdict = field(default_factory=lambda: Verdict([], [], []))

    def add(self, machine: Machine, verdict: Verdict) -> None:
        """Count one PC."""
        self.faults += machine.faults
        self.sessions += len(set(machine.shown))
        self.files += len(machine.written.md5)
        self.verdict.add(verdict)

    def join(self, other: Tally) -> None:
        """Count what another tally counted."""
        self.faults += other.faults
        self.sessions += other.sessions
        self.files += other.files
        self.verdict.add(other.verdict)

    def __str__(self) -> str:
        return (
            f"{self.faults} faults injected, {self.sessions} sessions run, {self.files} files written: "
            f"{self.verdict.counts()}"
        )


class Sweep:
    """Runs the same day at a microscope again and again, with a cut at another point each time.

    Parameters
    ----------
    beside
        So many PCs at once.
    storage
        The address where the programs find Cloud Storage, and that of the server itself; None: they store in a folder.
    """

    def __init__(self, folder: Path, beside: int, storage: tuple[str, str] | None = None) -> None:
        self._folder = folder
        self._beside = beside
        self._storage = storage
        self.tally = Tally()

    def _forks(self) -> Forks:
        return Forks("bucket") if self._storage else Forks()

    def _machine(self, name: str, forks: Forks) -> Machine:
        if self._storage is None:
            return Machine(self._folder / name, forks)
        met, server = self._storage
        bucket = make_bucket(server)
        machine = Machine(self._folder / name, forks, STORAGE_EMULATOR_HOST=met, NEXUSLIMSGUI_DATA_BUCKET=bucket)
        machine.store = BucketContents(server, bucket)
        return machine

    def points(self) -> list[str]:
        """Return the points that an undisturbed session passes."""
        with self._forks() as forks:
            machine = self._machine("undisturbed", forks)
            run = _session(machine, None)
            assert machine.finish(run) == ExitCode.COMPLETE, run.complaints.read_text()
            self.tally.add(machine, _made_whole(machine))
            return run.points()

    def cut(self, points: Iterable[int], *, recovery: bool = False) -> None:
        """Kill a session at each of the points (or the catch-up of one that was killed), several beside each other."""
        waiting = iter(list(points))
        with ThreadPoolExecutor(self._beside) as pool:
            for done in [pool.submit(self._work, waiting, recovery=recovery) for _ in range(self._beside)]:
                done.result()

    def _work(self, waiting: Iterable[int], *, recovery: bool) -> None:
        with self._forks() as forks:
            for point in waiting:
                machine = self._machine(f"{'recovery' if recovery else 'session'}{point}", forks)
                run = _session(machine, _KILLED_BY_HAND if recovery else point)
                if recovery:
                    machine.tell(run, signal.SIGKILL)
                    machine.finish(run)
                    run = machine.start("headless", "--user", "Bob", "--for", "0.1", cut=point)
                    machine.started(run)
                machine.finish(run)
                moment = at_any_moment(asked(machine), machine.store)
                verdict = _made_whole(machine)
                verdict.add(moment)
                if not verdict.is_kept():
                    verdict.wrong.append(f"the cut was number {point}, {run.points()[-1]}")
                self.tally.add(machine, verdict)


#: A cut that no session reaches.
_KILLED_BY_HAND = 10**9


def _session(machine: Machine, cut: int | None) -> Run:
    """Run Ada's session, up to the signal that ends it: new files, one in a folder, one rewritten."""
    run = machine.start("headless", "--user", "Ada", "--note", "Grain boundary", cut=cut)
    session = machine.started(run)
    if session is None:
        return run
    machine.write("grain.tif", b"first" * 5000, session)
    machine.write("Übersicht/Ring 1.dm3", bytes(range(256)) * 4000, session)
    # A moment for the first content to arrive, so that the second one replaces it; a cut may keep it away for good.
    for _ in range(100):
        if any(name.endswith("/grain.tif") for name in machine.store.names()) or not machine.alive(run):
            break
        time.sleep(0.02)
    machine.write("grain.tif", b"second" * 5000, session)
    machine.write("scan_0001.ser", b"\x97\x01" * 40000, session)
    if cut != _KILLED_BY_HAND:
        machine.tell(run, signal.SIGINT)
    return run


def _made_whole(machine: Machine) -> Verdict:
    """Start the program again, undisturbed; return what is wrong then."""
    run = machine.start("headless", "--user", "Bob", "--for", "0.1")
    machine.started(run)
    machine.finish(run)
    # Bob may be done while Ada's files are still being brought to the store.
    complaint = caught_up(machine)
    verdict = in_the_end(asked(machine), machine)
    verdict.wrong += complaint
    return verdict


def asked(machine: Machine) -> Any:
    """Return what asks the embedded database in SQL; nothing is answered while it is being made."""

    def ask(question: str) -> list[tuple[Any, ...]]:
        path = machine.home / "nexuslims.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'file_manifest'").fetchone():
                return []  # killed in the middle of the migrations
            return connection.execute(question).fetchall()

    return ask

"""What a scan costs: many files, first seen, then unchanged, beside merely walking over them.

Prints seconds, processor seconds, files a second and peak memory. 100,000 files are really there; a million are
imagined, because making and deleting so many takes longer than everything else.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_threads import QueueInbox, SystemClock, SystemRandom
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import WatchFolder
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.messages import TrackedSession
from nexuslims_logger.ports import FileEntry, FileStat, FolderListing
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.looking import look_at_all
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.selection import Selection
from nexuslims_logger.transfer.state import PassState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PER_FOLDER = 500
REAL = 200_000


class _NoPool:
    def submit(self, *_: object, **__: object) -> None:
        """Take nothing: a scan sends nothing."""


class _Imagined(Disk):
    """So many files that are nowhere."""

    def __init__(self, count: int) -> None:
        self._count = count

    def walk(self, root: str) -> Iterator[FolderListing]:
        """List the folders as a disk would."""
        del root
        for first in range(0, self._count, PER_FOLDER):
            yield FolderListing(
                f"{first // PER_FOLDER:05d}",
                tuple(
                    FileEntry(f"{number:04d}.tif", FileStat(number, 10**18 + number, 10**18 + number))
                    for number in range(PER_FOLDER)
                ),
            )


def main(count: int) -> None:
    """Scan `count` small files twice, and walk over them."""
    with tempfile.TemporaryDirectory(prefix="nexuslims-bench-") as folder:
        watch = Path(folder) / "watch"
        watch.mkdir()
        disk: Disk = _Imagined(count)
        if count <= REAL:
            disk = Disk()
            _make_files(watch, count)
            _measure("walk alone", count, lambda: _walk(watch))
        clock = SystemClock()
        journal = open_journal_file(Path(folder) / "files.db")
        files = FilesJournal(journal)
        ports = TransferPorts(
            clock=clock,
            random=SystemRandom(),
            inbox=QueueInbox(),
            session=QueueInbox(),
            window=QueueInbox(),
            database=_NoPool(),
            pool=_NoPool(),
            file_system=disk,
            store=FolderStore(Path(folder) / "bucket", clock),
            files=files,
            results=Results(files),
            rules=TransferRules(Selection(), 60.0, 10.0, 8, 3600.0),
        )
        session = TrackedSession(
            identifier="bench",
            instrument_pid="BENCH",
            computer_name="bench",
            filestore_path="./bench",
            folders=(WatchFolder("", str(watch)),),
            started_at=datetime(1990, 1, 1, tzinfo=UTC),
            ended=False,
        )
        state = PassState(sessions=(session,))
        for what in ("first scan", "unchanged"):
            _measure(what, count, lambda: look_at_all(ports, state, None))
        journal.close()


def _make_files(watch: Path, count: int) -> None:
    for number in range(0, count, PER_FOLDER):
        below = watch / f"{number // PER_FOLDER:05d}"
        below.mkdir(parents=True)
        for name in range(min(PER_FOLDER, count - number)):
            (below / f"{name:04d}.tif").write_bytes(b"x")


def _walk(folder: Path) -> None:
    """Ask for every file's size and times, and do nothing with them."""
    waiting = [os.fspath(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)


def _measure(what: str, count: int, work: Callable[[], object]) -> None:
    begun, used = time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - begun, time.process_time() - used
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:7d} files, {what:10}: {seconds:6.2f} s, {used:6.2f} s of CPU, {count / seconds:7.0f} files/s, "
        f"peak {peak_mb:.0f} MB"
    )


if __name__ == "__main__":
    for wanted in [int(word) for word in sys.argv[1:]] or [100_000, 1_000_000]:
        main(wanted)

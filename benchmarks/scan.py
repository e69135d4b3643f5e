"""What a scan costs: many files, first seen, then unchanged. Prints seconds, files a second and peak memory."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from nexuslims_logger.bootstrap_threads import QueueInbox, SystemClock, SystemRandom
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import WatchFolder
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.messages import TrackedSession
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.ports import TransferPorts, TransferRules
from nexuslims_logger.transfer.scan import scan
from nexuslims_logger.transfer.selection import Selection

PER_FOLDER = 500


class _NoPool:
    def submit(self, *_: object, **__: object) -> None:
        """Take nothing: a scan sends nothing."""


def main(count: int) -> None:
    """Scan `count` small files three times."""
    with tempfile.TemporaryDirectory(prefix="nexuslims-bench-") as folder:
        watch = Path(folder) / "watch"
        for number in range(0, count, PER_FOLDER):
            below = watch / f"{number // PER_FOLDER:05d}"
            below.mkdir(parents=True)
            for name in range(min(PER_FOLDER, count - number)):
                (below / f"{name:04d}.tif").write_bytes(b"x")
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
            file_system=Disk(),
            store=FolderStore(Path(folder) / "bucket", clock),
            files=files,
            results=Results(files),
            rules=TransferRules(Selection(), 60.0, 10.0, 4, 3600.0),
        )
        session = TrackedSession(
            identifier="bench",
            instrument_pid="BENCH",
            computer_name="bench",
            filestore_path="./bench",
            folders=(WatchFolder("", str(watch)),),
            started_at=datetime(2020, 1, 1, tzinfo=UTC),
            ended=False,
        )
        for what in ("first", "unchanged", "unchanged"):
            begun = time.perf_counter()
            outcome = scan(ports, [session])
            seconds = time.perf_counter() - begun
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"scan of {count} files, {what:9}: {seconds:6.2f} s, {count / seconds:9.0f} files/s, "
                f"{outcome.noticed.changed} changed, peak {peak_mb:.0f} MB"
            )
        journal.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)

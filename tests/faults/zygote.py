"""Runs the program many times without paying for its imports: each run is a fork of this process.

A line of JSON on stdin starts a run; a line with its process id, and one with how it ended, come back.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nexuslims_logger.admin.sessions
import nexuslims_logger.db.tasks
import nexuslims_logger.headless  # noqa: F401 - imported once, for all runs
from nexuslims_logger import cli
from nexuslims_logger.bootstrap_threads import SystemClock
from tests.faults.cuts import Cuts

#: In place of 8 MiB, so that a file of a megabyte goes out in several requests.
_PART_BYTES = 1 << 18


def main() -> None:
    """Serve until stdin ends; with ``bucket`` as the argument, for programs whose store is one."""
    if sys.argv[1:] == ["bucket"]:
        from nexuslims_logger.storage import gcs, gcs_upload  # noqa: F401 - as above, but it takes its time

        gcs_upload.PART_BYTES = gcs_upload.SMALL_BYTES = _PART_BYTES
    for line in sys.stdin:
        run = json.loads(line)
        process = os.fork()
        if process == 0:
            _be_the_program(run)
        _say({"process": process})
        _, status = os.waitpid(process, 0)
        _say({"status": os.waitstatus_to_exitcode(status)})


def _be_the_program(run: dict[str, Any]) -> None:
    for number, name in ((1, "output"), (2, "complaints")):
        os.dup2(os.open(run[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(run["environment"])
    time.tzset()
    random.seed()
    _set_clock(Path(run["clock"]))
    code = 70
    try:
        Cuts(run["cut"], Path(run["trace"])).install()
        code = cli.main(run["arguments"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def _set_clock(set_by: Path) -> None:
    """Let the PC's clock go wrong by as many seconds as stand in a file, which may change at any time."""

    def now(_clock: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(set_by.read_text()))

    def utc_offset_min(clock: SystemClock) -> int:
        return round((clock.now().astimezone().utcoffset() or timedelta()) / timedelta(minutes=1))

    # The only ways to the PC's time.
    SystemClock.now = now  # type: ignore[assignment, method-assign] # for this process
    SystemClock.utc_offset_min = utc_offset_min  # type: ignore[assignment, method-assign] # for this process


def _say(answer: dict[str, int]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

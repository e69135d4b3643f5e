"""A PC whose program is killed: its folders, its runs, and what a microscope writes meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.outside import FolderContents
from tests.waiting import LIMIT_S, until, waiting

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tests.faults.outside import Store

#: So many catch-ups suffice when nothing is cut any more.
_CATCH_UPS = 4


@dataclass
class Run:
    """One run of the program, under way or over."""

    process: int
    output: Path
    complaints: Path
    trace: Path
    status: int | None = None

    def session(self) -> str | None:
        """Return the identifier that was printed when START was safe, None before."""
        first, ended, _ = self.output.read_text().partition("\n")
        return first if ended else None

    def points(self) -> list[str]:
        """Return the cut points that were passed, in order."""
        return self.trace.read_text().splitlines()


class Forks:
    """A process that runs the program, one run after the other; see `zygote`."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._process.stdout.close()

    def start(self, run: dict[str, Any]) -> int:
        """Begin a run; return its process id."""
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(run)}\n")
        self._process.stdin.flush()
        return self._answer()["process"]

    def ended(self) -> int:
        """Wait for the end of the run; return the exit code, below zero for a signal."""
        return self._answer()["status"]

    def _answer(self) -> dict[str, int]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the process that runs the program has died"
        answer: dict[str, int] = json.loads(line)
        return answer


@dataclass
class Written:
    """What the microscope wrote: the last content of each file, by path below the watch folder, and whose it is."""

    md5: dict[str, str] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)


class Machine:
    """A PC with a watch folder and a home, on which the program is run and killed."""

    def __init__(self, folder: Path, forks: Forks, **environment: str) -> None:
        self.home = folder / "home"
        self.watch = folder / "watch"
        self.store: Store = FolderContents(self.home / "bucket")
        self.written = Written()
        self.shown: list[str] = []
        self.faults = 0
        self.runs = 0
        self._folder = folder
        self._forks = forks
        self.watch.mkdir(parents=True)
        self._clock = folder / "clock"
        self.set_clock(timedelta())
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LOGNAME": "operator",
            "NEXUSLIMSGUI_HOME": str(self.home),
            "NEXUSLIMSGUI_FILESTORE_PATH": str(self.watch),
            "NEXUSLIMSGUI_SETTLE_SECONDS": "0.1",
            "NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS": "1",
            **environment,
        }

    def start(self, *arguments: str, cut: int | None = None) -> Run:
        """Start the program; it dies at the point `cut`."""
        self.runs += 1
        stem = self._folder / f"run{self.runs}"
        output, complaints, trace = (stem.with_suffix(ending) for ending in (".out", ".err", ".trace"))
        for path in (output, complaints, trace):
            path.touch()
        process = self._forks.start(
            {
                "arguments": arguments,
                "environment": self._environment,
                "output": str(output),
                "complaints": str(complaints),
                "trace": str(trace),
                "clock": str(self._clock),
                "cut": cut,
            }
        )
        return Run(process, output, complaints, trace)

    def alive(self, run: Run) -> bool:
        """Whether the run goes on (as seen a moment ago)."""
        try:
            with open(f"/proc/{run.process}/stat", encoding="ascii", errors="replace") as told:  # noqa: PTH123
                return told.read().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):  # before, and while it is read
            return False

    def started(self, run: Run) -> str | None:
        """Wait for the session's identifier; None when the program died before."""
        for _ in waiting("no START"):
            session = run.session()
            if session is not None:
                self.shown.append(session)
                return session
            if not self.alive(run):
                break
        return None

    def tell(self, run: Run, number: signal.Signals) -> None:
        """Send a signal, if there is still somebody to get it."""
        if self.alive(run):
            os.kill(run.process, number)

    def finish(self, run: Run) -> int:
        """Wait for the end of a run; return its exit code."""
        with suppress(AssertionError):
            until(lambda: not self.alive(run))
        hung = self.alive(run)
        if hung:
            os.kill(run.process, signal.SIGKILL)
        run.status = self._forks.ended()
        complaints = run.complaints.read_text()
        assert not hung, f"the program hangs:\n{complaints}"
        assert "Traceback" not in complaints, complaints
        self.faults += run.status == -signal.SIGKILL
        return run.status

    def set_clock(self, off: timedelta) -> None:
        """Let the PC's clock, and the times of what is written from now on, be off by so much."""
        self._clock_is_off = off
        new = self._clock.with_suffix(".new")
        new.write_text(str(off.total_seconds()))
        new.replace(self._clock)

    def write(self, path: str, data: bytes, session: str) -> None:
        """Let the microscope write a file during a session."""
        place = self.watch / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        if self._clock_is_off:
            written_at = (datetime.now(UTC) + self._clock_is_off).timestamp()
            os.utime(place, (written_at, written_at))
        self.written.md5[path] = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self.written.owner[path] = session


def caught_up(machine: Machine) -> list[str]:
    """Run ``sync`` until nothing waits; return the complaint when that does not come."""
    complaint = ""
    for _ in range(_CATCH_UPS):
        run = machine.start("sync")
        if machine.finish(run) == ExitCode.COMPLETE:
            return []
        complaint = run.complaints.read_text()
    return [f"something still waits: {complaint}"]

"""Photographs every screen and dialog: ``python -m tests.gui.screenshots FOLDER``."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
import tkinter as tk
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nexuslims_logger.bootstrap_supervision import STOPPED
from nexuslims_logger.config import Theme
from nexuslims_logger.db.table_columns import NO_FIT, mismatch
from nexuslims_logger.demo.virtual_screen import VirtualScreen
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import DiskLow, FileUnderWay, LastActivity, PassStage, Problem, StartStep, Trouble
from nexuslims_logger.logs import LogMemory
from tests.gui import stage as on
from tests.gui.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.events import Event, FilesListed

_LARGE: Final = 15


@dataclass(frozen=True)
class Shot:
    """One picture: what has happened before it, and what was pressed then."""

    name: str
    events: Sequence[Event]
    press: Callable[[Stage], None] = lambda _stage: None
    failing: LoggerError | None = None
    central: bool = False


def _running(*more: Event) -> tuple[Event, ...]:
    return (on.started(note="grid 7, the broken corner\nsecond line"), on.recorded(), *more)


def _without_database(problem: Problem) -> tuple[Event, ...]:
    return (on.started(), on.recorded(this_pc_only=False, problem=problem), on.all_stored(store_is_cloud=True))


def _in_cloud() -> tuple[Event, ...]:
    return (on.started(), on.recorded(this_pc_only=False), on.all_stored(store_is_cloud=True))


def _final() -> tuple[Event, ...]:
    waits = on.progress(
        stage=PassStage.SCANNING,
        files_done=39,
        bytes_done=3_310_000_000,
        rate_bytes_per_s=0.0,
        seconds_left=None,
        files_waiting=1,
        waiting=(on.waiting_file(),),
    )
    return (*_running(), on.ending(), waits)


def _press(name: str) -> Callable[[Stage], None]:
    return lambda stage: stage.app.window.buttons[name].invoke()


def _summon(stage: Stage) -> None:
    stage.app._act(stage.app.presenter.summoned)


def _show_files(listed: FilesListed, *, select: int) -> Callable[[Stage], None]:
    def show(stage: Stage) -> None:
        _press("files")(stage)
        stage.tell(listed)
        files = stage.app.beside.files
        assert files
        stage.wait(lambda: bool(files.list.tree.winfo_viewable()), "the list")
        stage.settle()
        files.list._select(select)

    return show


def _close(stage: Stage) -> None:
    stage.app._act(stage.app.presenter.wants_to_close)


def _dismiss(stage: Stage) -> None:
    stage.app._act(stage.app.presenter.dismiss)


def _leave_out(stage: Stage) -> None:
    stage.app._act(stage.app.presenter.open_leave_out)


_BROKEN = ConfigurationError(
    "A setting is wrong",
    "NEXUSLIMSGUI_SETTLE_SECONDS is 'ten' (from the environment). Expected: a number of seconds, 0 to 3600. "
    "Correct it or take it out, then start the logger again.",
)

_LARGE_FILE = FileUnderWay("20261123/scan_0013.ser", 84_200_000, 84_200_000, 45_100_000)

_AWAY = Problem("The database cannot be reached", "Connection refused", on.NOW - timedelta(minutes=48), offline=True)

_MISFIT = Problem(NO_FIT, mismatch(2, "0.3"), on.NOW - timedelta(minutes=80))

_DEAD = Trouble(
    "nexuslims-transfer",
    Problem(
        STOPPED,
        "nexuslims-transfer stopped (OSError) and goes on where it was in 1 s. What was recorded is safe on this PC; "
        "the log has the details.",
        on.NOW - timedelta(minutes=3),
    ),
)

_LEFT: Final = LastActivity(on.SESSION, on.NOW - timedelta(minutes=35))

SHOTS: Final = (
    Shot("starting", (on.starting(StartStep.INSTRUMENT),)),
    Shot("unknown-computer", (on.unknown(),)),
    Shot("failed", (), failing=_BROKEN),
    Shot("running", _running(on.progress(under_way=(_LARGE_FILE,)))),
    Shot("running-idle", _running(on.all_stored())),
    Shot("running-cloud", _in_cloud(), central=True),
    Shot("offline", _without_database(_AWAY), central=True),
    Shot("ending", _final()),
    Shot("done", (*_final(), on.stored(40), on.ready())),
    Shot("interrupted", (on.starting(StartStep.RECOVERY), on.interrupted())),
    Shot("neighbour", (on.starting(StartStep.INSTRUMENT), on.neighbour()), central=True),
    Shot("closing", _running(on.progress()), _close),
    Shot("leaving", _final(), _close),
    Shot("summoned", _running(on.progress()), _summon),
    Shot("who", (*on.asked_who(), on.all_stored()), central=True),
    Shot("who-missing", (*on.asked_who(), on.all_stored()), _dismiss, central=True),
    Shot("change-user", (*on.asked_who(), *_running(on.progress(), _LEFT)), _press("change_user")),
    Shot("unassigned", _running(on.all_stored(unassigned=5), on.found_unassigned())),
    Shot("still-working", _running(on.all_stored(), on.quiet())),
    Shot("clock", _running(on.all_stored(), on.wrong_clock())),
    Shot("disk-low", _running(on.all_stored(), DiskLow("D:/EMData", 1_400_000_000))),
    Shot("schema", _without_database(_MISFIT), central=True),
    Shot("worker-died", _running(on.all_stored(), _DEAD)),
    Shot("leave-out", _final(), _leave_out),
    Shot("note", _running(on.progress()), _press("note")),
    Shot("files", _running(on.progress()), _show_files(on.listed(), select=1)),
    Shot("files-safe", (*_final(), on.stored(40), on.ready()), _show_files(on.verified_list(), select=0)),
    Shot("log", _running(on.progress()), _press("log")),
)


def photograph(screen: VirtualScreen, shot: Shot, theme: Theme, text_size: int, file: Path) -> None:
    """Play `shot` and write its picture."""
    with tempfile.TemporaryDirectory() as folder:
        url = "mysql+pymysql://logger@db.example.org/nexuslims" if shot.central else None
        settings = on.settings_for(Path(folder), theme=theme, text_size=text_size, database_url=url)
        stage = Stage(screen, settings, shot.failing)
        try:
            stage.open()
            stage.tell(*shot.events)
            shot.press(stage)
            # Away from the buttons, which look different under it.
            screen.do("mousemove", "1270", "1010")
            stage.wait(lambda: stage.app.root.focus_get() is not None, "the keyboard")
            stage.settle()
            _write(screen, stage, file)
        finally:
            stage.take_down()


def _write(screen: VirtualScreen, stage: Stage, file: Path) -> None:
    """Cut the window, with what stands before it, out of the screen."""
    root = stage.app.root
    frames: list[tk.Tk | tk.Toplevel] = [root]
    frames += [window for window in root.winfo_children() if isinstance(window, tk.Toplevel)]
    beside = [window for window in (stage.app.beside.note, stage.app.beside.files, stage.app.beside.log) if window]
    if beside:  # the main window, not before it
        frames = [window.window for window in beside]
    left, top, right, bottom = _around(frames)
    if len(frames) > 1:  # the titles stand above
        top = min(window.winfo_y() for window in (root, *frames))
    cut = f"{right - left}x{bottom - top}+{left}+{top}"
    command = ["import", "-window", "root", "-crop", cut, "+repage", "-strip", "+dither", "-colors", "64"]
    command += ["-define", "png:compression-level=9", f"PNG8:{file}"]
    subprocess.run(command, env=screen.environment, check=True, timeout=on.PATIENCE_S)


def _around(frames: Sequence[tk.Misc]) -> tuple[int, int, int, int]:
    return (
        min(frame.winfo_rootx() for frame in frames),
        min(frame.winfo_rooty() for frame in frames),
        max(frame.winfo_rootx() + frame.winfo_width() for frame in frames),
        max(frame.winfo_rooty() + frame.winfo_height() for frame in frames),
    )


def _remember(*lines: str) -> None:
    """Let the log window have something to show."""
    memory = LogMemory()
    memory.setFormatter(logging.Formatter("2026-11-23 14:52:%(lineno)02d INFO    %(message)s"))
    for second, line in enumerate(lines):
        memory.handle(logging.LogRecord("", logging.INFO, "", second, line, None, None))
    memory.setLevel(logging.CRITICAL)  # and nothing of what happens while the pictures are taken
    logging.getLogger().addHandler(memory)


def main(folder: Path) -> None:
    """Write all pictures, light and dark, in the usual and in large text."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TZ"] = "UTC"
    time.tzset()
    _remember(
        "session: START is on disk",
        "transfer: 40 files, 12 in the store",
        "transfer: sending 20261123/scan_0013.tif (84.2 MB)",
        "database: START recorded",
    )
    only = set(sys.argv[2:])
    with VirtualScreen() as screen:
        os.environ["DISPLAY"] = screen.display
        for shot in [shot for shot in SHOTS if not only or shot.name in only]:
            for theme in (Theme.LIGHT, Theme.DARK):
                photograph(screen, shot, theme, 10, folder / f"{shot.name}-{theme}.png")
                photograph(screen, shot, theme, _LARGE, folder / f"{shot.name}-{theme}-large.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""How quick the window is: how long work keeps it from painting, and what it costs at rest."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui.view import Screen, Tone
from nexuslims_logger.journal.records import WatchFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.demo.virtual_screen import VirtualScreen
    from tests.gui.conftest import OpenStage
    from tests.gui.stage import Stage

#: A call on the Tk thread may take so long.
_LIMIT_S = 0.05


class Watchdog:
    """Lets Tk work, one callback at a time, and notes how long each kept the window from painting.

    The time in which our threads, or the screen's server and window manager that they wait for, were ready and another
    program had the processor does not count.
    """

    def __init__(self, screen: VirtualScreen) -> None:
        self.calls: list[float] = []
        self._processes = "self", *map(str, screen.pids)

    def let_work(self, stage: Stage, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            begun, away = time.monotonic(), self._ready_s()
            if stage.app.root.tk.dooneevent(2):  # DONT_WAIT
                self.calls.append(time.monotonic() - begun - (self._ready_s() - away))
            else:
                time.sleep(0.002)  # Tk has nothing to do, and the workers have the processor

    def longest(self) -> list[float]:
        return sorted(self.calls)[-3:]

    def _ready_s(self) -> float:
        """Return for how long they have waited for a processor: a thread of ours may hold the interpreter's lock."""
        waited = 0
        for process in self._processes:
            for task in Path("/proc", process, "task").iterdir():
                with suppress(OSError):  # it has ended
                    waited += int((task / "schedstat").read_text().split()[1])
        return waited / 1e9


def _a_whole_session(stage: Stage, screen: VirtualScreen, data: Path) -> list[float]:
    """Work through a session with every window open, and return the longest callbacks."""
    watchdog, app = Watchdog(screen), stage.app

    def see(screen: Screen) -> Callable[[], bool]:
        return lambda: app.view is not None and app.view.screen is screen

    stage.begin()
    watchdog.let_work(stage, see(Screen.RUNNING), "the session")
    for open_window in (app.beside.open_files, app.beside.open_note, app.beside.open_log):
        app.root.after(1, open_window)
    for number in range(300):
        (data / f"scan_{number:03d}.tif").write_bytes(b"%d" % number * 20_000)
    watchdog.let_work(
        stage, lambda: app.view is not None and app.view.counts.startswith("300 of 300 files"), "the files"
    )
    note = app.beside.note
    assert note is not None
    app.root.after(1, lambda: note.text.insert("1.0", "grid 7 " * 1000))
    watchdog.let_work(stage, lambda: app.view is not None and "grid 7" in app.view.note, "the note")
    app.root.after(1, app.window.buttons["end"].invoke)
    watchdog.let_work(stage, see(Screen.DONE), "the end")
    assert app.beside.files is not None
    assert app.beside.files._files.filters[2] == "&Stored 300"
    return watchdog.longest()


def test_nothing_keeps_the_window_from_painting(open_stage: OpenStage, screen: VirtualScreen, tmp_path: Path) -> None:
    longest: list[float] = []
    for number in range(6):  # a busy machine may spoil some all the same
        home = tmp_path / str(number)
        (home / "data").mkdir(parents=True)
        stage = open_stage(closed=True, real=True, settle_seconds=0.2, sync_interval_seconds=1.0, **_home(home))
        longest = _a_whole_session(stage, screen, home / "data")
        stage.app.presenter.stop()
        assert stage.run_to_end() is ExitCode.COMPLETE
        if longest[-1] <= _LIMIT_S:
            return
    raise AssertionError(f"callbacks took {longest} s")


def _home(home: Path) -> dict[str, Any]:
    return {
        "home": home,
        "filestore_path": (WatchFolder("", str(home / "data")),),
        "data_bucket": (home / "bucket").as_uri(),
    }


def test_an_idle_window_costs_next_to_nothing(open_stage: OpenStage, tmp_path: Path) -> None:
    """The whole process: the window, and the workers that look at an unchanged folder every second."""
    (tmp_path / "data").mkdir()
    for number in range(200):
        (tmp_path / "data" / f"old_{number:03d}.tif").write_bytes(b"old")
    stage = open_stage(real=True, **_home(tmp_path))
    stage.wait(lambda: stage.app.view is not None and stage.app.view.state.tone is Tone.GOOD, "everything to be good")

    costs = []
    for _ in range(3):
        begun, cost = time.monotonic(), time.process_time()
        while time.monotonic() < begun + 2:
            stage.app.root.tk.dooneevent(0)
        costs.append((time.process_time() - cost) / (time.monotonic() - begun))

    assert min(costs) < 0.01

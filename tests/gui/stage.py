"""A stage for the window: real Tk on a real screen, with workers that only say what they are told to."""

from __future__ import annotations

import gc
import queue
import subprocess
import time
import tkinter as tk
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from nexuslims_logger.config import load_settings
from nexuslims_logger.events import (
    ClockInDoubt,
    FileRow,
    FilesListed,
    FileState,
    InstrumentUnknown,
    InterruptedChoice,
    InterruptedFound,
    NamesRemembered,
    NeighbourChoice,
    NeighbourFound,
    PassStage,
    Problem,
    RecordState,
    SessionEnding,
    SessionReady,
    SessionStarted,
    SessionStored,
    Starting,
    StartStep,
    StillWorking,
    Stopped,
    TransferProgress,
    UnassignedFound,
    WaitingFile,
    WhoIsWorking,
)
from nexuslims_logger.gui.app import App
from nexuslims_logger.messages import Stop
from nexuslims_logger.session.service import SessionService
from tests.windows.screen import ScreenOfLinux

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nexuslims_logger.config import Settings
    from nexuslims_logger.demo.virtual_screen import VirtualScreen
    from nexuslims_logger.errors import LoggerError
    from nexuslims_logger.events import Event
    from nexuslims_logger.exit_codes import ExitCode

SESSION = "6f1c0f4e-0000-4000-8000-000000000001"
PATIENCE_S = 10.0
#: The window's present time, always.
NOW = datetime(2026, 11, 23, 14, 52, 10, tzinfo=UTC)


@dataclass
class Commands:
    """The session thread's letter box, read by the test."""

    taken: list[object] = field(default_factory=list)
    on_stop: Callable[[], None] = lambda: None

    def put(self, message: Any) -> None:
        self.taken.append(message)
        if isinstance(message, Stop):
            self.on_stop()

    def get(self, timeout_s: float | None) -> Any:
        raise NotImplementedError


class FakeWorkers:
    """Stands in for `bootstrap.Running`."""

    def __init__(self) -> None:
        self.commands = Commands(on_stop=lambda: self.events.put(Stopped()))
        self.service = SessionService(self.commands)
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.stopped = False
        #: What they still say while they are put down.
        self.last_words: list[Event] = []

    def stop(self, timeout_s: float) -> None:
        self.stopped = True
        for event in self.last_words:
            self.events.put(event)


def settings_for(folder: Path, **changes: Any) -> Settings:
    """Return the settings of an empty environment, with a home in `folder`."""
    settings = load_settings({"HOME": str(folder), "NEXUSLIMSGUI_HOME": str(folder / "home")})
    return replace(settings, **changes)


class Stage:
    """One window on one screen.

    The mouse and the keyboard are the screen's own, moved by xdotool, so that what is tested is what a person
    does.

    Parameters
    ----------
    screen, settings
        Where, and how.
    failing
        What the start raises.
    real
        With the real workers, and the real time.
    """

    def __init__(
        self,
        screen: VirtualScreen,
        settings: Settings,
        failing: LoggerError | None = None,
        *,
        real: bool = False,
    ) -> None:
        self.screen = screen
        self.workers = FakeWorkers()
        self._failing = failing
        self.begun = real
        self._up = True
        #: Warnings and errors that the test wants to see.
        self.expected_log: set[str] = set()
        self.app = (
            App(settings) if real else App(settings, start=self._start, now=lambda: NOW, save_bundle=self._bundle)
        )
        # Tests are quicker than hands; the one test of the shield raises it again.
        self.app.window.shield.calm_ms = 0

    def _start(self, settings: Settings, *, launched_at: datetime) -> FakeWorkers:
        self.begun = True
        if self._failing:
            raise self._failing
        return self.workers

    def _bundle(self, settings: Settings) -> Path:
        return settings.home / "support" / "bundle.zip"

    def begin(self) -> None:
        """Open the window, and wait for nothing."""
        self.app.root.geometry("+300+200")
        self.app.open()

    def open(self) -> None:
        self.begin()
        self.wait(lambda: bool(self.app.root.winfo_viewable()), "the window to appear")
        self.wait(lambda: self.begun, "the workers to be started")

    def tell(self, *events: Event) -> None:
        """Let the workers say something, and wait until the window has heard it."""
        for event in events:
            self.workers.events.put(event)
        self.wait(self.workers.events.empty, "the events to be taken")
        self.settle()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Let Tk work until `condition` holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            # Wakes Tk where nothing else does; no busy loop.
            timer = self.app.root.after(10, lambda: None)
            self.app.root.tk.dooneevent(0)
            self.app.root.after_cancel(timer)

    def settle(self) -> None:
        """Let Tk finish what is due now."""
        self.app.root.update()

    def click(self, widget: tk.Misc) -> None:
        """Press a widget with the mouse."""
        self.wait(lambda: bool(widget.winfo_viewable()), f"{widget} to appear")
        self.settle()
        self.screen.click(
            widget.winfo_rootx() + widget.winfo_width() // 2,
            widget.winfo_rooty() + widget.winfo_height() // 2,
        )

    def press(self, *keys: str) -> None:
        """Press keys, after the window has the keyboard."""
        self.wait(lambda: self.app.root.focus_get() is not None, "the keyboard")
        if isinstance(there := self.screen, ScreenOfLinux):
            # Wine tells Tk of the focus before the screen has given it.
            titles = {self.app.root.title(), *(child.title() for child in toplevels(self.app.root))}
            self.wait(lambda: there.focused_title() in titles, "the screen's keyboard")
            # The first key that a window gets is lost at times: one that does nothing.
            there.do("key", "Shift_L")
        self.screen.do("key", "--clearmodifiers", *keys)

    def button(self, words: str) -> ttk.Button:
        """Return the button with these words that is to be seen, in the dialog if one is open."""
        found: list[ttk.Button] = []

        def visible() -> bool:
            found[:] = [
                widget
                for widget in inside(self.app.dialog.window if self.app.dialog else self.app.root)
                if isinstance(widget, ttk.Button) and widget.winfo_viewable() and widget["text"] == words
            ]
            return len(found) == 1

        self.wait(visible, f"the button {words!r}")
        return found[0]

    def press_button(self, words: str) -> None:
        """Press a button with the mouse."""
        self.click(self.button(words))

    def close_by_cross(self) -> None:
        """Press the cross of the main window's frame."""
        if isinstance(there := self.screen, ScreenOfLinux):
            # The title tells the state, which may change between two looks at it.
            self.wait(lambda: there.close_window(self.app.root.title()), "the window to be found")
            return
        frame = self.app.root.wm_frame()
        window = frame if int(frame, 16) else hex(self.app.root.winfo_id())
        subprocess.run(["wmctrl", "-i", "-c", window], env=self.screen.environment, check=True, timeout=PATIENCE_S)

    def run_to_end(self) -> ExitCode:
        """Let the window run until it ends by itself, and return what the process would."""
        self.wait(lambda: self.app.view is not None and self.app.view.finished, "the window to end")
        return self.take_down()

    def run(self) -> ExitCode:
        """Let the window open, run and close by itself."""
        self._up = False
        self._code = self.app.run()
        return self._code

    def take_down(self) -> ExitCode:
        """Close the window, once."""
        if self._up:
            self._up = False
            self._code = self.app.close()
            # Here and now: Tk's objects must not be found by a collection on a later worker's thread.
            del self.app
            gc.collect()
        return self._code

    @property
    def commands(self) -> list[object]:
        return self.workers.commands.taken


def toplevels(root: tk.Tk) -> list[tk.Toplevel]:
    return [child for child in root.winfo_children() if isinstance(child, tk.Toplevel)]


def descendants(widget: tk.Misc) -> Iterator[tk.Misc]:
    for child in widget.winfo_children():
        yield child
        yield from descendants(child)


def inside(window: tk.Misc) -> Iterator[tk.Misc]:
    """Return what is in that window, and not in those beside it."""
    for child in window.winfo_children():
        if child.winfo_class() != "Toplevel":
            yield child
            yield from inside(child)


def listed(count: int = 40, done: int = 12) -> FilesListed:
    """Return a list of files, of which the first `done` are stored."""

    def row(number: int) -> FileRow:
        if number < done:
            state, reason = FileState.STORED, ""
        elif number == done:
            state, reason = FileState.SENDING, ""
        elif number == count - 1:
            state, reason = FileState.CHANGING, ""
        elif number == count - 2:
            state, reason = FileState.WAITING, "it is open in another program; tried again in a minute"
        else:
            state, reason = FileState.WAITING, ""
        at = NOW - timedelta(minutes=80) + timedelta(seconds=100 * number)
        return FileRow("/data/Titan", f"20261123/scan_{number:04d}.ser", 84_200_000 + number, at, state, reason)

    return FilesListed(SESSION, tuple(map(row, range(count))), None)


def verified_list(count: int = 40) -> FilesListed:
    """Return a list of files that are all safe in the store."""
    rows = tuple(replace(row, state=FileState.VERIFIED, reason="") for row in listed(count, count).rows)
    return FilesListed(SESSION, rows, NOW - timedelta(seconds=5))


def started(**changes: Any) -> SessionStarted:
    event = SessionStarted(
        session_identifier=SESSION,
        instrument_name="FEI Titan TEM",
        user="ada",
        started_at=NOW - timedelta(hours=1, minutes=23, seconds=45),
        note="",
        continued=False,
        stored_in="file:///srv/nexuslims/Titan",
    )
    return replace(event, **changes)


def recorded(*, this_pc_only: bool = True, problem: Problem | None = None) -> RecordState:
    return RecordState(SESSION, recorded=problem is None, this_pc_only=this_pc_only, problem=problem)


def progress(**changes: Any) -> TransferProgress:
    event = TransferProgress(
        session_identifier=SESSION,
        stage=PassStage.SENDING,
        files_total=40,
        files_done=12,
        bytes_total=3_400_000_000,
        bytes_done=1_200_000_000,
        rate_bytes_per_s=18_300_000.0,
        seconds_left=120.0,
        last_good_pass_at=NOW - timedelta(seconds=20),
    )
    return replace(event, **changes)


def all_stored(**changes: Any) -> TransferProgress:
    return progress(
        **{
            "stage": PassStage.IDLE,
            "files_done": 40,
            "bytes_done": 3_400_000_000,
            "rate_bytes_per_s": 0.0,
            "seconds_left": None,
            **changes,
        },
    )


def interrupted(**changes: Any) -> InterruptedFound:
    event = InterruptedFound(
        session_identifier="6f1c0f4e-0000-4000-8000-000000000002",
        user="grace",
        started_at=NOW - timedelta(hours=26),
        last_activity_at=NOW - timedelta(hours=21),
        files_waiting=7,
        bytes_waiting=812_000_000,
        paused=False,
        same_user=False,
        suggestion=InterruptedChoice.END,
    )
    return replace(event, **changes)


def neighbour(**changes: Any) -> NeighbourFound:
    event = NeighbourFound(
        session_identifier="6f1c0f4e-0000-4000-8000-000000000003",
        user="grace",
        computer_name="TEM-PC-01",
        started_at=NOW - timedelta(hours=2),
        last_activity_at=NOW - timedelta(minutes=4),
        may_join=True,
        suggestion=NeighbourChoice.OWN,
    )
    return replace(event, **changes)


def asked_who(**changes: Any) -> tuple[Event, ...]:
    names = NamesRemembered(("Ada Lovelace", "Berta Benz", "Grace Hopper"), ("X-17",), asks_project=False)
    who = WhoIsWorking(SESSION, asks_name=True, asks_project=False)
    return (started(user=None, **changes), names, who)


def found_unassigned(**changes: Any) -> UnassignedFound:
    event = UnassignedFound(
        session_identifier=SESSION,
        files=5,
        bytes=620_000_000,
        names=("grid7/overview.tif", "grid7/scan_001.ser", "grid7/scan_002.ser"),
        first_at=NOW - timedelta(hours=5),
        last_at=NOW - timedelta(hours=3),
        previous_started_at=NOW - timedelta(hours=9),
        previous_ended_at=NOW - timedelta(hours=5, minutes=10),
    )
    return replace(event, **changes)


def quiet(**changes: Any) -> StillWorking:
    return replace(StillWorking(SESSION, NOW - timedelta(hours=4)), **changes)


def wrong_clock(**changes: Any) -> ClockInDoubt:
    return replace(ClockInDoubt(SESSION, NOW, 3_600_000, held=True), **changes)


def unknown() -> InstrumentUnknown:
    message = (
        "No instrument is registered for the computer TEM-PC-03. Ask the facility manager to register it, "
        "then press Try again."
    )
    return InstrumentUnknown("TEM-PC-03", Problem("Unknown computer", message, NOW))


def starting(step: StartStep) -> Starting:
    return Starting(step)


def ending() -> SessionEnding:
    return SessionEnding(SESSION, NOW - timedelta(seconds=30))


def stored(files: int = 40, missing: int = 0) -> SessionStored:
    return SessionStored(SESSION, files=files, bytes=files * 85_000_000, missing=missing)


def ready() -> SessionReady:
    return SessionReady(SESSION)


def waiting_file() -> WaitingFile:
    return WaitingFile("scan.ser", "still being written")

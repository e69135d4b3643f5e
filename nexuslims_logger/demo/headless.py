"""Plays a whole session by itself: a virtual screen, the real window in a process of its own, real clicks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from nexuslims_logger.demo.check import check
from nexuslims_logger.demo.play import STAGE_VARIABLE
from nexuslims_logger.demo.virtual_screen import Lines, VirtualScreen, end_process
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    Report = dict[str, Any]

#: Where the pictures go, below the present folder.
OUTPUT: Final = "demo-output"
NOTE: Final = "Grid 7: the broken corner, at 20 kx"
_PATIENCE_S: Final = 120.0
#: A click that has had no effect after this time is tried again: the window may have moved under it.
_AGAIN_S: Final = 3.0


class PlayFailed(StopAndTell):
    """The window did not do what a person would expect."""


def play() -> ExitCode:
    """Play a session, leave pictures of it, print what was recorded, and check it.

    Returns
    -------
    ExitCode
        COMPLETE, or FAILED with what was wrong on stderr.

    Raises
    ------
    ToolsMissing
        When a program is not installed.
    PlayFailed
        When the window did not come so far.
    """
    output = Path(OUTPUT).absolute()
    output.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nexuslims-demo-") as folder, VirtualScreen() as screen:
        stage = Path(folder)
        code = _session(screen, stage, output)
        print(f"Pictures of every screen: {output}\n")
        problems = check(stage)
    if code is not ExitCode.COMPLETE:
        problems.insert(0, f"the window ended with exit code {code}, not 0")
    for problem in problems:
        print(f"WRONG: {problem}", file=sys.stderr)
    print("The demo has failed." if problems else "Everything is as it should be.")
    return ExitCode.FAILED if problems else ExitCode.COMPLETE


def _session(screen: VirtualScreen, stage: Path, output: Path) -> ExitCode:
    """Do what a user does, from the start to the closing of the last screen."""
    with ExitStack() as stack:
        process = _start_window(stack, screen, stage)
        if process.stdout is None:
            raise PlayFailed("The window cannot be followed", "It was started without an output.")
        hand = Hand(screen, process.stdout, output)
        hand.wait(lambda seen: bool(seen["title"]), "the window to appear")
        hand.wait(lambda seen: seen["screen"] != "starting", "the session to start", picture="1-starting")
        hand.wait(lambda seen: seen["screen"] == "running", "the session to run")
        hand.press("Note", lambda seen: seen["editing"])
        screen.do("type", "--delay", "20", NOTE)
        hand.photograph("2-note")
        screen.do("key", "ctrl+Return")
        hand.wait(lambda seen: not seen["editing"], "the note's editor to close")
        hand.wait(lambda seen: not seen["title"].startswith("0/"), "the first file to be in the store")
        hand.photograph("3-running")
        # The last image is still being written then: the end has something to wait for.
        hand.wait(lambda seen: seen["title"].startswith("3/4 "), "all images but the last to be in the store")
        hand.press("End session", lambda seen: seen["screen"] in {"ending", "done"})
        hand.wait(lambda seen: seen["screen"] == "done", "the session to be complete", picture="4-ending")
        hand.photograph("5-done")
        hand.press("Close", lambda _: False, last=True)
        return ExitCode(process.wait(_PATIENCE_S))


def _start_window(stack: ExitStack, screen: VirtualScreen, stage: Path) -> subprocess.Popen[bytes]:
    """Start the real program, with a home and an environment of its own."""
    kept = {name: value for name, value in screen.environment.items() if not name.startswith("NEXUSLIMSGUI_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "nexuslims_logger", "demo"],
        env={**kept, "HOME": str(stage), "NEXUSLIMSGUI_HOME": str(stage / "home"), STAGE_VARIABLE: str(stage)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    stack.callback(end_process, process)
    return process


class Hand:
    """A person's eyes and hand: reads what the window reports, presses its buttons, takes pictures.

    Parameters
    ----------
    screen
        Where the window is.
    reports
        The window's output, unbuffered.
    output
        The folder for pictures.
    """

    def __init__(self, screen: VirtualScreen, reports: IO[bytes], output: Path) -> None:
        self._screen = screen
        self._reports = Lines(reports)
        self._output = output
        self.seen: Report = {"screen": "starting", "dialog": None, "title": "", "buttons": {}}

    def wait(self, condition: Callable[[Report], bool], what: str, *, picture: str = "") -> None:
        """Look until `condition` holds; until then, take a `picture` of what there is."""
        deadline = time.monotonic() + _PATIENCE_S
        self._look(0.0)
        while not condition(self.seen):
            if picture:
                self.photograph(picture)
                self._look(0.0)
                if condition(self.seen):  # it went by meanwhile: nobody knows what the picture shows
                    (self._output / f"{picture}.png").unlink()
                    return
                picture = ""
            left = deadline - time.monotonic()
            if left <= 0 or not self._look(left):
                self.photograph("failed")
                raise PlayFailed(
                    "The demo came to a stop",
                    f"It waited in vain for {what}. The window shows: {self.seen.get('state', 'nothing')}. "
                    f"A picture is in {self._output}.",
                )

    def press(self, words: str, effect: Callable[[Report], bool], *, last: bool = False) -> None:
        """Press a button until it has its `effect`; `last` when the window goes with it."""
        self.wait(lambda seen: words in seen["buttons"], f"the button {words!r}")
        deadline = time.monotonic() + _PATIENCE_S
        while words in self.seen["buttons"] and time.monotonic() < deadline:
            self._screen.click(*self.seen["buttons"][words])
            again_at = time.monotonic() + _AGAIN_S
            while (left := again_at - time.monotonic()) > 0 and not effect(self.seen):
                if not self._look(left) and last and self._reports.ended:
                    return
            if effect(self.seen):
                return
        self.wait(effect, f"the button {words!r} to have its effect")

    def photograph(self, name: str) -> None:
        """Take a picture of the whole screen."""
        self._screen.photograph(self._output / f"{name}.png")

    def _look(self, patience_s: float) -> bool:
        """Read the next report, and all that came after it; False when there is none in time."""
        line = self._reports.find(_is_report, patience_s)
        found = line is not None
        while line is not None:
            self.seen = json.loads(line)
            line = self._reports.find(_is_report, 0.0)
        return found


def _is_report(line: str) -> bool:
    return line.startswith("{") and line != "{}"

"""The virtual screen, as the tests under Wine have it: Linux's hands, asked for over the host."""

from __future__ import annotations

import os
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Final, Self

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from tests.windows.host import run_there

if TYPE_CHECKING:
    from pathlib import Path

#: Where Linux has Wine's drive C.
DRIVE_C_VARIABLE: Final = "NEXUSLIMS_TEST_DRIVE_C"


class ScreenOfLinux(VirtualScreen):
    """Works on the screen that Wine's windows are on. It is there before the tests, and after them."""

    def __enter__(self) -> Self:
        self.display = os.environ.get("DISPLAY", "")
        return self

    def do(self, *words: str) -> None:
        """Move, click and type: xdotool's commands."""
        _succeed(["xdotool", *words])

    def photograph(self, file: Path) -> None:
        """Write the whole screen as an image of few colours."""
        _succeed(["import", "-window", "root", "-strip", "-colors", "128", path_there(file)])

    def focused_title(self) -> str:
        """Return the title of the window that has the keyboard; "" when none has."""
        done = run_there(["xdotool", "getwindowfocus", "getwindowname"])
        return done.stdout.decode(errors="replace").strip()

    def close_window(self, title: str) -> bool:
        """Press the cross of the window with that title; False when there is none."""
        return run_there(["wmctrl", "-F", "-c", title]).returncode == 0


def path_there(path: Path) -> str:
    r"""Return what Linux calls a file of drive Z: or C:."""
    windows = PureWindowsPath(path)
    below = windows.as_posix()[len(windows.drive) :]
    return below if windows.drive.upper() == "Z:" else f"{os.environ[DRIVE_C_VARIABLE]}{below}"


def _succeed(words: list[str]) -> None:
    done = run_there(words)
    assert done.returncode == 0, f"{words}: {done.stderr.decode(errors='replace')}"

"""A screen of its own, with a window manager, and hands to work on it (Linux)."""

# ruff: noqa: S603, S607 - the programs are those of _TOOLS, wherever the system has them

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Final, Self

from nexuslims_logger.errors import StopAndTell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_SIZE: Final = "1280x1024x24"
_PATIENCE_S: Final = 20.0

#: The programs, and the Debian packages that have them.
_TOOLS: Final = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "xprop": "x11-utils",
    "import": "imagemagick",
}


class ToolsMissing(StopAndTell):
    """A program that works on the virtual screen is not installed."""


def require_tools() -> None:
    """Raise `ToolsMissing`, with all that is missing, unless every program is there."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        packages = " ".join(_TOOLS[tool] for tool in missing)
        raise ToolsMissing(
            "The virtual screen cannot be started",
            f"These programs are missing: {', '.join(missing)}. To install them: apt-get install {packages}",
        )


class Lines:
    """The lines of a pipe, read no further than the present one.

    Parameters
    ----------
    stream
        The reading end, unbuffered.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._begun = b""
        #: The writer has closed its end.
        self.ended = False

    def next(self, patience_s: float) -> str | None:
        """Return the next line, None when `patience_s` seconds brought none (0: only what is there) or it ended."""
        deadline = time.monotonic() + patience_s
        while select.select([self._stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
            byte = self._stream.read(1)
            if not byte:
                self.ended = True
                return None
            if byte == b"\n":
                line, self._begun = self._begun, b""
                return line.decode(errors="replace").strip()
            self._begun += byte
        return None

    def find(self, wanted: Callable[[str], bool], patience_s: float) -> str | None:
        """Return the first line that is `wanted`; None when there was none in time."""
        deadline = time.monotonic() + patience_s
        while (line := self.next(deadline - time.monotonic())) is not None:
            if wanted(line):
                return line
        return None


class VirtualScreen:
    """Xvfb and openbox, from ``with`` to its end.

    Parameters
    ----------
    size
        Width, height and depth, as Xvfb wants them.
    dpi
        Its density.

    Raises
    ------
    ToolsMissing
        When a program is not installed.
    """

    def __init__(self, size: str = _SIZE, dpi: int = 96) -> None:
        self._size = size
        self._dpi = dpi
        self._stack = ExitStack()
        #: As in the variable DISPLAY.
        self.display = ""
        #: Of its server and its window manager.
        self.pids: list[int] = []

    def __enter__(self) -> Self:
        require_tools()
        with ExitStack() as stack:
            self.display = f":{self._start_server(stack)}"
            self._start_window_manager(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """The process's environment, with this screen in it."""
        return {**os.environ, "DISPLAY": self.display}

    def do(self, *words: str) -> None:
        """Move, click and type: xdotool's commands."""
        subprocess.run(["xdotool", *words], env=self.environment, check=True, timeout=_PATIENCE_S)

    def click(self, x: int, y: int) -> None:
        """Press the left button there, as a hand would."""
        self.do("mousemove", str(x), str(y), "click", "1")

    def photograph(self, file: Path) -> None:
        """Write the whole screen as an image of few colours."""
        command = ["import", "-window", "root", "-strip", "-colors", "128", str(file)]
        subprocess.run(command, env=self.environment, check=True, timeout=_PATIENCE_S)

    def _start_server(self, stack: ExitStack) -> str:
        """Start Xvfb on a display that is free, and return its number."""
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb", buffering=0) as answer:
            command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", self._size]
            command += ["-dpi", str(self._dpi), "-nolisten", "tcp", "-noreset"]
            self.pids.append(_start(stack, command, dict(os.environ), pass_fds=(writer,)).pid)
            os.close(writer)
            number = Lines(answer).find(str.isdigit, _PATIENCE_S)
        if number is None:
            raise StopAndTell("The virtual screen did not start", "Xvfb ended or gave no answer.")
        return number

    def _start_window_manager(self, stack: ExitStack) -> None:
        """Start openbox and wait until it has taken over the screen."""
        self.pids.append(_start(stack, ["openbox", "--sm-disable"], self.environment).pid)
        watcher = ["xprop", "-root", "-spy"]
        process = _start(stack, watcher, self.environment, stdout=subprocess.PIPE)
        managed = process.stdout and Lines(process.stdout).find(
            lambda line: line.startswith("_NET_SUPPORTING_WM_CHECK"), _PATIENCE_S
        )
        if not managed:
            raise StopAndTell("The virtual screen did not start", "The window manager gave no sign of life.")
        process.terminate()


def _start(
    stack: ExitStack,
    command: list[str],
    environment: dict[str, str],
    *,
    stdout: int = subprocess.DEVNULL,
    pass_fds: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start a program that ends with `stack`."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        bufsize=0,
    )
    stack.callback(end_process, process)
    return process


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a program we started, by force when it does not listen."""
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()

"""What the first paint costs, beside that of an empty Tk window: processor seconds, the best of some tries.

The aim is 1.3 times the empty window at most.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from nexuslims_logger.demo.virtual_screen import VirtualScreen

EMPTY = "import tkinter; root = tkinter.Tk(); root.geometry('440x360'); root.update()"
OURS = "import nexuslims_logger.__main__; from nexuslims_logger.gui.first_paint import paint; root = paint()"
_CPU = "; import time; print(time.process_time())"
_TRIES = 20


def main() -> None:
    """Take turns, so that a busy machine changes both alike."""
    with VirtualScreen() as screen, tempfile.TemporaryDirectory() as home:
        environment = {**screen.environment, "HOME": home}
        pairs = [(_seconds(EMPTY, environment), _seconds(OURS, environment)) for _ in range(_TRIES)]
    empty, ours = (min(times) for times in zip(*pairs, strict=True))
    print(f"empty window {empty * 1000:.0f} ms, first paint {ours * 1000:.0f} ms: {ours / empty:.2f} times")


def _seconds(code: str, environment: dict[str, str]) -> float:
    done = subprocess.run(  # noqa: S603 - this interpreter, with our own words
        [sys.executable, "-c", code + _CPU], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout)


if __name__ == "__main__":
    main()

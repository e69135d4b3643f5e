"""Linux's own programs, for a test on any system: under Wine, Linux is asked to run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.windows.host import run_there
from tests.windows.screen import path_there

_PATIENCE_S = 120.0


def run_linux(*words: str | Path, cwd: Path | None = None, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program that `tests.windows.host` knows, with a `Path` wherever a word is one, and return what it said."""
    if sys.platform == "win32":
        command = [path_there(word) if isinstance(word, Path) else word for word in words]
        there = run_there(command, path_there(cwd) if cwd else None, given.replace("\r\n", "\n").encode())
        return subprocess.CompletedProcess(command, there.returncode, there.stdout.decode(), there.stderr.decode())
    return subprocess.run(
        words, input=given, cwd=cwd, capture_output=True, encoding="utf-8", check=False, timeout=_PATIENCE_S
    )

"""Shows a folder in the desktop's own program for files."""

from __future__ import annotations

import subprocess
import sys

#: Started, and perhaps not ended yet; kept so that nobody asks what became of them.
_started: list[subprocess.Popen[bytes]] = []


def open_folder(folder: str) -> bool:
    """Start that program, without waiting for it; False when there is none."""
    program = {"win32": "explorer", "darwin": "open"}.get(sys.platform, "xdg-open")
    try:
        process = subprocess.Popen(  # noqa: S603 - a folder's name as the only argument of a known program
            [program, folder], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return False
    _started[:] = [*(one for one in _started if one.poll() is None), process]
    return True

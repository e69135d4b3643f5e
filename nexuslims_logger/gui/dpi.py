"""Sharp text on Windows screens of any density."""

from __future__ import annotations

import sys

#: PROCESS_SYSTEM_DPI_AWARE: one density for all screens, which is all that Tk 8.6 can follow.
_SYSTEM_AWARE = 1


def announce_awareness() -> None:
    """Tell Windows, before the first window, that we scale ourselves; elsewhere do nothing."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(_SYSTEM_AWARE)

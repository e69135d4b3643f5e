"""What Windows wants to be told of a window: that its text is sharp on any screen, and where its icon is."""

from __future__ import annotations

import contextlib
import sys
import tkinter as tk

#: PROCESS_SYSTEM_DPI_AWARE: one density for all screens, which is all that Tk 8.6 can follow.
_SYSTEM_AWARE = 1


def announce_awareness() -> None:
    """Tell Windows, before the first window, that we scale ourselves; elsewhere do nothing."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(_SYSTEM_AWARE)


def take_icon(root: tk.Tk) -> None:
    """Give every window the executable's icon; elsewhere, and without an executable of our own, do nothing."""
    if sys.platform == "win32" and getattr(sys, "frozen", False):
        with contextlib.suppress(tk.TclError):  # an icon is not worth a window
            root.iconbitmap(default=sys.executable)

"""Whether somebody uses mouse or keyboard: of the whole PC where it can be asked (Windows), else of this window."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import tkinter as tk

#: How often it is looked at, in calls, one each second; and how long ago counts as now.
_EVERY: Final = 20
_LATELY_MS: Final = 30_000


class Hands:
    """Looks now and then.

    Parameters
    ----------
    root
        Tk's root window.
    """

    def __init__(self, root: tk.Tk) -> None:
        self._calls = 0
        self._seen = False
        for event in ("<KeyPress>", "<ButtonPress>", "<Motion>"):
            root.bind_all(event, self._see, add="+")

    def moved_lately(self) -> bool:
        """Say whether somebody is there; to be called each second, mostly False."""
        self._calls += 1
        if self._calls % _EVERY:
            return False
        idle_ms = _idle_ms()
        seen, self._seen = self._seen, False
        return seen or (idle_ms is not None and idle_ms < _LATELY_MS)

    def _see(self, _event: object) -> None:
        self._seen = True


def _idle_ms() -> int | None:
    """Return how long ago the PC's mouse or keyboard was last used; None where nobody can say."""
    if sys.platform == "win32":
        import ctypes

        last = (ctypes.c_uint * 2)(8, 0)  # LASTINPUTINFO: its size, and the tick of the last input
        if ctypes.windll.user32.GetLastInputInfo(ctypes.byref(last)):
            # Ticks begin anew after 49 days.
            return int((ctypes.windll.kernel32.GetTickCount() - last[1]) & 0xFFFFFFFF)
    return None

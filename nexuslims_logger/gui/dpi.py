"""Sharp text on Windows screens of any density, and distances in proportion to it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import tkinter as tk

    from nexuslims_logger.gui.place import Place

#: PROCESS_SYSTEM_DPI_AWARE: one density for all screens, which is all that Tk 8.6 can follow.
_SYSTEM_AWARE = 1
#: What a window's own frame and the task bar take of the height, in units of 6 points.
FRAME_UNITS = 9


def announce_awareness() -> None:
    """Tell Windows, before the first window, that we scale ourselves; elsewhere do nothing."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(_SYSTEM_AWARE)


def unit(root: tk.Misc) -> int:
    """Return the grid of all distances in pixels: 6 points, 8 pixels at 96 dpi."""
    return max(4, round(root.winfo_fpixels("6p")))


def reduction(root: tk.Misc, text_size: int) -> float:
    """Return by how much distances and text must shrink (1.0: not at all), lest the window outgrows a small screen.

    Parameters
    ----------
    root
        On that screen.
    text_size
        The wanted one, in points.
    """
    whole = unit(root)
    # Measured: what the tallest screen, with a long remedy in several lines, takes at this size of the text.
    needed = whole * (13 + 5 * text_size)
    return min(1.0, (root.winfo_screenheight() - FRAME_UNITS * whole) / needed)


def at_the_edge(root: tk.Misc, width: int, height: int) -> str:
    """Return the geometry of a window of that size on the right: the middle is the acquisition program's.

    A place that the window manager had chosen would be unknown to Tk, which moves the window to the corner at its next
    change of size.
    """
    x, y = root.winfo_screenwidth() - width - 3 * unit(root), root.winfo_screenheight() // 10
    return f"{width}x{height}+{max(0, x)}+{y}"


def fitted(root: tk.Misc, place: Place) -> str:
    """Return the geometry of a remembered place, on the desktop as it is today."""
    return place.on_screen(
        root.winfo_vrootwidth(), root.winfo_vrootheight(), root.winfo_vrootx(), root.winfo_vrooty()
    ).geometry

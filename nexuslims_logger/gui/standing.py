"""Where the window stands at first, and what is remembered of that for the next time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import dpi, place

if TYPE_CHECKING:
    import tkinter as tk

    from nexuslims_logger.config import Settings
    from nexuslims_logger.gui.palette import Palette

_GEOMETRY: Final = re.compile(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)")


def first_geometry(root: tk.Tk, settings: Settings, usual_size: tuple[int, int]) -> str:
    """Return the geometry of the last time; the first time the usual size, at the edge of the screen."""
    remembered = place.read(str(settings.home))
    return dpi.fitted(root, remembered) if remembered else dpi.at_the_edge(root, *usual_size)


def remember(root: tk.Tk, settings: Settings, palette: Palette) -> None:
    """Write down where the window stands and how it looks, if the program has a folder by now."""
    found = _GEOMETRY.fullmatch(root.geometry())
    if found and settings.home.is_dir():
        width, height, x, y = map(int, found.groups())
        present = place.Place(width, height, x, y, palette.ground, palette.text, settings.text_size)
        place.write(str(settings.home), present)

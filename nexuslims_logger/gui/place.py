"""Where the window stood the last time, and in which colours, so that it comes back the same at once.

Read before the first paint: no module of ours, and nothing slow of the standard library.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # `typing` is slow to load
if TYPE_CHECKING:
    from typing import NamedTuple

    class _Fields(NamedTuple):
        width: int
        height: int
        x: int
        y: int
        ground: str
        text: str
        text_size: int
else:
    from collections import namedtuple

    _Fields = namedtuple("_Fields", "width height x y ground text text_size")  # noqa: PYI024 - see above

_NAME = "window.txt"


class Place(_Fields):
    """What is remembered of the window.

    Attributes
    ----------
    width, height, x, y
        In pixels; of the whole desktop.
    ground, text
        Colours, as in ``#f7f8fb``.
    text_size
        In points.
    """

    __slots__ = ()

    def on_screen(self, width: int, height: int, left: int = 0, top: int = 0) -> Place:
        """Return the same place, moved as far as it takes to be seen on a desktop of that size.

        Parameters
        ----------
        width, height, left, top
            Of the whole desktop, in pixels; with a second screen on the left or above, `left` or `top` is negative.
        """
        x = min(max(self.x, left), max(left, left + width - self.width))
        y = min(max(self.y, top), max(top, top + height - self.height))
        return self._replace(x=x, y=y)

    @property
    def geometry(self) -> str:
        """As Tk wants it."""
        return f"{self.width}x{self.height}+{self.x}+{self.y}"


def usual_folder() -> str:
    """Return the program's folder as far as it can be known before the settings are read."""
    home = os.environ.get("NEXUSLIMSGUI_HOME")
    return home or os.path.join(os.path.expanduser("~"), "nexuslims", "gui")  # noqa: PTH111, PTH118 - pathlib is slow to load


def read(folder: str) -> Place | None:
    """Return what is remembered in `folder`; None for nothing, or nothing that makes sense."""
    try:
        with open(os.path.join(folder, _NAME), encoding="ascii") as file:  # noqa: PTH118, PTH123 - as above
            width, height, x, y, ground, text, text_size = file.read(200).split()
        place = Place(int(width), int(height), int(x), int(y), ground, text, int(text_size))
    except (OSError, ValueError):
        return None
    return place if all(_is_colour(colour) for colour in (ground, text)) else None


def write(folder: str, place: Place) -> None:
    """Remember `place`; not worth a word when that is impossible."""
    try:
        with open(os.path.join(folder, _NAME), "w", encoding="ascii") as file:  # noqa: PTH118, PTH123 - as above
            file.write(" ".join(map(str, place)))
    except OSError:
        return


def _is_colour(words: str) -> bool:
    return len(words) == len("#rrggbb") and words[0] == "#" and all(digit in "0123456789abcdef" for digit in words[1:])

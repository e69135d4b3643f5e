"""The window's icon: a page with a line, and a sign for the state; its shape differs with its colour."""

from __future__ import annotations

import tkinter as tk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui.view import Tone

if TYPE_CHECKING:
    from nexuslims_logger.gui.palette import Palette

_SIZE: Final = 32

#: The sign in the lower right corner, 12 x 12: ``#`` is its ground, ``o`` what stands on it.
_SIGNS: Final = {
    Tone.CALM: ("  ########  ", " ########## ", "############", "############", "####oooo####", "####oooo####",
                "####oooo####", "####oooo####", "############", "############", " ########## ", "  ########  "),
    Tone.GOOD: ("  ########  ", " ########## ", "############", "#########o##", "########oo##", "##o####oo###",
                "##oo##oo####", "###oooo#####", "####oo######", "############", " ########## ", "  ########  "),
    Tone.BUSY: ("  ########  ", " ####oo#### ", "####oooo####", "###oooooo###", "##oo#oo#oo##", "#####oo#####",
                "#####oo#####", "#####oo#####", "#####oo#####", "#####oo#####", " ########## ", "  ########  "),
    Tone.WAITING: ("############", "############", "############", "############", "############", "#oo##oo##oo#",
                   "#oo##oo##oo#", "############", "############", "############", "############", "############"),
    Tone.PROBLEM: ("     ##     ", "     ##     ", "    ####    ", "    #oo#    ", "   ##oo##   ", "   ##oo##   ",
                   "  ###oo###  ", "  ###oo###  ", " ########## ", " ####oo#### ", "#####oo#####", "############"),
}  # fmt: skip


class Icons:
    """The icons of one window, made when they are first needed and kept as long as the window.

    Parameters
    ----------
    root
        Whose they are.
    palette
        Its colours.
    """

    def __init__(self, root: tk.Tk, palette: Palette) -> None:
        self._root = root
        self._palette = palette
        self._made: dict[Tone, tk.PhotoImage] = {}

    def show(self, tone: Tone) -> None:
        """Show the state in title bar and task bar, in this window and those that open later."""
        if tone not in self._made:
            self._made[tone] = self._draw(tone)
        self._root.iconphoto(True, self._made[tone])
        # On Windows that may be for later windows alone.
        self._root.iconphoto(False, self._made[tone])

    def _draw(self, tone: Tone) -> tk.PhotoImage:
        image = tk.PhotoImage(master=self._root, width=_SIZE, height=_SIZE)
        accent, sign = self._palette.primary.ground, self._palette.tones[tone].text
        image.put(accent, to=(3, 1, 27, 30))
        for top, right in ((6, 23), (11, 23), (16, 18)):
            image.put("#ffffff", to=(7, top, right, top + 2))
        for y, row in enumerate(_SIGNS[tone]):
            for x, mark in enumerate(row):
                if mark != " ":
                    # Enlarged by half: 12 cells on 18 pixels.
                    left, top = 14 + x * 3 // 2, 14 + y * 3 // 2
                    corner = (left, top, 14 + (x + 1) * 3 // 2, 14 + (y + 1) * 3 // 2)
                    image.put(sign if mark == "#" else "#ffffff", to=corner)
        return image

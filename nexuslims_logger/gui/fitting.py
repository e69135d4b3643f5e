"""Names and paths in little room: shortened in the middle, or broken behind a separator. No Tk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"
#: Behind these a path may go on in the next line.
_PIECES: Final = re.compile(r"[^/\\]*[/\\]+|[^/\\]+")


def shorten(text: str, room: int, measure: Callable[[str], int]) -> str:
    """Return `text`, without so much of its middle that it fits: names differ in their ends.

    Parameters
    ----------
    room
        In pixels.
    measure
        Returns how wide a text is, in pixels.
    """
    if measure(text) <= room:
        return text
    least, most = 0, len(text) - 1
    while least < most:
        kept = (least + most + 1) // 2
        if measure(_without_middle(text, kept)) <= room:
            least = kept
        else:
            most = kept - 1
    return _without_middle(text, least)


def shorten_words(text: str, room: int, measure: Callable[[str], int]) -> str:
    """Return `text` with each of its words short enough for a line of its own."""
    return " ".join(shorten(word, room, measure) for word in text.split(" "))


def fold(path: str, room: int, measure: Callable[[str], int]) -> str:
    """Return the whole `path` in lines that fit, broken behind separators; a wider name breaks where it must."""
    lines = [""]
    for piece in _PIECES.findall(path):
        if measure(lines[-1] + piece) <= room:
            lines[-1] += piece
            continue
        lines.append("")
        for letter in piece:
            if measure(lines[-1] + letter) > room:
                lines.append("")
            lines[-1] += letter
    return "\n".join(line for line in lines if line)


def _without_middle(text: str, kept: int) -> str:
    head = kept // 2
    return f"{text[:head]}{_ELLIPSIS}{text[len(text) - kept + head :]}"

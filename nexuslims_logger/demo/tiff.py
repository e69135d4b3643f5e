"""Grey micrographs as baseline TIFF, strip by strip, so that they can be written as slowly as a camera does.

Source: TIFF Revision 6.0, Adobe 1992, part 1, "Baseline Grayscale Images".
"""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROWS_PER_STRIP = 64
_ASCII, _SHORT, _LONG, _RATIONAL = 2, 3, 4, 5
_BLACK_IS_ZERO = 1
_NO_UNIT = 1


def tiff_blocks(width: int, height: int, bits: int, rows: Iterable[bytes], description: str) -> Iterator[bytes]:
    """Yield a TIFF file in pieces: first everything that describes it, then strip after strip.

    Parameters
    ----------
    width, height
        Pixels.
    bits
        A pixel's, 8 or 16.
    rows
        The pixels from the top, each row from the left; 16 bits little-endian.
    description
        What other programs show of the image; ASCII.
    """
    row_bytes = width * bits // 8
    strips = [min(_ROWS_PER_STRIP, height - first) * row_bytes for first in range(0, height, _ROWS_PER_STRIP)]
    text = description.encode("ascii") + b"\0"
    padding = b"\0" * (len(text) % 2)  # values begin at even offsets
    resolution = struct.pack("<2L", 1, 1)
    fields = 12
    text_at = 8 + 2 + fields * 12 + 4
    resolution_at = text_at + len(text) + len(padding)
    offsets_at = resolution_at + len(resolution)
    counts_at = offsets_at + 4 * len(strips)
    pixels_at = counts_at + 4 * len(strips)
    offsets = list(itertools.accumulate(strips[:-1], initial=pixels_at))
    # What fits into four bytes stands in the field itself.
    alone, short = len(strips) == 1, len(text) <= 4  # noqa: PLR2004 - see above
    directory = [
        (256, _LONG, 1, width),
        (257, _LONG, 1, height),
        (258, _SHORT, 1, bits),
        (259, _SHORT, 1, 1),  # not compressed
        (262, _SHORT, 1, _BLACK_IS_ZERO),
        (270, _ASCII, len(text), int.from_bytes(text, "little") if short else text_at),
        (273, _LONG, len(strips), offsets[0] if alone else offsets_at),
        (278, _LONG, 1, _ROWS_PER_STRIP),
        (279, _LONG, len(strips), strips[0] if alone else counts_at),
        (282, _RATIONAL, 1, resolution_at),
        (283, _RATIONAL, 1, resolution_at),
        (296, _SHORT, 1, _NO_UNIT),
    ]
    head = b"II" + struct.pack("<HLH", 42, 8, fields)
    head += b"".join(struct.pack("<HHLL", *field) for field in directory)
    head += struct.pack("<L", 0) + text + padding + resolution
    yield head + struct.pack(f"<{2 * len(strips)}L", *offsets, *strips)
    remaining = iter(rows)
    for _ in strips:
        yield b"".join(itertools.islice(remaining, _ROWS_PER_STRIP))

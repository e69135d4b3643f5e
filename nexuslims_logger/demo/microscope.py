"""A microscope that is not there: it writes valid micrographs the way a real one does."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nexuslims_logger.demo.tiff import tiff_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

_BETWEEN_IMAGES_S = 0.5
_NOISE_BYTES = 1 << 16
_PARTICLES = 40
#: Bright film and dark particles, both noisy: from an even distribution of bytes to shades of grey.
_FILM = bytes(150 + noise // 4 for noise in range(256))
_PARTICLE = bytes(40 + noise // 5 for noise in range(256))


@dataclass(frozen=True)
class _Shot:
    """One image; `write_s` is how long its writing takes."""

    width: int
    height: int
    bits: int
    write_s: float
    name: str = "grid7_{number:04}.tif"


#: What the microscope takes again and again.
_PLAN = (
    _Shot(512, 512, 8, 0.5),
    _Shot(200, 150, 8, 0.1),
    _Shot(1024, 1024, 16, 1.0, "overview/échantillon 7 vue générale {number:04}.tif"),
    _Shot(2048, 1536, 16, 6.0),  # caught half-written by everybody who looks
    _Shot(1000, 701, 16, 0.5),
    _Shot(64, 40, 16, 0.0),
)
#: After so many images the first one of the plan is taken again, under its old name.
_RETAKEN_AFTER = 2


class Microscope:
    """Writes micrographs into dated sub-folders of a watch folder.

    Parameters
    ----------
    folder
        The watch folder.
    day
        Names the sub-folder.
    images
        How many to write; None: until nobody asks for more.
    seed
        Other numbers give other images.
    """

    def __init__(self, folder: Path, day: date, *, images: int | None = 8, seed: int = 1) -> None:
        self._folder = folder / day.isoformat()
        self._images = images
        self._seed = seed

    def steps(self) -> Iterator[float]:
        """Write, and yield the seconds to wait before the next call goes on writing.

        A file is open between two steps; closing the generator leaves it half-written.
        """
        numbers = itertools.count(1) if self._images is None else range(1, self._images + 1)
        for number in numbers:
            turn = (number - 1) % len(_PLAN)
            yield from self._take(_PLAN[turn], number, take=1)
            if turn == _RETAKEN_AFTER:
                retaken = number - turn
                yield from self._take(replace(_PLAN[0], write_s=1.0), retaken, take=2)

    def _take(self, shot: _Shot, number: int, take: int) -> Iterator[float]:
        path = self._folder / shot.name.format(number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        description = f"NexusLIMS-Logger demo, image {number}, take {take}"
        rows = _rows(shot, f"{self._seed}/{number}/{take}")
        blocks = list(tiff_blocks(shot.width, shot.height, shot.bits, rows, description))
        with path.open("wb") as file:
            for block in blocks:
                file.write(block)
                file.flush()
                if block is not blocks[-1]:
                    yield shot.write_s / len(blocks)
        yield _BETWEEN_IMAGES_S


def _rows(shot: _Shot, seed: str) -> Iterator[bytes]:
    """Draw dark particles on a bright film."""
    noise = hashlib.shake_128(seed.encode("ascii")).digest(_NOISE_BYTES + shot.width)
    discs = [
        (
            int.from_bytes(noise[at : at + 2], "little") % shot.width,
            int.from_bytes(noise[at + 2 : at + 4], "little") % shot.height,
            3 + noise[at + 4] * shot.height // (256 * 10),
        )
        for at in range(0, 5 * _PARTICLES, 5)
    ]
    for y in range(shot.height):
        # Neighbouring rows take their noise from places far apart.
        begin = y * 7919 % _NOISE_BYTES
        grain = noise[begin : begin + shot.width]
        row = bytearray(grain.translate(_FILM))
        for x, middle, radius in discs:
            if abs(y - middle) < radius:
                half = int((radius**2 - (y - middle) ** 2) ** 0.5)
                inside = slice(max(x - half, 0), x + half)
                row[inside] = grain[inside].translate(_PARTICLE)
        if shot.bits == 16:  # noqa: PLR2004 - the other depth
            deep = bytearray(2 * shot.width)
            deep[0::2], deep[1::2] = grain, row
            row = deep
        yield bytes(row)

"""Draw the program's icon: a specimen between the poles of a lens, and a tick for "it is safe".

Use: ``python packaging/icon.py FILE.ico``
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
_GRID = 256
_GROUND = "#1f4e79"
_BEAM = "#9fc5e8"
_METAL = "#ffffff"
_GOOD = "#6cc24a"


def draw() -> Image.Image:
    """Return the icon in its largest size."""
    image = Image.new("RGBA", (_GRID, _GRID), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((8, 8, 247, 247), radius=48, fill=_GROUND)
    pen.polygon(((112, 28), (144, 28), (132, 128), (160, 228), (96, 228), (124, 128)), fill=_BEAM)
    for left, right in ((36, 100), (156, 220)):
        pen.rounded_rectangle((left, 64, right, 100), radius=10, fill=_METAL)
    pen.rounded_rectangle((48, 122, 208, 136), radius=6, fill=_METAL)
    pen.line(((136, 184), (168, 214), (224, 152)), fill=_GOOD, width=26, joint="curve")
    return image


def write(path: Path) -> None:
    """Write every size that Windows asks for into one file."""
    draw().save(path, format="ICO", sizes=[(size, size) for size in _SIZES])


if __name__ == "__main__":
    write(Path(sys.argv[1]))

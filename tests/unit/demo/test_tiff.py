from __future__ import annotations

import io

import pytest
from PIL import Image

from nexuslims_logger.demo.tiff import tiff_blocks


def pixels_of(width: int, height: int, bits: int) -> list[list[int]]:
    return [[(x * 7 + y * 13) % (1 << bits) for x in range(width)] for y in range(height)]


def as_rows(pixels: list[list[int]], bits: int) -> list[bytes]:
    return [b"".join(value.to_bytes(bits // 8, "little") for value in row) for row in pixels]


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 5), (33, 64), (40, 65), (100, 200)])
@pytest.mark.parametrize("description", ["even", "odd"])
def test_other_programs_read_every_pixel(width: int, height: int, bits: int, description: str) -> None:
    pixels = pixels_of(width, height, bits)
    blocks = list(tiff_blocks(width, height, bits, as_rows(pixels, bits), description))
    with Image.open(io.BytesIO(b"".join(blocks))) as image:
        assert image.format == "TIFF"
        assert image.size == (width, height)
        assert image.mode == {8: "L", 16: "I;16"}[bits]
        assert [[image.getpixel((x, y)) for x in range(width)] for y in range(height)] == pixels
        assert image.getexif()[270] == description


def test_an_image_comes_in_pieces_of_a_bounded_size() -> None:
    blocks = list(tiff_blocks(100, 200, 8, as_rows(pixels_of(100, 200, 8), 8), "pieces"))
    assert [len(block) for block in blocks[1:]] == [6400, 6400, 6400, 800]


def test_the_rows_are_drawn_when_they_are_written() -> None:
    drawn = []

    def rows() -> list[bytes]:
        raise AssertionError

    def draw(y: int) -> bytes:
        drawn.append(y)
        return bytes(10)

    blocks = tiff_blocks(10, 200, 8, (draw(y) for y in range(200)), "lazy")
    next(blocks)
    assert drawn == []
    next(blocks)
    assert drawn == list(range(64))

from __future__ import annotations

import pytest

from nexuslims_logger.gui.side_window import Rectangle, beside

SCREEN = (1280, 950)
MAIN = (440, 470)
WANTED = (720, 560)
LEAST = (360, 240)


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0, 100, Rectangle(448, 100, 720, 560)),
        (832, 100, Rectangle(104, 100, 720, 560)),
        (300, 200, Rectangle(748, 200, 524, 560)),  # narrower, rather than low
        (300, 900, Rectangle(748, 390, 524, 560)),
    ],
)
def test_a_window_stands_where_most_of_it_has_room_beside_the_main_one(x: int, y: int, place: Rectangle) -> None:
    assert beside(Rectangle(x, y, *MAIN), SCREEN, WANTED, LEAST) == place


def test_it_goes_below_where_the_sides_have_no_room() -> None:
    assert beside(Rectangle(420, 0, *MAIN), SCREEN, WANTED, LEAST) == Rectangle(420, 502, 720, 448)


def test_without_room_anywhere_it_hides_as_little_as_it_can() -> None:
    assert beside(Rectangle(180, 60, *MAIN), (800, 520), WANTED, LEAST) == Rectangle(72, 0, 720, 520)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.gui import place
from nexuslims_logger.gui.place import Place

if TYPE_CHECKING:
    from pathlib import Path

HERE = Place(440, 360, 300, 200, "#f7f8fb", "#1c2230", 10)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    place.write(str(tmp_path), HERE)

    assert place.read(str(tmp_path)) == HERE


def test_nothing_is_remembered_where_nothing_can_be(tmp_path: Path) -> None:
    place.write(str(tmp_path / "none"), HERE)

    assert place.read(str(tmp_path / "none")) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"440", b"440 360 300 200 red #1c2230 10", b"440 360 300 200 #f7f8fb #1c2230 ten", b"\xff\xfe", b"x" * 9000],
)
def test_nonsense_is_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "window.txt").write_bytes(content)

    assert place.read(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("x", "y", "desktop", "expected"),
    [
        (300, 200, (1920, 1080), (300, 200)),
        (3000, 200, (1920, 1080), (1480, 200)),  # the second screen has gone
        (-900, 50, (3840, 1080, -1920, 0), (-900, 50)),  # on the left one
        (-900, 50, (1920, 1080), (0, 50)),
        (300, 2000, (300, 200), (0, 0)),  # smaller than the window
    ],
)
def test_the_window_comes_back_where_it_can_be_seen(
    x: int, y: int, desktop: tuple[int, ...], expected: tuple[int, int]
) -> None:
    found = HERE._replace(x=x, y=y).on_screen(*desktop)

    assert (found.x, found.y) == expected


def test_the_usual_folder_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUSLIMSGUI_HOME", "/somewhere")
    assert place.usual_folder() == "/somewhere"

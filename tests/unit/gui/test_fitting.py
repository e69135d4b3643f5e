"""Names and paths in little room; a letter is one pixel wide."""

from __future__ import annotations

import pytest

from nexuslims_logger.gui.fitting import fold, shorten, shorten_words


@pytest.mark.parametrize(
    ("room", "fitting"),
    [(13, "scan_0001.ser"), (12, "scan_…01.ser"), (5, "sc…er"), (1, "…"), (0, "…")],
)
def test_a_name_loses_its_middle(room: int, fitting: str) -> None:
    assert shorten("scan_0001.ser", room, len) == fitting


def test_only_the_long_words_of_a_sentence_are_shortened() -> None:
    assert shorten_words("Waiting for scan_0001.ser: open", 8, len) == "Waiting for sca….ser: open".replace(
        "sca….ser:", shorten("scan_0001.ser:", 8, len)
    )


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/data/Titan/x.ser", "/data/\nTitan/\nx.ser"),
        (r"D:\EMData\a", "D:\\\nEMData\\a"),
        ("short", "short"),
        ("folder/long_name.ser", "folder/\nlong_nam\ne.ser"),
    ],
)
def test_a_path_breaks_behind_its_separators(path: str, lines: str) -> None:
    assert fold(path, 8, len) == lines

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.demo.virtual_screen import Lines, ToolsMissing, require_tools

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolsMissing) as caught:
        require_tools()

    assert "Xvfb, openbox, xdotool, xprop, import" in caught.value.message
    assert "apt-get install xvfb openbox xdotool x11-utils imagemagick" in caught.value.message


def test_lines_are_read_as_they_come() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stream, os.fdopen(writing, "wb", buffering=0) as pen:
        lines = Lines(stream)
        pen.write(b"one\ntwo\nthr")

        assert lines.next(0.0) == "one"
        assert lines.find(str.isupper, 0.0) is None
        pen.write(b"ee\n")
        assert lines.next(0.0) == "three"
        assert not lines.ended
        pen.close()
        assert lines.next(5.0) is None
        assert lines.ended


def test_waiting_for_a_line_has_an_end() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as stream, os.fdopen(writing, "wb", buffering=0):
        begun = time.monotonic()

        assert Lines(stream).next(0.05) is None
        assert time.monotonic() - begun >= 0.05

"""The command ``demo --headless`` as a newcomer types it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = ("2-note", "3-running", "5-done")


def test_a_whole_session_plays_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nexuslims_logger", "demo", "--headless"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("TO_BE_BUILT") == 2
    assert done.stdout.count("UPLOADED") == 4
    assert "Everything is as it should be." in done.stdout
    for name in PICTURES:
        with Image.open(tmp_path / "demo-output" / f"{name}.png") as picture:
            assert picture.size == (1280, 1024)
            assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 16

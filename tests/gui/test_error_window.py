from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from nexuslims_logger.demo.virtual_screen import Lines

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.demo.virtual_screen import VirtualScreen


def test_a_wrong_setting_is_shown_in_a_window(screen: VirtualScreen, tmp_path: Path) -> None:
    environment = {**screen.environment, "HOME": str(tmp_path), "NEXUSLIMSGUI_TEXT_SIZE": "big"}
    with (
        subprocess.Popen(
            ["xprop", "-root", "-spy", "_NET_CLIENT_LIST"],
            env=environment,
            stdout=subprocess.PIPE,
            bufsize=0,
        ) as watcher,
        subprocess.Popen(
            [sys.executable, "-m", "nexuslims_logger"], env=environment, stderr=subprocess.PIPE, text=True
        ) as program,
    ):
        assert watcher.stdout is not None
        line = Lines(watcher.stdout).find(lambda line: "0x" in line, 30)
        assert line is not None, "no window came"
        window = line.rpartition("# ")[2].split(",")[0]
        with subprocess.Popen(
            ["xprop", "-id", window, "-spy", "_NET_WM_NAME"], env=environment, stdout=subprocess.PIPE, bufsize=0
        ) as title:
            assert title.stdout is not None
            seen = Lines(title.stdout).find(lambda line: "Not started - NexusLIMS Logger" in line, 30)
            title.terminate()
        subprocess.run(["wmctrl", "-i", "-c", window], env=environment, check=True)
        _, told = program.communicate(timeout=30)
        watcher.terminate()

    assert seen is not None, "the title never told"
    assert program.returncode == 2
    assert "NEXUSLIMSGUI_TEXT_SIZE" in told


def test_without_a_screen_it_is_told_on_the_console(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-m", "nexuslims_logger"],
        env={**environment, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "The window cannot be opened" in done.stderr
    assert "headless" in done.stderr

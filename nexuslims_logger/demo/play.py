"""The command ``demo``: the window on a throw-away embedded default, with a simulated microscope."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nexuslims_logger import logs
from nexuslims_logger.demo.scene import throw_away, watch_folder

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings
    from nexuslims_logger.exit_codes import ExitCode

#: Set for the child that plays in front of ``demo --headless``: the folder to play in, which it leaves as it is.
STAGE_VARIABLE: Final = "NEXUSLIMS_LOGGER_DEMO_STAGE"


def run(settings: Settings, *, headless: bool) -> ExitCode:
    """Show the window until it is closed; or, with `headless`, play a whole session on a virtual screen. Blocks.

    Parameters
    ----------
    settings
        For the look of the window; database, store and folders are the demo's own.
    headless
        Press the buttons, too, and check what was recorded.

    Returns
    -------
    ExitCode
        As of the window; with `headless` FAILED when something was not as it should be.

    Raises
    ------
    ToolsMissing
        With `headless`, when a program is not installed.
    """
    if headless:
        from nexuslims_logger.demo import headless as player

        return player.play()
    if stage := os.environ.get(STAGE_VARIABLE):
        return _show(settings, Path(stage), reporting=True)
    with tempfile.TemporaryDirectory(prefix="nexuslims-demo-", ignore_cleanup_errors=True) as folder:
        return _show(settings, Path(folder), reporting=False)


def _show(settings: Settings, folder: Path, *, reporting: bool) -> ExitCode:
    from nexuslims_logger.demo.window import DemoWindow

    scene = throw_away(settings, folder)
    logs.configure(scene, 0)
    return DemoWindow(scene, watch_folder(folder), reporting=reporting).run()

"""The demo's world: one throw-away folder with everything in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import WatchFolder

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.config import Settings


def watch_folder(folder: Path) -> Path:
    """Return where the simulated microscope writes."""
    return folder / "microscope"


def throw_away(settings: Settings, folder: Path) -> Settings:
    """Return settings of an embedded default in `folder`; the look of the window is kept.

    Files count as settled after a second, and a pass comes every two, so that there is something to see.
    """
    home, watched = folder / "home", watch_folder(folder)
    watched.mkdir(parents=True, exist_ok=True)
    return replace(
        settings,
        home=home,
        filestore_path=(WatchFolder(label="", path=str(watched)),),
        filestore_is_default=False,
        filetypes_sync=(),
        data_bucket=(home / "bucket").absolute().as_uri(),
        database_url=None,
        cloudsql_instance=None,
        credentials_file=None,
        instrument=None,
        settle_seconds=1.0,
        sync_interval_seconds=2.0,
    )

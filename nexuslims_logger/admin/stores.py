"""The configured store, for commands that look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.storage.folder import FolderStore

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings
    from nexuslims_logger.storage.contract import ObjectStore


def store_of(settings: Settings) -> ObjectStore:
    """Return the store that the settings name; a folder is not made one. Nothing is asked yet."""
    folder = settings.bucket_folder
    if folder is not None:
        return FolderStore(folder, SystemClock(), create=False)
    from nexuslims_logger.storage.gcs import GcsStore

    return GcsStore(settings)

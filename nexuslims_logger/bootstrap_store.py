"""Which object store the settings name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_supervision import step
from nexuslims_logger.storage.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.facts import FactsJournal
    from nexuslims_logger.journal.results import Results
    from nexuslims_logger.ports import Clock
    from nexuslims_logger.storage.contract import Content, ObjectStore, Origin, StoredObject, UploadWatch


def open_store(settings: Settings, clock: Clock, facts: FactsJournal, results: Results) -> ObjectStore:
    """Return the store; nothing is asked of it yet, and nothing heavy is imported."""
    folder = settings.bucket_folder
    if folder is None:
        return LateBucket(settings)
    # A share that is not connected looks like a new folder: once used, a store is never made a second time.
    used = facts.of_store(FolderStore(folder, clock).url) & results.stored_sessions()
    return FolderStore(folder, clock, create=not used, step=step)


class LateBucket:
    """A bucket whose library is imported by the first thread that asks it something: never the window's.

    Parameters
    ----------
    settings
        With a bucket's name in ``DATA_BUCKET``.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._bucket: ObjectStore | None = None

    @property
    def url(self) -> str:
        """As `GcsStore.url`, without asking it."""
        return f"gs://{self._settings.data_bucket}"

    @property
    def is_cloud(self) -> bool:
        """True."""
        return True

    def stat(self, name: str) -> StoredObject | None:
        """As `ObjectStore.stat`."""
        return self._opened().stat(name)

    def put(  # noqa: PLR0913 - see ObjectStore
        self,
        name: str,
        content: Content,
        *,
        size: int,
        md5: str,
        mtime_ns: int,
        origin: Origin,
        if_generation: int,
        resume: str | None = None,
        watch: UploadWatch | None = None,
    ) -> StoredObject:
        """As `ObjectStore.put`."""
        return self._opened().put(
            name,
            content,
            size=size,
            md5=md5,
            mtime_ns=mtime_ns,
            origin=origin,
            if_generation=if_generation,
            resume=resume,
            watch=watch,
        )

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        """As `ObjectStore.copy`."""
        return self._opened().copy(name, to, if_generation=if_generation)

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        """As `ObjectStore.set_metadata`."""
        return self._opened().set_metadata(name, mtime_ns=mtime_ns, origin=origin, if_generation=if_generation)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """As `ObjectStore.list`."""
        return self._opened().list(prefix)

    def _opened(self) -> ObjectStore:
        with self._lock:
            if self._bucket is None:
                from nexuslims_logger.storage.gcs import GcsStore

                self._bucket = GcsStore(self._settings, step=step)
            return self._bucket

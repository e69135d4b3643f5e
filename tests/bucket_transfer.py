"""The transfer into a bucket of an emulator, a round at a time, and what is there afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.storage.names import MANIFESTS_FOLDER
from tests.storage_emulators import store_at
from tests.unit.transfer.conftest import Transfer, md5

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from nexuslims_logger.storage.gcs import GcsStore


class BucketTransfer(Transfer):
    """The transfer, without threads, into a bucket; it keeps what it has told the database.

    Parameters
    ----------
    watch, bucket, home
        The watch folder, the bucket's name, the program's home.
    url, outside_url
        Where the program finds Cloud Storage, and where the test looks.
    """

    def __init__(self, watch: Path, bucket: str, home: Path, url: str, outside_url: str) -> None:
        self._bucket = bucket
        self._home = home
        self._url = url
        self.outside = self._open(outside_url)
        self.written: dict[str, set[str]] = {}
        super().__init__(watch)

    def _open(self, url: str) -> GcsStore:
        return store_at(url, self._bucket, self._home, answer_s=0.5, retry_s=0.5, longest_delay_s=0.05)

    def restart(self) -> None:
        super().restart()
        self.ports = replace(self.ports, store=self._open(self._url))

    def write(self, name: str, data: bytes, mtime: datetime | None = None) -> Path:
        self.written.setdefault(f"Titan/{name}", set()).add(md5(data))
        return super().write(name, data, mtime)

    def until_all_is_there(self, *, rounds: int = 30) -> None:
        """Let hours pass, until the store has what the disk has."""
        for _ in range(rounds):
            self.go_on(3600)
            if self.in_store() == self.on_disk() == self.in_rows():
                return
        assert self.in_store() == self.on_disk()
        assert self.in_rows() == self.on_disk()

    def on_disk(self) -> dict[str, str]:
        return {f"Titan/{path.name}": md5(path.read_bytes()) for path in self.watch.iterdir()}

    def in_store(self) -> dict[str, str | None]:
        return {found.name: found.md5 for found in self.outside.list("") if MANIFESTS_FOLDER not in found.name}

    def in_rows(self) -> dict[str, str | None]:
        return {row.object_name: row.md5 for row in self.database.rows if row.state is ResultState.UPLOADED}

    def check_rows(self) -> None:
        """Whatever a row said was a whole content of that file, and the last one is what is there."""
        for row in self.database.rows:
            assert row.state is ResultState.UPLOADED, row
            assert row.md5 in self.written[row.object_name]
        last = {row.object_name: row for row in self.database.rows}
        for stored in self.outside.list("Titan/"):
            if MANIFESTS_FOLDER not in stored.name:
                row = last[stored.name]
                assert (row.md5, row.generation, row.size_bytes) == (stored.md5, stored.generation, stored.size)

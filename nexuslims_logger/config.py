"""Settings: where they come from, what they mean, and what is wrong with them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.journal.records import WatchFolder


class Theme(enum.StrEnum):
    """Colours of the window."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class IpType(enum.StrEnum):
    """How the Cloud SQL instance is reached."""

    PUBLIC = "public"
    PRIVATE = "private"
    PSC = "psc"


@dataclass(frozen=True)
class Settings:
    """Every setting, typed and checked (keys of the same names in capitals after ``NEXUSLIMSGUI_``)."""

    home: Path
    filestore_path: tuple[WatchFolder, ...]
    filetypes_sync: tuple[str, ...]  # lower case, with the dot; empty: all
    sync_interval_seconds: float
    data_bucket: str  # a bucket's name, or a folder's file: URL
    gcp_project: str | None
    cloudsql_instance: str | None
    cloudsql_ip_type: IpType
    cloudsql_api_endpoint: str | None
    db_name: str | None
    db_user: str | None
    database_url: str | None  # None with no cloudsql_instance: the embedded default
    credentials_file: Path | None
    instrument: str | None
    ask_user: bool
    ask_project: bool
    ignore: tuple[str, ...]  # glob patterns on file names
    settle_seconds: float
    upload_workers: int
    remind_after_hours: float
    auto_end_after_hours: float
    theme: Theme
    text_size: int  # points
    storage_emulator_host: str | None
    filestore_is_default: bool  # then the folder is made on first use

    @property
    def embedded_database(self) -> Path:
        """The SQLite file of the embedded default."""
        return self.home / "nexuslims.db"

    @property
    def is_embedded(self) -> bool:
        """Whether the embedded database stands in for a central one."""
        return self.database_url is None and self.cloudsql_instance is None

    @property
    def bucket_folder(self) -> Path | None:
        """The folder that `data_bucket` names; None for a real bucket."""
        raise NotImplementedError

"""Settings: where they come from, what they mean, and what is wrong with them.

Read before the first paint, so it uses the standard library alone and touches no file but the two
configuration files and the credentials file.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexuslims_logger import config_values as values
from nexuslims_logger.config_folders import is_inside, watch_folders
from nexuslims_logger.config_sources import PREFIX, default_home, files_in, gather
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.journal.records import WatchFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from nexuslims_logger.config_values import Given


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
    def database_label(self) -> str:
        """The database's name for a person, without a secret."""
        if self.cloudsql_instance:
            return f"{self.cloudsql_instance}/{self.db_name or ''}"
        return values.place_of_url(self.database_url) if self.database_url else "the embedded database"

    @property
    def bucket_folder(self) -> Path | None:
        """The folder that `data_bucket` names; None for a real bucket."""
        return values.path_of_url(self.data_bucket) if self.data_bucket.startswith("file:") else None


#: What instruments' programs and editors write for themselves.
DEFAULT_IGNORE = (
    ".*",
    "~$*",
    "*~",
    "*.tmp",
    "*.temp",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.swp",
    "*.lock",
    "*.lck",
    "Thumbs.db",
    "desktop.ini",
    "System Volume Information",
    "$RECYCLE.BIN",
    "lost+found",
)

_DAY_S = 86_400
_YEAR_H = 8_760


@dataclass(frozen=True)
class _Setting:
    """How a setting is read, and what it is when nobody says."""

    parse: Callable[[Given], Any]
    default: object = None


_SETTINGS: Mapping[str, _Setting] = {
    # HOME, FILESTORE_PATH and DATA_BUCKET have defaults that depend on one another: `load_settings`.
    "HOME": _Setting(values.folder),
    "FILESTORE_PATH": _Setting(watch_folders),
    "DATA_BUCKET": _Setting(values.bucket),
    "FILETYPES_SYNC": _Setting(values.file_types, ()),
    "SYNC_INTERVAL_SECONDS": _Setting(values.number(1, _DAY_S, "seconds"), 60.0),
    "GCP_PROJECT": _Setting(
        values.text(
            longest=64,
            pattern=r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]",
            expected="a project's ID, such as lab-microscopy-1234 (not its name or number)",
        )
    ),
    "CLOUDSQL_INSTANCE": _Setting(
        values.text(
            longest=200,
            pattern=r"([a-z0-9.-]+:)?[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+",
            expected="an instance's connection name, project:region:name",
        )
    ),
    "CLOUDSQL_IP_TYPE": _Setting(values.one_of(IpType), IpType.PUBLIC),
    "CLOUDSQL_API_ENDPOINT": _Setting(values.web_address),
    "DB_NAME": _Setting(values.text(longest=64, pattern=r"[^/\\.`]+", expected="a database's name")),
    "DB_USER": _Setting(values.text(longest=255, pattern=r"\S+", expected="a database user's name")),
    "DATABASE_URL": _Setting(values.database_url),
    "CREDENTIALS_FILE": _Setting(values.existing_file),
    "INSTRUMENT": _Setting(values.text(longest=100, pattern=r".+", expected="an instrument's identifier")),
    "ASK_USER": _Setting(values.yes_or_no, default=False),
    "ASK_PROJECT": _Setting(values.yes_or_no, default=False),
    "IGNORE": _Setting(values.name_patterns, DEFAULT_IGNORE),
    "SETTLE_SECONDS": _Setting(values.number(0, 3600, "seconds"), 10.0),
    "UPLOAD_WORKERS": _Setting(values.whole(1, 32, "uploads"), 8),
    "REMIND_AFTER_HOURS": _Setting(values.number(0.01, _YEAR_H, "hours"), 4.0),
    "AUTO_END_AFTER_HOURS": _Setting(values.number(0, _YEAR_H, "hours"), 0.0),
    "THEME": _Setting(values.one_of(Theme), Theme.AUTO),
    "TEXT_SIZE": _Setting(values.whole(6, 32, "points"), 10),
}

#: Every key that may be set, with its prefix.
KEYS = tuple(f"{PREFIX}{name}" for name in _SETTINGS)


def config_files(environ: Mapping[str, str] | None = None) -> tuple[Path, Path]:
    """Return the user's and the machine-wide configuration file, the stronger one first.

    Parameters
    ----------
    environ
        Where the home folder is looked up; the process's environment when None.
    """
    return files_in(os.environ if environ is None else environ)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and join all settings: environment, then the user's file, then the machine-wide one.

    Parameters
    ----------
    environ
        Stands in for the process's environment.

    Raises
    ------
    ConfigurationError
        With everything that is wrong at once: setting, value (never a secret), source and remedy.
    """
    environ = os.environ if environ is None else environ
    found = gather(environ, config_files(environ), _SETTINGS)
    problems = list(found.problems)
    parsed: dict[str, Any] = {}
    for name, given in found.given.items():
        try:
            parsed[name] = _SETTINGS[name].parse(given)
        except values.WrongValue as error:
            problems.append(f"{_named(name, given)}: {error}.")
    problems.extend(_contradictions(found.given))

    defaults: dict[str, Any] = {name: setting.default for name, setting in _SETTINGS.items()}
    home = parsed.get("HOME") or default_home(environ)
    defaults["HOME"] = home
    defaults["FILESTORE_PATH"] = (WatchFolder(label="", path=os.fspath(home / "data")),)
    defaults["DATA_BUCKET"] = (home / "bucket").absolute().as_uri()
    settings = Settings(
        **{name.lower(): value for name, value in (defaults | parsed).items()},
        storage_emulator_host=environ.get("STORAGE_EMULATOR_HOST") or None,
        filestore_is_default="FILESTORE_PATH" not in found.given,
    )
    problems.extend(_overlaps(settings))
    if problems:
        raise ConfigurationError("The configuration has to be changed", "\n".join(problems))
    return settings


def _named(name: str, given: Given) -> str:
    """Show a setting as people know it: name, value (no password), source."""
    shown = values.masked_url(str(given.value)) if name == "DATABASE_URL" else str(given.value)
    if len(shown) > 100:  # noqa: PLR2004 - as much as a dialog's line can show
        shown = f"{shown[:99]}…"
    return f"{PREFIX}{name} is {shown!r} ({given.source})"


def _contradictions(given: Mapping[str, Given]) -> Iterator[str]:
    """Find settings that cannot both be meant, or that mean nothing without another."""
    cloud_only = ("CLOUDSQL_IP_TYPE", "CLOUDSQL_API_ENDPOINT", "DB_NAME", "DB_USER")
    if "DATABASE_URL" in given:
        for name in ("CLOUDSQL_INSTANCE", *cloud_only):
            if name in given:
                yield (
                    f"{_named('DATABASE_URL', given['DATABASE_URL'])} and {_named(name, given[name])}"
                    " name two databases. Keep the URL or the Cloud SQL settings, and take out the other."
                )
    elif "CLOUDSQL_INSTANCE" in given:
        # Without DB_USER the credentials tell it.
        if "DB_NAME" not in given:
            yield (
                f"{PREFIX}DB_NAME is missing: {_named('CLOUDSQL_INSTANCE', given['CLOUDSQL_INSTANCE'])}"
                " needs it. Ask the database's administrator for it."
            )
    else:
        for name in cloud_only:
            if name in given:
                yield (
                    f"{_named(name, given[name])}, but no instance is named. Set"
                    f" {PREFIX}CLOUDSQL_INSTANCE, or take this out."
                )


def _overlaps(settings: Settings) -> Iterator[str]:
    """Find watch folders that would send the program's own files, or the store into itself."""
    own_data = settings.home / "data"
    places = [("the program's folder", settings.home)]
    if settings.bucket_folder is not None:
        places.append(("the store", settings.bucket_folder))
    for watched in settings.filestore_path:
        path = Path(watched.path)
        for words, place in places:
            # The default watch folder stands in the program's folder, beside what the program writes.
            if is_inside(place, path) or (is_inside(path, place) and not is_inside(path, own_data)):
                yield (
                    f"{PREFIX}FILESTORE_PATH names {path}, which overlaps with {words}, {place}: the logger"
                    f" would send its own files. Choose a folder of the instrument's, or move {PREFIX}HOME or"
                    f" {PREFIX}DATA_BUCKET."
                )

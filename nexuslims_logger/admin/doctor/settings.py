"""The settings: everything that is wrong with them, and what is set for nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nexuslims_logger.admin.doctor.findings import Line, Outcome
from nexuslims_logger.config import KEYS, config_files, load_settings
from nexuslims_logger.config_sources import PREFIX, gather
from nexuslims_logger.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nexuslims_logger.config import Settings
    from nexuslims_logger.config_values import Given


def check_settings() -> tuple[Settings | None, tuple[Line, ...]]:
    """Read the settings; return them (None when they cannot be used), and a line for each problem."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        lines = tuple(
            Line("settings", "settings", Outcome.FAIL, problem, "See docs/settings.md.")
            for problem in error.message.splitlines()
        )
        return None, lines
    given = gather(os.environ, config_files(), [key.removeprefix(PREFIX) for key in KEYS]).given
    idle = tuple(
        Line("settings", "settings", Outcome.WARN, f"{PREFIX}{name} ({given[name].source}) {why}", "Take it out.")
        for name, why in _idle(settings, given)
    )
    sources = dict.fromkeys(one.source for one in given.values())
    read = f"{len(given)} set, by: {', '.join(sources)}" if given else "nothing is set: the defaults are used"
    return settings, (Line("settings", "settings", Outcome.OK, read), *idle)


def _idle(settings: Settings, given: Mapping[str, Given]) -> Iterator[tuple[str, str]]:
    """Find what is set and has no effect beside the other settings."""
    in_cloud = settings.cloudsql_instance is not None
    has_bucket = settings.bucket_folder is None
    if "CREDENTIALS_FILE" in given and not in_cloud and not has_bucket:
        yield "CREDENTIALS_FILE", "is not used: neither Cloud SQL nor a bucket is configured"
    if "GCP_PROJECT" in given and not has_bucket:
        yield "GCP_PROJECT", "is not used: no bucket is configured"

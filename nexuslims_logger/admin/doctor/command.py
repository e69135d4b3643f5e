"""The command: what is looked at, in which order, and how it is shown."""

from __future__ import annotations

import json
import platform
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

from nexuslims_logger import __version__
from nexuslims_logger.admin.doctor.clock import clock_group
from nexuslims_logger.admin.doctor.database import DatabaseSteps
from nexuslims_logger.admin.doctor.findings import Line, Outcome, examine
from nexuslims_logger.admin.doctor.folders import watch_group
from nexuslims_logger.admin.doctor.program_folder import program_folder_group
from nexuslims_logger.admin.doctor.settings import check_settings
from nexuslims_logger.admin.doctor.store import store_groups
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.ports import Clock

#: All looks together, seconds; with the program's own start it stays below a minute.
LIMIT_S = 50.0
#: Of the JSON; raised when a reader of the former one would be misled.
JSON_VERSION = 1

_WORST_FIRST = (Outcome.FAIL, Outcome.WARN, Outcome.OK)
#: Subjects that wait for settings that can be read.
_AFTER_SETTINGS = ("program folder", "clock", "database", "store", "watch folders")


def run(*, as_json: bool) -> ExitCode:
    """Look at everything and print a line for each; FAILED when there is a FAIL.

    Writes nothing but one small object of its own into a store that is one.

    Parameters
    ----------
    as_json
        For programs: one object with ``version``, ``program``, ``computer``, ``outcome``, ``seconds`` and
        ``checks``, a list of objects with the names of `Line`.
    """
    clock = SystemClock()
    began = clock.monotonic()
    lines = []
    for line in _lines(clock, began + LIMIT_S):
        lines.append(line)
        if not as_json:
            print(shown(line), flush=True)
    outcome = next(one for one in _WORST_FIRST if any(line.outcome is one for line in lines))
    if as_json:
        report = {
            "version": JSON_VERSION,
            "program": __version__,
            "computer": platform.node(),
            "outcome": outcome,
            "seconds": round(clock.monotonic() - began, 3),
            "checks": [{**asdict(line), "seconds": round(line.seconds, 3)} for line in lines],
        }
        print(json.dumps(report, indent=2))
    else:
        print(_summary(lines))
    return ExitCode.FAILED if outcome is Outcome.FAIL else ExitCode.COMPLETE


def _lines(clock: Clock, until: float) -> Iterator[Line]:
    settings, of_settings = check_settings()
    yield from of_settings
    if settings is None:
        for name in _AFTER_SETTINGS:
            yield Line(name, name, Outcome.NOT_CHECKED, "settings has to work first")
        return
    database = DatabaseSteps(settings, clock)
    groups = (
        program_folder_group(settings),
        clock_group(clock),
        database.group(),
        *store_groups(settings, clock, lambda: database.found),
        watch_group(settings, clock),
    )
    for group in groups:
        yield from examine(group, clock, until)
    database.close()


def shown(line: Line) -> str:
    """Return a line for a person: outcome, name, time, what was found, and below it what to do."""
    name = line.name if line.name == line.group else f"{line.group}: {line.name}"
    took = f"{line.seconds:6.2f} s" if line.outcome is not Outcome.NOT_CHECKED else " " * 8
    words = [f"{line.outcome:<11}  {name:<27} {took}  {line.said}"]
    if line.remedy:
        words += textwrap.wrap(line.remedy, 100, initial_indent=" " * 13, subsequent_indent=" " * 13)
    return "\n".join(words)


def _summary(lines: list[Line]) -> str:
    counts = {outcome: sum(line.outcome is outcome for line in lines) for outcome in Outcome}
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f"\n{len(lines)} checks: {told}."

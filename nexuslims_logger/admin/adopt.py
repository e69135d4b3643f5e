"""``db adopt``: take over an older NexusLIMS database, after a look at it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nexuslims_logger.admin.table import aligned
from nexuslims_logger.db import adopt as adoption
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.legacy_times import convert, parse_rules
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.config import Settings
    from nexuslims_logger.db.adopt import LegacyReport
    from nexuslims_logger.db.legacy_times import Converted, ZoneRule

#: So many ids are named in a line; all of them would hide what follows.
_SHOWN_DOUBTS = 50


def report(settings: Settings, zones: Sequence[str]) -> ExitCode:
    """Print what an older database holds and what is in the way; changes nothing. FAILED when something is.

    Raises
    ------
    LoggerError
        The database cannot be asked, or is no older NexusLIMS database.
    """
    rules = parse_rules(zones)
    engine = build_engine(settings, patient=True)
    found = adoption.inspect_legacy(engine)
    if found.revision is not None:
        print(f"The database has been adopted, and is at revision {found.revision}; 'db check' says more.")
        return ExitCode.COMPLETE
    if found.blocked:
        print("The tables are not as expected:", *(f"  {sentence}" for sentence in found.blocked), sep="\n")
        return ExitCode.FAILED
    print(f"session_log has {found.rows} rows.")
    _print_findings(found)
    _print_times(found, rules)
    if rules:
        _print_doubts(adoption.times_of(engine, rules, found))
    in_the_way = bool(found.by_hand or found.to_repair)
    _print_next_step(found, rules)
    return ExitCode.FAILED if in_the_way else ExitCode.COMPLETE


def apply(settings: Settings, zones: Sequence[str], *, repair: bool) -> ExitCode:
    """Adopt the database and bring it to the newest revision.

    Raises
    ------
    LoggerError
        What is in the way; nothing has changed then.
    """
    if not zones:
        raise StopAndTell(
            "In which zone were the times written?",
            "Nobody can guess it: say --legacy-timezone. Without --apply the command shows what each choice means.",
        )
    rules = parse_rules(zones)
    engine = build_engine(settings, patient=True)
    adoption.adopt(engine, rules, repair=repair)
    print(f"The database is adopted, and at revision {migrate.current(engine)}.")
    return ExitCode.COMPLETE


def _print_findings(found: LegacyReport) -> None:
    if not found.findings:
        print("No row breaks a rule.")
    for finding in found.findings:
        print(f"\n{len(finding.ids)} with {finding.question.what}; {finding.question.repair}:")
        print(f"  {', '.join(finding.ids)}")


def _print_times(found: LegacyReport, rules: Sequence[ZoneRule]) -> None:
    print(f"\nTimes are {found.time_type}; the server's zone is {found.zones}. The newest rows:")
    if found.time_type.lower().startswith("timestamp"):
        print("(A TIMESTAMP is an instant, shown here in UTC: UTC is right unless rows were imported from elsewhere.)")
    utc = parse_rules(["UTC"])
    readings: list[tuple[str, Sequence[ZoneRule]]] = [("if UTC", utc)]
    if rules:
        readings.append((f"if {', '.join(rule.name for rule in rules)}", rules))
    elif found.instruments:
        readings.append(("if the instrument's zone", parse_rules(["instrument"])))
    columns = []
    for _, reading in readings:
        columns.append([f"{time.utc} UTC" for time in _as_far_as_known(found, reading)])
    rows = [("id", "event", "instrument", "as found", *(name for name, _ in readings))]
    rows += [
        (str(row.row_id), row.event, row.instrument, str(row.found), *(column[number] for column in columns))
        for number, row in enumerate(found.newest)
    ]
    print(*aligned(rows), sep="\n")


def _as_far_as_known(found: LegacyReport, reading: Sequence[ZoneRule]) -> tuple[Converted, ...]:
    # Rows without a rule are told of elsewhere; here they stand as they are.
    return convert(found.newest, (*reading, *parse_rules(["UTC"])), found.instruments)


def _print_doubts(times: Sequence[Converted]) -> None:
    doubtful = [time for time in times if time.doubt]
    for time in doubtful[:_SHOWN_DOUBTS]:
        print(f"  row {time.row.row_id}: {time.row.found} {time.zone}: {time.doubt}")
    if len(doubtful) > _SHOWN_DOUBTS:
        print(f"  and {len(doubtful) - _SHOWN_DOUBTS} more such rows")


def _print_next_step(found: LegacyReport, rules: Sequence[ZoneRule]) -> None:
    if found.by_hand:
        print("\nCorrect first what a person has to correct; then look again.", file=sys.stderr)
        return
    if not rules:
        print("\nSay --legacy-timezone to see what the times become.")
    repair = " --repair" if found.to_repair else ""
    print("\nNothing has been changed. When a backup is made and the old writers are stopped:")
    print(f"  nexuslims-logger db adopt --legacy-timezone ZONE --apply{repair}")

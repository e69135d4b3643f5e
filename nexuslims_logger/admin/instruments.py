"""``instruments``: the facility's register, on the command line and from a CSV file."""

from __future__ import annotations

import csv
import zoneinfo
from typing import TYPE_CHECKING, cast

from nexuslims_logger.admin.table import aligned
from nexuslims_logger.db.errors import FOREIGN_ERRORS, DuplicateRow, translate
from nexuslims_logger.db.tasks import open_database
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.models import INSTRUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import String

    from nexuslims_logger.config import Settings

#: What a row cannot do without.
REQUIRED = ("instrument_pid", "schema_name", "filestore_path")
#: Columns that NexusLIMS's own table calls otherwise.
_ALIASES = {"display_name": "schema_name"}
#: What `list_instruments` shows, with its headings.
_SHOWN = {
    "instrument_pid": "PID",
    "schema_name": "NAME",
    "computer_name": "COMPUTER",
    "filestore_path": "FILES",
    "timezone": "TIME ZONE",
}


def list_instruments(settings: Settings) -> ExitCode:
    """Print the register as a table."""
    with open_database(settings)() as unit:
        found = unit.repository.instruments()
    table = [
        tuple(_SHOWN.values()),
        *(tuple(getattr(instrument, name) or "-" for name in _SHOWN) for instrument in found),
    ]
    for line in aligned(table):
        print(line)
    return ExitCode.COMPLETE


def add_instrument(settings: Settings, values: Mapping[str, str | None]) -> ExitCode:
    """Register an instrument, or change what is given of a registered one.

    Parameters
    ----------
    settings
        Which database.
    values
        By the table's column names; None, or nothing, leaves a column as it is.

    Raises
    ------
    StopAndTell
        A value is missing or wrong, or the computer belongs to another instrument.
    """
    given = {name: value.strip() for name, value in values.items() if value and value.strip()}
    problems = list(_problems(given))
    if problems:
        raise StopAndTell("The instrument cannot be registered", "\n".join(problems))
    new, _ = _save(settings, [("this instrument", given)])
    print(f"{given['instrument_pid']} is {'registered' if new else 'changed'}.")
    return ExitCode.COMPLETE


def import_csv(settings: Settings, path: Path) -> ExitCode:
    """Register the instruments of a CSV file, all of them or none.

    Parameters
    ----------
    settings
        Which database.
    path
        Its first line has the table's column names, in any order (NexusLIMS's ``display_name`` is our
        ``schema_name``); UTF-8, separated by commas or semicolons. A row whose PID is known changes that
        instrument; an empty cell leaves it as it is, and an empty row is passed over.

    Raises
    ------
    StopAndTell
        With every line that is wrong.
    """
    rows, problems = _read(path)
    seen: dict[tuple[str, str], str] = {}
    for where, values in rows:
        problems.extend(f"{where}: {problem}" for problem in _problems(values))
        for name, key in (
            ("instrument_pid", values.get("instrument_pid", "")),
            ("computer_name", values.get("computer_name", "").casefold()),
        ):
            first = seen.setdefault((name, key), where)
            if key and first != where:
                problems.append(f"{where}: {name} {values[name]!r} stands in {first} already.")
    if problems:
        raise StopAndTell(f"Nothing was imported from {path.name}", "\n".join(problems))
    new, changed = _save(settings, rows)
    print(f"{new} registered, {changed} changed.")
    return ExitCode.COMPLETE


def _read(path: Path) -> tuple[list[tuple[str, dict[str, str]]], list[str]]:
    """Return the rows, each with the name of its line, and what is wrong with the file as a whole."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            heading = file.readline()
            file.seek(0)
            delimiter = ";" if ";" in heading and "," not in heading else ","
            reader = csv.DictReader(file, delimiter=delimiter, restkey="", strict=True)
            given = [name.strip().lower() for name in reader.fieldnames or ()]
            columns = [_ALIASES.get(name, name) for name in given]
            reader.fieldnames = columns
            problems = [
                f"line 1: {name!r} is no column; they are {', '.join(INSTRUMENTS.c.keys())}."
                for name in columns
                if name not in INSTRUMENTS.c
            ]
            problems += [f"line 1: the column {name} is missing." for name in REQUIRED if name not in columns]
            twice = sorted({name for name in columns if columns.count(name) > 1 and name in INSTRUMENTS.c})
            problems += [f"line 1: the column {name} stands there twice." for name in twice]
            rows = []
            for row in reader:
                if "" in row:
                    problems.append(f"line {reader.line_num}: it has more cells than line 1.")
                cells = {name: (row[name] or "").strip() for name in columns}
                if any(cells.values()):
                    rows.append((f"line {reader.line_num}", {name: cell for name, cell in cells.items() if cell}))
    except OSError as error:
        raise StopAndTell(f"{path} cannot be read", f"{error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise StopAndTell(f"{path} is no CSV file", f"Save it as CSV in UTF-8: {error}.") from error
    # Of unknown columns and missing ones one line is enough, not one for each row.
    return ([], problems) if problems else (rows, problems)


def _problems(values: Mapping[str, str]) -> Iterator[str]:
    for name in REQUIRED:
        if not values.get(name):
            yield f"{name} is missing."
    for name, value in values.items():
        kind = cast("String", INSTRUMENTS.c[name].type)
        if kind.length is not None and len(value) > kind.length:
            yield f"{name} has {len(value)} characters, {kind.length} are allowed."
    folder = values.get("filestore_path", "")
    if folder.startswith("/") or ".." in folder or "\\" in folder:
        yield f"filestore_path {folder!r} should look like ./Titan: inside the store, with forward slashes."
    zone = values.get("timezone", "UTC")
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield f"timezone {zone!r} is none; one is Europe/Berlin."


def _save(settings: Settings, rows: Iterable[tuple[str, Mapping[str, str]]]) -> tuple[int, int]:
    """Write all rows in one transaction; return how many are new, and how many changed."""
    counts = [0, 0]
    with open_database(settings)() as unit:
        for where, values in rows:
            try:
                counts[0 if unit.repository.save_instrument(values) else 1] += 1
            except FOREIGN_ERRORS as error:
                told = translate(error)
                if isinstance(told, DuplicateRow):
                    told = DuplicateRow(
                        "The computer belongs to another instrument",
                        f"{where}: {values.get('computer_name')!r} is registered already. Nothing was changed.",
                    )
                raise told from error
        unit.commit()
    return counts[0], counts[1]

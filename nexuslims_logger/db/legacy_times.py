"""The times of an older database: in which zone they were written is asked, never guessed.

Rows that came through the old web layer carry the server's clock and zone, rows imported from the old SQLite logger the
instrument's local time. Converted with `zoneinfo`, because the servers may have no table of zones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nexuslims_logger.errors import StopAndTell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_RULE = re.compile(r"(?:(?P<first>\d+)-(?P<last>\d+)=)?(?P<zone>.+)")


@dataclass(frozen=True)
class ZoneRule:
    """In which zone the rows from `first` to `last` were written.

    Attributes
    ----------
    zone
        None: each row in its instrument's.
    """

    first: int
    last: float
    zone: ZoneInfo | None

    @property
    def name(self) -> str:
        """The zone in words."""
        return self.zone.key if self.zone else "instrument"


@dataclass(frozen=True)
class LegacyTime:
    """A row's time as it was found, without a zone."""

    row_id: int
    event: str
    instrument: str
    found: datetime


@dataclass(frozen=True)
class Converted:
    """A row's time in UTC.

    Attributes
    ----------
    doubt
        Why it may be an hour off; empty when it is certain.
    """

    row: LegacyTime
    utc: datetime
    zone: str
    doubt: str


def parse_rules(words: Iterable[str]) -> tuple[ZoneRule, ...]:
    """Read what was typed: ``UTC``, ``instrument``, ``Europe/Berlin``, or such for a range: ``1-500=Europe/Berlin``.

    Raises
    ------
    StopAndTell
        A zone is unknown.
    """
    rules = []
    for word in words:
        matched = _RULE.fullmatch(word)
        name = matched["zone"] if matched else word
        zone = None if name == "instrument" else _zone(name)
        if matched and matched["first"]:
            rules.append(ZoneRule(int(matched["first"]), int(matched["last"]), zone))
        else:
            rules.append(ZoneRule(0, float("inf"), zone))
    return tuple(rules)


def convert(
    rows: Iterable[LegacyTime], rules: Sequence[ZoneRule], instruments: Mapping[str, str]
) -> tuple[Converted, ...]:
    """Convert the rows' times by the first rule that covers each.

    Parameters
    ----------
    rows
        As found.
    rules
        In the order given.
    instruments
        The instruments' zones, by PID.

    Raises
    ------
    StopAndTell
        A row has no rule, or its instrument no zone.
    """
    converted, uncovered = [], []
    for row in rows:
        rule = next((rule for rule in rules if rule.first <= row.row_id <= rule.last), None)
        zone = (rule.zone or _of_instrument(row, instruments)) if rule else None
        if zone is None:
            uncovered.append(row.row_id)
            continue
        utc = row.found.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
        converted.append(Converted(row, utc, zone.key, _doubt(row.found, zone)))
    if uncovered:
        shown = ", ".join(str(row_id) for row_id in uncovered[:10])
        raise StopAndTell(
            "Some rows have no time zone",
            f"{len(uncovered)} rows are in no --legacy-timezone, or their instrument has none: {shown}"
            f"{', ...' if len(uncovered) > 10 else ''}.",  # noqa: PLR2004 - as shown
        )
    return tuple(converted)


def offset_min(row: LegacyTime, rules: Sequence[ZoneRule], instruments: Mapping[str, str]) -> int | None:
    """Return what local time was ahead of UTC, in minutes, where the row's time is UTC already; None: nobody knows.

    The instrument's zone in the register counts, and else the zone that the times were written in; UTC is a
    server's habit, and says nothing of the place.
    """
    rule = next((rule for rule in rules if rule.first <= row.row_id <= rule.last), None)
    try:
        zone = _of_instrument(row, instruments) or (rule.zone if rule else None)
    except StopAndTell:
        return None
    if zone is None or zone.key == "UTC":
        return None
    offset = row.found.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return None if offset is None else round(offset / timedelta(minutes=1))


def _of_instrument(row: LegacyTime, instruments: Mapping[str, str]) -> ZoneInfo | None:
    name = instruments.get(row.instrument.casefold())
    return _zone(name) if name else None


def _doubt(found: datetime, zone: ZoneInfo) -> str:
    first, second = (found.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first == second:
        return ""
    # Of a repeated hour the first is taken, as clocks show it first.
    return "repeated hour of autumn: the first is taken" if first > second else "this hour does not exist"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise StopAndTell(
            "The time zone is unknown", f"{name!r} is none; give UTC, instrument, or one as in Europe/Berlin."
        ) from error

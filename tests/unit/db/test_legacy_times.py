"""Times without a zone, given one."""

from __future__ import annotations

from datetime import datetime

import pytest

from nexuslims_logger.db.legacy_times import LegacyTime, convert, parse_rules
from nexuslims_logger.errors import StopAndTell


def row(found: str, row_id: int = 1, instrument: str = "TITAN") -> LegacyTime:
    return LegacyTime(row_id, "START", instrument, datetime.fromisoformat(found))


@pytest.mark.parametrize(
    ("found", "utc", "doubt"),
    [
        ("2021-01-15 08:00:00", "2021-01-15 07:00:00", ""),
        ("2021-07-15 08:00:00.25", "2021-07-15 06:00:00.25", ""),
        ("2021-10-31 01:59:59", "2021-10-30 23:59:59", ""),
        ("2021-10-31 02:00:00", "2021-10-31 00:00:00", "repeated hour of autumn: the first is taken"),
        ("2021-10-31 02:59:59", "2021-10-31 00:59:59", "repeated hour of autumn: the first is taken"),
        ("2021-10-31 03:00:00", "2021-10-31 02:00:00", ""),
        ("2021-03-28 02:30:00", "2021-03-28 01:30:00", "this hour does not exist"),
        ("2021-03-28 03:00:00", "2021-03-28 01:00:00", ""),
    ],
)
def test_summer_winter_and_the_hours_between(found: str, utc: str, doubt: str) -> None:
    (converted,) = convert([row(found)], parse_rules(["Europe/Berlin"]), {})

    assert (converted.utc, converted.doubt) == (datetime.fromisoformat(utc), doubt)


def test_the_first_rule_that_covers_a_row_counts() -> None:
    rows = [row("2021-01-01 12:00:00", number) for number in (1, 5, 6, 9)]

    converted = convert(rows, parse_rules(["1-5=Asia/Tokyo", "5-8=UTC", "instrument"]), {"titan": "America/New_York"})

    assert [time.utc.hour for time in converted] == [3, 3, 12, 17]
    assert [time.zone for time in converted] == ["Asia/Tokyo", "Asia/Tokyo", "UTC", "America/New_York"]


def test_a_row_without_a_zone_is_named() -> None:
    with pytest.raises(StopAndTell, match=r"1 rows .*: 7\."):
        convert([row("2021-01-01 12:00:00", 7, "SEM")], parse_rules(["instrument"]), {"titan": "UTC"})


@pytest.mark.parametrize("words", ["Berlin", "", "1-=UTC", "1-2=", "../etc/passwd"])
def test_an_unknown_zone_is_told(words: str) -> None:
    with pytest.raises(StopAndTell, match="time zone is unknown"):
        parse_rules([words])

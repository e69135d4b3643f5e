from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nexuslims_logger.gui import amounts


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (84_200_000, "84.2 MB"),
        (3_400_000_000, "3.4 GB"),
        (9_000_000_000_000, "9.0 TB"),
    ],
)
def test_sizes_are_said_as_people_say_them(count: int, text: str) -> None:
    assert amounts.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59, "59 s"), (120, "2 min"), (5400, "1.5 h"), (3 * 86400, "3 days")],
)
def test_lengths_of_time_are_said_roughly(seconds: float, text: str) -> None:
    assert amounts.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(5025, "01:23:45"), (-3, "00:00:00"), (360_000, "100:00:00")])
def test_a_running_time_is_shown_as_a_clock_does(seconds: float, text: str) -> None:
    assert amounts.elapsed(seconds) == text


def test_a_time_of_another_day_has_its_date() -> None:
    now = datetime(2026, 11, 23, 14, 52, 10, tzinfo=UTC)

    assert amounts.moment(now, now, UTC) == "14:52"
    assert amounts.moment(now - timedelta(days=1), now, UTC) == "2026-11-22 14:52"
    assert amounts.second(now, now, UTC) == "14:52:10"


def test_a_time_is_shown_in_the_zone_of_the_pc() -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    east = timezone(timedelta(hours=2))

    assert amounts.moment(now, now, east) == "01:30"
    assert amounts.moment(now - timedelta(hours=2), now, east) == "2026-11-23 23:30"

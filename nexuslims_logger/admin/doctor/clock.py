"""Whether this PC's clock can be right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, fail, good

if TYPE_CHECKING:
    from nexuslims_logger.ports import Clock

#: This version is not older than that; a dead battery brings a PC back to the year it was made.
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
#: Nobody will run this version then.
LATEST = EARLIEST.replace(year=EARLIEST.year + 20)
#: As much as a PC with a time server is ever off.
TOLERANCE = timedelta(seconds=2)

REMEDY = (
    "Set this PC's clock, and let it follow a time server (Windows: Settings, Time & language, Sync now): files"
    " carry its time, and secure connections need it."
)


def clock_group(clock: Clock) -> Group:
    """Return the check that needs no database."""
    return Group("clock", (Check("plausible", lambda: check_clock(clock.now()), REMEDY),))


def check_clock(now: datetime) -> Finding:
    """Hold the present time (aware) against this program's own age."""
    shown = f"it is {now.astimezone():%Y-%m-%d %H:%M:%S %z} on this PC"
    return good(shown) if EARLIEST <= now < LATEST else fail(f"{shown}, which cannot be", REMEDY)

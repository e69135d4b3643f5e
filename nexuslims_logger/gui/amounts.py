"""Counts, sizes and times in words. Knows no Tk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

_STEP: Final = 1000
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400


def counted(count: int, one: str, many: str) -> str:
    """Return the text for that many things."""
    return (one if count == 1 else many).format(count=f"{count:,}", total=f"{count:,}")


def size(count: float) -> str:
    """Return a number of bytes as people say it, in steps of 1,000 as the store's console does."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _STEP:
            return f"{value:.0f} {unit}" if unit in {"B", "kB"} else f"{value:.1f} {unit}"
        value /= _STEP
    return f"{value:.1f} TB"


def duration(seconds: float) -> str:
    """Return a length of time roughly, as one tells it a colleague."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    if seconds < _HOUR_S:
        return f"{round(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _DAY_S:.0f} days"


def elapsed(seconds: float) -> str:
    """Return a running time as a clock shows it; never negative."""
    whole = max(0, int(seconds))
    return f"{whole // _HOUR_S:02d}:{whole // _MINUTE_S % 60:02d}:{whole % 60:02d}"


def moment(when: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return a time of day in the PC's zone (or `zone`), with the date when it was not today."""
    local, today = when.astimezone(zone), now.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def second(when: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Return the same as `moment`, to the second."""
    return f"{moment(when, now, zone)}:{when.astimezone(zone):%S}"

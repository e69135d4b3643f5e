"""What a session's files give to say in the line of state: which ones come, which are owed, what else is with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import KEEPS_GROWING, STILL_WRITTEN, PassStage
from nexuslims_logger.gui import amounts, wording
from nexuslims_logger.gui.view import Line, Tone

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events import SessionStored, TransferProgress

#: A file that stands there unsent for so long is worth a warning.
_LONG_S: Final = 180
_CALM: Final = frozenset({STILL_WRITTEN, KEEPS_GROWING})
#: A file of such a size takes long enough to be watched.
_LARGE_BYTES: Final = 50_000_000


def coming(progress: TransferProgress, now: datetime, extra: str) -> Line | None:
    """Return the calm line while files are being written, which is how it should be; None when one waits for long."""
    count = max(progress.files_waiting, progress.files_total - progress.files_done, len(progress.waiting))
    oldest = progress.oldest_waiting_at
    long = oldest is not None and (now - oldest).total_seconds() > _LONG_S
    if (
        count <= 0
        or long
        or progress.stage is PassStage.SENDING
        or any(f.reason not in _CALM for f in progress.waiting)
    ):
        return None
    return Line(Tone.BUSY, amounts.counted(count, wording.COMING_ONE, wording.COMING), extra)


def stored_of(stored: SessionStored) -> str:
    """Return how many of all the session's files are stored, and what became of the others."""
    total = stored.files + stored.missing + stored.left_out
    text = (wording.STORED_OF_ONE if total == 1 else wording.STORED_OF).format(
        done=f"{stored.files:,}", total=f"{total:,}"
    )
    if stored.left_out:
        text += wording.LEFT_OUT_SHORT.format(count=f"{stored.left_out:,}")
    return text + (wording.MISSING_SHORT.format(count=f"{stored.missing:,}") if stored.missing else "")


def owed(progress: TransferProgress, extra: str) -> Line | None:
    """Return what is still to be sent, None for nothing."""
    if progress.stage is PassStage.SENDING and progress.files_done < progress.files_total:
        text = wording.SENDING if progress.seconds_left is None else wording.SENDING_LEFT
        done, total = f"{progress.files_done:,}", f"{progress.files_total:,}"
        left = amounts.duration(progress.seconds_left or 0)
        return Line(Tone.BUSY, text.format(done=done, total=total, left=left), joined(_under_way(progress), extra))
    count = max(progress.files_waiting, progress.files_total - progress.files_done, len(progress.waiting))
    if count <= 0:
        return None
    if not progress.waiting:
        text = amounts.counted(count, wording.WAITING_COUNT_ONE, wording.WAITING_COUNT)
        return Line(Tone.WAITING, text, extra)
    text = wording.WAITING_ONE if count == 1 else wording.WAITING_MORE
    first = progress.waiting[0]
    name = first.name.rpartition("/")[2]
    return Line(Tone.WAITING, text.format(count=f"{count:,}", name=name, reason=first.reason), extra)


def _under_way(progress: TransferProgress) -> str:
    """Return how far the largest file is that is being sent; "" for small ones, which are through in a moment."""
    file = progress.under_way[0] if progress.under_way else None
    if file is None or file.size_bytes < _LARGE_BYTES:
        return ""
    text, done = wording.UNDER_WAY, file.bytes_sent
    if not done:
        text, done = wording.UNDER_WAY_READING, file.bytes_read
    name = file.name.rpartition("/")[2]
    return text.format(name=name, done=amounts.size(done), total=amounts.size(file.size_bytes)) + "."


def joined(*parts: str) -> str:
    """Return sentences as one text; "" is none."""
    return " ".join(part for part in parts if part)


def all_stored(progress: TransferProgress) -> str:
    """Return that every file is in the store, or that there is none yet."""
    total = progress.files_total
    if total == 0:
        return wording.NOTHING_NEW
    if progress.store_is_cloud:
        return amounts.counted(total, wording.ALL_IN_CLOUD_ONE, wording.ALL_IN_CLOUD)
    return amounts.counted(total, wording.ALL_STORED_ONE, wording.ALL_STORED)


def besides(progress: TransferProgress) -> str:
    """Return what else a person should know of the files."""
    parts = (
        (progress.files_missing, wording.MISSING_ONE, wording.MISSING),
        (progress.unassigned, wording.UNASSIGNED_ONE, wording.UNASSIGNED),
        (progress.left_over, wording.LEFT_OVER_ONE, wording.LEFT_OVER),
    )
    return " ".join(amounts.counted(count, one, many) for count, one, many in parts if count)

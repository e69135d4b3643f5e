"""The words of the questions, as far as they depend on what is known. Knows no Tk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.gui import amounts, dialog_wording

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from nexuslims_logger.gui.known import Known


class QuestionWords:
    """What stands in the dialogs.

    Parameters
    ----------
    known
        Returns what the window knows.
    zone
        The zone of the times shown; None for the PC's own.
    """

    def __init__(self, known: Callable[[], Known], zone: tzinfo | None) -> None:
        self._known = known
        self._zone = zone

    def change(self, now: datetime, left_at: datetime | None) -> str:
        """Return what becomes of the session that runs, whose user has left at that time, as far as one knows."""
        session = self._known().session
        if self._known().stored:
            return dialog_wording.CHANGE_AFTER_STORED
        if session is None or self._known().ended_at:
            return dialog_wording.CHANGE_AFTER_END
        user, since = session.user or dialog_wording.SOMEBODY, amounts.moment(session.started_at, now, self._zone)
        if left_at is None:
            return dialog_wording.CHANGE_TEXT.format(user=user, time=since)
        left = amounts.moment(left_at, now, self._zone)
        return dialog_wording.CHANGE_LEFT_TEXT.format(user=user, time=since, left=left)

    def unassigned(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """Return the table of what was found."""
        found = self._known().unassigned
        if found is None:
            return ()
        first, last = (amounts.moment(at, now, self._zone) for at in (found.first_at, found.last_at))
        names = ", ".join(found.names[: dialog_wording.UNASSIGNED_NAMED])
        more = found.files - min(len(found.names), dialog_wording.UNASSIGNED_NAMED)
        count = amounts.counted(found.files, dialog_wording.COUNT_ONE, dialog_wording.COUNT)
        facts = [
            (dialog_wording.UNASSIGNED_FILES, f"{count}, {amounts.size(found.bytes)}"),
            (
                dialog_wording.UNASSIGNED_WHEN,
                first if first == last else dialog_wording.FROM_TO.format(first=first, last=last),
            ),
            (
                dialog_wording.UNASSIGNED_WHICH,
                names if more <= 0 else dialog_wording.AND_MORE.format(names=names, more=f"{more:,}"),
            ),
        ]
        if found.previous_started_at and found.previous_ended_at:
            start, end = (
                amounts.moment(at, now, self._zone) for at in (found.previous_started_at, found.previous_ended_at)
            )
            facts.append((dialog_wording.UNASSIGNED_PREVIOUS, dialog_wording.FROM_TO.format(first=start, last=end)))
        return tuple(facts)

    def quiet(self, now: datetime) -> str:
        """Return since when nobody has worked, and what happens without an answer."""
        quiet = self._known().quiet
        if quiet is None or quiet.since is None:
            return ""
        since = amounts.moment(quiet.since, now, self._zone)
        if quiet.ends_at is None:
            return dialog_wording.QUIET_TEXT.format(time=since)
        return dialog_wording.QUIET_ENDS_TEXT.format(time=since, end=amounts.moment(quiet.ends_at, now, self._zone))

    def clock(self, now: datetime) -> str:
        """Return what the clock says, and how far that is from the database's."""
        clock = self._known().clock
        if clock is None:
            return ""
        said = amounts.moment(clock.pc_at, now, self._zone)
        if clock.set_by_s is not None:
            return dialog_wording.CLOCK_SET_TEXT.format(time=said, offset=amounts.duration(abs(clock.set_by_s)))
        if not clock.offset_ms:
            return dialog_wording.CLOCK_TEXT.format(time=said)
        text = dialog_wording.CLOCK_AHEAD_TEXT if clock.offset_ms > 0 else dialog_wording.CLOCK_BEHIND_TEXT
        return text.format(time=said, offset=amounts.duration(abs(clock.offset_ms) / 1000))

"""The one line of state: the worst thing first, and good only when everything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import PassStage
from nexuslims_logger.gui import wording
from nexuslims_logger.gui.known import Asked
from nexuslims_logger.gui.sentences import verified
from nexuslims_logger.gui.view import Line, Screen, Tone

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from nexuslims_logger.events import Problem, TransferProgress
    from nexuslims_logger.gui.known import Known

#: So many intervals, and a minute for the pass itself, may go by before a check counts as old.
_STALE_INTERVALS: Final = 3
_STALE_GRACE_S: Final = 60


@dataclass(frozen=True)
class StateLine:
    """The ways to a state line.

    Attributes
    ----------
    known
        What there is to say.
    now, zone
        The present time, and the zone of the times shown (None: the PC's own).
    interval_s
        As in `Presenter`.
    """

    known: Known
    now: datetime
    zone: tzinfo | None
    interval_s: float

    def on(self, screen: Screen) -> Line:  # noqa: PLR0911 - one return for each screen
        """Return the line for that screen."""
        if self.known.asked is Asked.STOP:
            return Line(Tone.BUSY, wording.CLOSING_STATE)
        match screen:
            case Screen.STARTING:
                return self._trouble() or self._starting()
            case Screen.UNKNOWN_COMPUTER:
                problem = self.known.unknown.problem if self.known.unknown else None
                return Line(Tone.WAITING, wording.UNKNOWN_STATE, problem.message if problem else "")
            case Screen.FAILED:
                failure = self.known.failure
                return Line(Tone.PROBLEM, wording.FAILED_STATE, failure.message if failure else "")
            case Screen.DONE:
                return self._done()
            case Screen.ENDING:
                return self._trouble() or self._disk() or self._ending()
            case Screen.RUNNING:
                return self._asked() or self._trouble() or self._question() or self._running()

    def _starting(self) -> Line:
        if self.known.interrupted and not self.known.asked:
            return Line(Tone.WAITING, wording.QUESTION_STATE)
        return Line(Tone.BUSY, wording.STARTING_STATE, wording.STARTING_DETAIL)

    def _asked(self) -> Line | None:
        match self.known.asked:
            case Asked.END:
                return Line(Tone.BUSY, wording.END_ASKED)
            case Asked.PAUSE:
                return Line(Tone.BUSY, wording.PAUSE_ASKED)
            case _:
                return None

    def _question(self) -> Line | None:
        """Return what is not broken and yet needs somebody; the session goes on meanwhile."""
        known = self.known
        if known.quiet and known.quiet.since:
            return Line(Tone.WAITING, wording.QUIET_LINE.format(time=self._moment(known.quiet.since)))
        if known.who:
            return Line(Tone.WAITING, wording.NAME_MISSING, wording.NAME_MISSING_DETAIL)
        if known.clock and known.clock.held:
            return Line(Tone.WAITING, wording.CLOCK, wording.CLOCK_HELD)
        return self._disk()

    def _disk(self) -> Line | None:
        disk = self.known.disk
        if disk is None or disk.free_bytes is None:
            return None
        text = wording.DISK_LOW.format(folder=disk.folder, free=wording.size(disk.free_bytes))
        return Line(Tone.WAITING, text, wording.DISK_LOW_DETAIL)

    def _also(self) -> str:
        """Return what else a person should know of the session."""
        known, parts = self.known, []
        if known.session and known.session.by_itself and not known.ended_at:
            parts.append(wording.CONTINUED_BY_ITSELF)
        if known.ended_by_itself:
            parts.append(wording.ENDED_BY_ITSELF)
        if known.clock and known.clock.held:
            parts.append(wording.CLOCK_HELD)
        elif known.clock and known.clock.offset_ms:
            text = wording.CLOCK_AHEAD if known.clock.offset_ms > 0 else wording.CLOCK_BEHIND
            parts.append(text.format(offset=wording.duration(abs(known.clock.offset_ms) / 1000)))
        return " ".join(parts)

    def _trouble(self) -> Line | None:
        """Return what is broken, if anything is; of the troubles that belong to nothing else, the newest."""
        progress, record = self.known.progress, self.known.record
        if progress and (problem := progress.store_problem or progress.folder_problem):
            return self._problem(problem)
        if record and record.problem:
            return self._problem(record.problem)
        return self._problem(self.known.troubles[-1].problem) if self.known.troubles else None

    def _problem(self, problem: Problem) -> Line:
        text = wording.PROBLEM_SINCE.format(title=problem.title, time=self._moment(problem.since))
        return Line(Tone.PROBLEM, text, problem.message)

    def _running(self) -> Line:
        progress = self.known.progress
        if progress is None:
            return Line(Tone.BUSY, wording.LOOKING)
        extra = _joined(_extra(progress), self._also())
        if owed := _owed(progress, extra):
            return owed
        good_at = progress.last_good_pass_at
        if good_at is None:
            return Line(Tone.BUSY, wording.LOOKING, extra)
        age_s = (self.now - good_at).total_seconds()
        if age_s > _STALE_INTERVALS * self.interval_s + _STALE_GRACE_S:
            text = wording.STALE.format(time=self._moment(good_at), ago=wording.duration(age_s))
            return Line(Tone.WAITING, text, extra)
        if not (self.known.record and self.known.record.recorded):
            return Line(Tone.BUSY, _stored(progress), extra or wording.BEING_RECORDED)
        return Line(Tone.WAITING if progress.files_missing else Tone.GOOD, _stored(progress), extra)

    def _ending(self) -> Line:
        progress = self.known.progress
        if self.known.stored:
            held = self.known.clock is not None and self.known.clock.held
            return Line(Tone.WAITING if held else Tone.BUSY, wording.RECORDING_END, self._also())
        if progress is None:
            return Line(Tone.BUSY, wording.ENDING_SCAN)
        extra = _joined(_extra(progress), self._also())
        if progress.stage is PassStage.VERIFYING:
            return Line(Tone.BUSY, wording.VERIFYING, extra)
        return _owed(progress, extra) or Line(Tone.BUSY, wording.ENDING_SCAN, extra)

    def _done(self) -> Line:
        stored = self.known.stored
        missing = stored.missing if stored else 0
        if stored and stored.files:
            text = verified(stored.files, stored.files)
            detail = wording.DONE_DETAIL.format(bytes=wording.size(stored.bytes))
        else:
            text, detail = wording.VERIFIED_NONE, wording.DONE_DETAIL_NONE
        if self.known.session and self.known.session.joined:
            user = self.known.session.user or wording.SOMEBODY
            detail = f"{wording.PART_DONE.format(user=user)} {detail}"
        if left := self.known.sessions_left:
            waits = wording.counted(left, wording.SESSIONS_LEFT_ONE, wording.SESSIONS_LEFT)
            detail = f"{detail} {waits}"
        if stored and stored.left_out:
            out = wording.counted(stored.left_out, wording.LEFT_OUT_ONE, wording.LEFT_OUT)
            detail = f"{out} {detail}"
        detail = _joined(detail, self._also())
        if missing:
            gone = wording.counted(missing, wording.MISSING_ONE, wording.MISSING)
            return Line(Tone.WAITING, text, f"{gone} {detail}")
        return Line(Tone.GOOD, text, detail)

    def _moment(self, when: datetime) -> str:
        return wording.moment(when, self.now, self.zone)


def _owed(progress: TransferProgress, extra: str) -> Line | None:
    """Return what is still to be sent, None for nothing."""
    if progress.stage is PassStage.SENDING and progress.files_done < progress.files_total:
        text = wording.SENDING if progress.seconds_left is None else wording.SENDING_LEFT
        done, total = f"{progress.files_done:,}", f"{progress.files_total:,}"
        left = wording.duration(progress.seconds_left or 0)
        return Line(Tone.BUSY, text.format(done=done, total=total, left=left), extra)
    count = max(progress.files_waiting, progress.files_total - progress.files_done, len(progress.waiting))
    if count <= 0:
        return None
    if not progress.waiting:
        text = wording.counted(count, wording.WAITING_COUNT_ONE, wording.WAITING_COUNT)
        return Line(Tone.WAITING, text, extra)
    text = wording.WAITING_ONE if count == 1 else wording.WAITING_MORE
    first = progress.waiting[0]
    name = first.name.rpartition("/")[2]
    return Line(Tone.WAITING, text.format(count=f"{count:,}", name=name, reason=first.reason), extra)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _stored(progress: TransferProgress) -> str:
    total = progress.files_total
    if total == 0:
        return wording.NOTHING_NEW
    if progress.store_is_cloud:
        return wording.counted(total, wording.ALL_IN_CLOUD_ONE, wording.ALL_IN_CLOUD)
    return wording.counted(total, wording.ALL_STORED_ONE, wording.ALL_STORED)


def _extra(progress: TransferProgress) -> str:
    """Return what else a person should know of the files."""
    parts = (
        (progress.files_missing, wording.MISSING_ONE, wording.MISSING),
        (progress.unassigned, wording.UNASSIGNED_ONE, wording.UNASSIGNED),
        (progress.left_over, wording.LEFT_OVER_ONE, wording.LEFT_OVER),
    )
    return " ".join(wording.counted(count, one, many) for count, one, many in parts if count)

"""The one line of state: the worst thing first, and good only when everything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.events import PassStage
from nexuslims_logger.gui import amounts, dialog_wording, wording
from nexuslims_logger.gui.files_line import all_stored, besides, coming, joined, owed, stored_of
from nexuslims_logger.gui.known import Asked
from nexuslims_logger.gui.sentences import verified
from nexuslims_logger.gui.view import Line, Screen, Tone

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from nexuslims_logger.events import Problem
    from nexuslims_logger.gui.known import Known

#: So many intervals, and a minute for the pass itself, may go by before a check counts as old.
_STALE_INTERVALS: Final = 3
_STALE_GRACE_S: Final = 60
_LOST: Final = "nothing is lost"


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
    whose_open
        Nobody has said yet whose the files are that changed while no session ran.
    """

    known: Known
    now: datetime
    zone: tzinfo | None
    interval_s: float
    whose_open: bool = False

    def on(self, screen: Screen) -> Line:  # noqa: PLR0911 - one return for each screen
        """Return the line for that screen."""
        if self.known.asked is Asked.STOP:
            return Line(Tone.BUSY, wording.CLOSING_STATE)
        match screen:
            case Screen.STARTING:
                return self._trouble() or self._starting()
            case Screen.UNKNOWN_COMPUTER:
                return self._unknown(wording.UNKNOWN_STATE)
            case Screen.NO_DATABASE:
                return self._unknown(wording.NO_DATABASE_STATE)
            case Screen.FAILED:
                failure = self.known.failure
                help_ = wording.FAILED_HELP.format(message=failure.message) if failure else ""
                return Line(Tone.PROBLEM, wording.FAILED_STATE, help_)
            case Screen.DONE:
                return self._done()
            case Screen.ENDING:
                return self._stored() or self._trouble() or self._disk() or self._ending()
            case Screen.RUNNING:
                return self._asked() or self._trouble() or self._question() or self._running()

    def _unknown(self, text: str) -> Line:
        """Return why there is no session yet, and when that was found out: so one sees that *Try again* tried."""
        unknown = self.known.unknown
        if unknown is None or self.known.asked:
            return Line(Tone.BUSY, wording.ASKING_DATABASE)
        problem = unknown.problem
        asked = wording.LAST_ASKED.format(time=amounts.second(problem.since, self.now, self.zone))
        return Line(Tone.WAITING, text, f"{wording.NO_DATABASE_DETAIL if problem.offline else problem.message} {asked}")

    def _stored(self) -> Line | None:
        """Return that nobody has to wait for a database that is away when all files are stored."""
        known = self.known
        offline = known.record is not None and known.record.problem is not None and known.record.problem.offline
        if not (known.only_record_waits and offline) or (known.clock and known.clock.held):
            return None
        return Line(Tone.WAITING, wording.ONLY_RECORD_WAITS, wording.ONLY_RECORD_WAITS_DETAIL)

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
            return Line(Tone.WAITING, dialog_wording.CLOCK, wording.CLOCK_HELD)
        if self.whose_open and known.unassigned:
            count = known.progress.unassigned if known.progress else known.unassigned.files
            text = amounts.counted(count, wording.UNASSIGNED_OPEN_ONE, wording.UNASSIGNED_OPEN)
            return Line(Tone.WAITING, text, wording.UNASSIGNED_OPEN_DETAIL)
        return self._disk()

    def _disk(self) -> Line | None:
        """Return which disk is nearly full; of several, the one with the least room."""
        free_bytes, folder = min(((disk.free_bytes or 0, disk.folder) for disk in self.known.disks), default=(0, None))
        if folder is None:
            return None
        text = wording.DISK_LOW.format(folder=folder, free=amounts.size(free_bytes))
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
            parts.append(text.format(offset=amounts.duration(abs(known.clock.offset_ms) / 1000)))
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
        since = self._moment(problem.since)
        if problem.offline:
            return Line(Tone.PROBLEM, wording.OFFLINE.format(time=since), wording.OFFLINE_DETAIL)
        said = _LOST in problem.message.lower()  # once is enough
        text = problem.title if said else wording.PROBLEM.format(title=problem.title)
        return Line(Tone.PROBLEM, text, wording.PROBLEM_DETAIL.format(time=since, detail=problem.message))

    def _running(self) -> Line:
        progress = self.known.progress
        if progress is None:
            return Line(Tone.BUSY, wording.LOOKING)
        extra = joined(besides(progress), self._also())
        if waits := coming(progress, self.now, extra) or owed(progress, extra):
            return waits
        good_at = progress.last_good_pass_at
        if good_at is None:
            return Line(Tone.BUSY, wording.LOOKING, extra)
        age_s = (self.now - good_at).total_seconds()
        if age_s > _STALE_INTERVALS * self.interval_s + _STALE_GRACE_S:
            text = wording.STALE.format(time=self._moment(good_at), ago=amounts.duration(age_s))
            return Line(Tone.WAITING, text, extra)
        if not (self.known.record and self.known.record.recorded):
            return Line(Tone.BUSY, all_stored(progress), extra or wording.BEING_RECORDED)
        if not progress.files_total:
            extra = joined(self._watched(), extra)
        return Line(Tone.WAITING if progress.files_missing else Tone.GOOD, all_stored(progress), extra)

    def _watched(self) -> str:
        """Return where files belong, for who has not saved any yet."""
        folders = self.known.session.folders if self.known.session else ()
        return wording.WATCHED.format(folders=", ".join(folders)) if folders else ""

    def _ending(self) -> Line:
        progress = self.known.progress
        if self.known.stored:
            held = self.known.clock is not None and self.known.clock.held
            return Line(Tone.WAITING if held else Tone.BUSY, wording.RECORDING_END, self._also())
        if progress is None:
            return Line(Tone.BUSY, wording.ENDING_SCAN)
        extra = joined(besides(progress), self._also())
        if progress.stage is PassStage.VERIFYING:
            return Line(Tone.BUSY, wording.VERIFYING, extra)
        return owed(progress, extra) or Line(Tone.BUSY, wording.ENDING_SCAN, extra)

    def _done(self) -> Line:
        stored = self.known.stored
        missing, left_out = (stored.missing, stored.left_out) if stored else (0, 0)
        unassigned = self.known.progress.unassigned if self.known.progress else 0
        if stored and (missing or left_out):
            text = stored_of(stored)
            detail = wording.DONE_DETAIL.format(bytes=amounts.size(stored.bytes))
            detail = detail if stored.files else wording.DONE_DETAIL_NONE
        elif stored and stored.files:
            text = verified(stored.files, stored.files)
            detail = wording.DONE_DETAIL.format(bytes=amounts.size(stored.bytes))
        else:
            text, detail = wording.VERIFIED_NONE, wording.DONE_DETAIL_NONE
        if self.known.session and self.known.session.joined:
            user = self.known.session.user or dialog_wording.SOMEBODY
            detail = f"{wording.PART_DONE.format(user=user)} {detail}"
        if left := self.known.sessions_left:
            waits = amounts.counted(left, wording.SESSIONS_LEFT_ONE, wording.SESSIONS_LEFT)
            detail = f"{detail} {waits}"
        if left_out:
            detail = f"{amounts.counted(left_out, wording.LEFT_OUT_ONE, wording.LEFT_OUT)} {detail}"
        detail = joined(detail, self._also())
        if missing:
            detail = f"{amounts.counted(missing, wording.MISSING_ONE, wording.MISSING)} {detail}"
        if unassigned:
            not_sent = amounts.counted(unassigned, wording.UNASSIGNED_NOT_SENT_ONE, wording.UNASSIGNED_NOT_SENT)
            detail = f"{not_sent} {detail}"
        return Line(Tone.WAITING if missing or left_out or unassigned else Tone.GOOD, text, detail)

    def _moment(self, when: datetime) -> str:
        return amounts.moment(when, self.now, self.zone)

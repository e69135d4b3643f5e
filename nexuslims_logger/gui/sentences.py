"""The window's sentences: what is known, put into words. The presenter decides where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nexuslims_logger.config_values import path_of_url
from nexuslims_logger.events import InterruptedChoice, NeighbourChoice, PassStage, StartStep
from nexuslims_logger.gui import amounts, dialog_wording, wording
from nexuslims_logger.gui.view import Interrupted, Line, Neighbour, Screen, Step, StepState, Tone

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from nexuslims_logger.gui.known import Known

_STEPS: Final = {
    StartStep.JOURNAL: wording.STEP_JOURNAL,
    StartStep.RECOVERY: wording.STEP_RECOVERY,
    StartStep.INSTRUMENT: wording.STEP_INSTRUMENT,
    StartStep.SESSION: wording.STEP_SESSION,
}


@dataclass(frozen=True)
class Sentences:
    """Everything the window says at one moment.

    Attributes
    ----------
    known
        What there is to say.
    now, zone
        The present time, and the zone of the times shown (None: the PC's own).
    this_pc_only, is_demo
        As in `Presenter`.
    """

    known: Known
    now: datetime
    zone: tzinfo | None
    this_pc_only: bool
    is_demo: bool = False

    def title(self, screen: Screen, tone: Tone, *, asks: bool) -> str:
        """Return the window's title, which the task bar shows; a sign before it tells of trouble or a question."""
        counts, instrument = self._short_counts(), self._instrument()
        text = {
            Screen.STARTING: wording.TITLE_ASKING if asks else wording.TITLE_STARTING,
            Screen.UNKNOWN_COMPUTER: wording.TITLE_UNKNOWN,
            Screen.NO_DATABASE: wording.TITLE_NO_DATABASE,
            Screen.RUNNING: wording.TITLE_RUNNING,
            Screen.ENDING: wording.TITLE_ENDING,
            Screen.DONE: wording.TITLE_DONE,
            Screen.FAILED: wording.TITLE_FAILED,
        }[screen]
        title = text.format(program=wording.PROGRAM, counts=counts, instrument=instrument)
        if self.is_demo:
            title = wording.TITLE_DEMO.format(title=title)
        if tone is Tone.PROBLEM and screen is not Screen.FAILED:
            return wording.MARK_TROUBLE.format(title=title)
        return wording.MARK_QUESTION.format(title=title) if asks else title

    def heading(self, screen: Screen) -> str:
        """Return the big words at the top."""
        if screen is Screen.FAILED and self.known.failure:
            return self.known.failure.title
        if screen is Screen.UNKNOWN_COMPUTER:
            return wording.UNKNOWN
        if screen is Screen.NO_DATABASE and self.known.unknown:
            return self.known.unknown.problem.title
        if screen is Screen.ENDING and self.known.ended_at:
            return wording.SESSION_ENDED.format(time=self._moment(self.known.ended_at))
        return wording.STARTING if screen is Screen.STARTING else self._instrument()

    def record(self) -> Line:
        """Return where the session is recorded; always said with the embedded default."""
        record = self.known.record
        here = self.this_pc_only or (record is not None and record.this_pc_only)
        if self.known.session is None:
            will_be = here and not self.known.failure
            return Line(Tone.CALM, wording.WILL_BE_RECORDED_HERE if will_be else wording.NOT_RECORDED)
        if self.known.who:
            return Line(Tone.WAITING, wording.RECORD_NEEDS_NAME)
        if here:
            return Line(Tone.CALM, wording.RECORDED_FOR_DEMO if self.is_demo else wording.RECORDED_HERE)
        if record and record.recorded:
            return Line(Tone.GOOD, wording.RECORDED)
        if record and record.problem:
            return Line(Tone.WAITING, wording.RECORD_WAITS)
        return Line(Tone.BUSY, wording.RECORD_UNDER_WAY)

    def who(self) -> str:
        """Return the user and the times of the session."""
        session, ended_at = self.known.session, self.known.ended_at
        if session is None:
            return ""
        start, user = self._moment(session.started_at), session.user
        if session.joined:
            user = wording.PART_OF.format(user=user or dialog_wording.SOMEBODY)
        if user and session.project:
            user = wording.USER_PROJECT.format(user=user, project=session.project)
        if ended_at:
            text = wording.ENDED_AT if user else wording.ENDED_AT_NOBODY
            who = text.format(user=user, start=start, end=self._moment(ended_at))
            return who if self.known.ready else wording.ENDED_ON.format(instrument=self._instrument(), who=who)
        return (wording.USER_SINCE if user else wording.SINCE).format(user=user, time=start)

    def elapsed(self) -> str:
        """Return the running time."""
        session = self.known.session
        return amounts.elapsed((self.now - session.started_at).total_seconds()) if session else ""

    def note(self) -> str:
        """Return the note's first line; of a session that was joined, where it is written."""
        if not self.known.has_own_note:
            return wording.NOTE_ELSEWHERE
        first, _, rest = self.known.note.strip().partition("\n")
        return wording.NOTE_LINE.format(note=f"{first} ..." if rest else first) if first else ""

    def counts(self, screen: Screen) -> str:
        """Return files and bytes below the bar; on the way to the end, how many are verified."""
        progress, stored = self.known.progress, self.known.stored
        if screen is Screen.ENDING and stored:
            return verified(stored.files, stored.files)
        if progress is None or progress.files_total == 0:
            return wording.NO_FILES_YET if screen is Screen.RUNNING else wording.ENDING_SCAN
        if screen is Screen.ENDING and progress.stage is PassStage.VERIFYING:
            return verified(progress.files_done, progress.files_total)
        return (wording.COUNTS_ONE if progress.files_total == 1 else wording.COUNTS).format(
            done=f"{progress.files_done:,}",
            total=f"{progress.files_total:,}",
            bytes_done=amounts.size(progress.bytes_done),
            bytes_total=amounts.size(progress.bytes_total),
        )

    def rate(self) -> str:
        """Return the speed, "" when nothing is being sent."""
        progress = self.known.progress
        if progress is None or progress.rate_bytes_per_s <= 0 or progress.files_done >= progress.files_total:
            return ""
        return wording.RATE.format(rate=amounts.size(progress.rate_bytes_per_s))

    def checked(self) -> str:
        """Return when the last good pass ended; while a long scan is under way, how far it is."""
        progress = self.known.progress
        if progress and progress.stage is PassStage.SCANNING and progress.files_looked_at:
            return wording.CHECKING.format(count=f"{progress.files_looked_at:,}")
        good_at = progress.last_good_pass_at if progress else None
        if good_at is None:
            return wording.NOT_CHECKED
        return wording.CHECKED.format(time=amounts.second(good_at, self.now, self.zone))

    def leaving(self) -> str:
        """Return what a person leaves behind who goes now."""
        progress, stored, waits = self.known.progress, self.known.stored, dialog_wording.LEAVING_REST
        if self.known.only_record_waits and stored:
            return dialog_wording.LEAVING_STORED_TEXT.format(verified=verified(stored.files, stored.files))
        if progress and not stored and progress.files_total > progress.files_done:
            left = progress.files_total - progress.files_done
            waits = amounts.counted(left, dialog_wording.LEAVING_FILES_ONE, dialog_wording.LEAVING_FILES)
        return dialog_wording.LEAVING_TEXT.format(waits=waits)

    def stored_in(self) -> str:
        """Return where the data are, as one opens it; "" when there are none."""
        session, stored = self.known.session, self.known.stored
        if session is None or stored is None or not stored.files:
            return ""
        place = session.stored_in
        return str(path_of_url(place)) if place.startswith("file:") else place

    def summoned(self) -> str:
        """Return whose session runs here, for who has started the program a second time."""
        session = self.known.session
        if session is None:
            return ""
        text = dialog_wording.SUMMONED_TEXT if session.user else dialog_wording.SUMMONED_NOBODY
        return text.format(user=session.user, time=self._moment(session.started_at))

    def steps(self) -> tuple[Step, ...]:
        """Return the steps of the start."""
        place = self._step_number()
        states = (
            StepState.DONE if number < place else StepState.ACTIVE if number == place else StepState.OPEN
            for number in range(len(_STEPS))
        )
        return tuple(Step(text, state) for text, state in zip(_STEPS.values(), states, strict=True))

    def start_fraction(self) -> float:
        """Return how much of the start is behind us."""
        return (max(self._step_number(), 0) + 0.5) / len(_STEPS)

    def interrupted(self) -> Interrupted | None:
        """Return the question about an interrupted session."""
        found = self.known.interrupted
        if found is None:
            return None
        files = dialog_wording.INTERRUPTED_NO_FILES
        if found.files_waiting:
            count = amounts.counted(found.files_waiting, dialog_wording.COUNT_ONE, dialog_wording.COUNT)
            files = dialog_wording.INTERRUPTED_FILES_TEXT.format(count=count, bytes=amounts.size(found.bytes_waiting))
        return Interrupted(
            heading=dialog_wording.PAUSED_FOUND if found.paused else dialog_wording.INTERRUPTED,
            facts=(
                (dialog_wording.INTERRUPTED_USER, found.user or dialog_wording.SOMEBODY),
                (dialog_wording.INTERRUPTED_STARTED, self._moment(found.started_at)),
                (dialog_wording.INTERRUPTED_ACTIVITY, self._moment(found.last_activity_at)),
                (dialog_wording.INTERRUPTED_FILES, files),
            ),
            end_text=dialog_wording.END_EARLIER if found.same_user else dialog_wording.END_THEIRS,
            continue_first=found.suggestion is InterruptedChoice.CONTINUE,
            without_answer=(
                ""
                if found.continues_in_s is None
                else dialog_wording.INTERRUPTED_CONTINUES.format(seconds=f"{found.continues_in_s:.0f}")
            ),
        )

    def neighbour(self) -> Neighbour | None:
        """Return the question about another computer's open session."""
        found = self.known.neighbour
        if found is None:
            return None
        return Neighbour(
            facts=(
                (dialog_wording.INTERRUPTED_USER, found.user or dialog_wording.SOMEBODY),
                (dialog_wording.NEIGHBOUR_COMPUTER, found.computer_name),
                (dialog_wording.INTERRUPTED_STARTED, self._moment(found.started_at)),
                (dialog_wording.INTERRUPTED_ACTIVITY, self._moment(found.last_activity_at)),
            ),
            may_join=found.may_join,
            join_first=found.suggestion is NeighbourChoice.JOIN,
        )

    def _instrument(self) -> str:
        return self.known.session.instrument_name if self.known.session else wording.PROGRAM

    def _short_counts(self) -> str:
        progress = self.known.progress
        done, total = (progress.files_done, progress.files_total) if progress else (0, 0)
        return wording.TITLE_COUNTS.format(done=done, total=total)

    def _step_number(self) -> int:
        step = self.known.step
        return list(_STEPS).index(step) if step else 0

    def _moment(self, when: datetime) -> str:
        return amounts.moment(when, self.now, self.zone)


def verified(done: int, total: int) -> str:
    """Return how many files were compared with the store."""
    if total == 0:
        return wording.VERIFIED_NONE
    text = wording.VERIFIED_ONE if total == 1 else wording.VERIFIED
    return text.format(done=f"{done:,}", total=f"{total:,}")

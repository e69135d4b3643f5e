from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.db.table_columns import NO_FIT, mismatch
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.events import (
    CatchUp,
    FilesListed,
    FileUnderWay,
    Healed,
    InstrumentUnknown,
    InterruptedChoice,
    InterruptedFound,
    NoteSaved,
    PassStage,
    Problem,
    RecordState,
    SessionEnding,
    SessionPaused,
    SessionReady,
    SessionStarted,
    SessionStored,
    Starting,
    StartStep,
    Stopped,
    TransferProgress,
    Trouble,
    WaitingFile,
    WhoIsWorking,
)
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui import dialog_wording, wording
from nexuslims_logger.gui.listed_files import LOOK_AGAIN_S
from nexuslims_logger.gui.note_draft import NOTE_S
from nexuslims_logger.gui.presenter import DONE_S, STOP_S, Presenter
from nexuslims_logger.gui.view import Dialog, Screen, StepState, Tone, View
from nexuslims_logger.messages import ListFiles, Stop, SyncNow
from nexuslims_logger.session.service import (
    AnswerInterrupted,
    EndSession,
    PauseSession,
    SessionService,
    SetNote,
    TryAgain,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.events import Event

NOW = datetime(2026, 11, 23, 14, 52, 10, tzinfo=UTC)
MINE, THEIRS = "mine", "theirs"
PROBLEM = Problem("The network is away", "Check the cable.", NOW - timedelta(minutes=50))


@dataclass
class Inbox:
    taken: list[Any] = field(default_factory=list)

    def put(self, message: Any) -> None:
        self.taken.append(message)

    def get(self, timeout_s: float | None) -> Any:
        raise NotImplementedError


class Desk:
    """A presenter with a letter box behind it."""

    def __init__(self, *events: Event, this_pc_only: bool = False) -> None:
        self.presenter = Presenter(this_pc_only=this_pc_only, interval_s=60.0, zone=UTC)
        self.inbox = Inbox()
        self.presenter.connect(SessionService(self.inbox))
        self.tell(*events)

    def tell(self, *events: Event) -> None:
        for event in events:
            self.presenter.receive(event)

    def view(self, now: datetime = NOW) -> View:
        return self.presenter.view(now)

    @property
    def asked(self) -> list[Any]:
        return self.inbox.taken


STARTED = SessionStarted(MINE, "FEI Titan TEM", "ada", NOW - timedelta(hours=1), "", continued=False)
RECORDED = RecordState(MINE, recorded=True, this_pc_only=False)
ENDING = SessionEnding(MINE, NOW)
STORED = SessionStored(MINE, files=142, bytes=3_400_000_000, missing=0)
READY = SessionReady(MINE)
INTERRUPTED = InterruptedFound(
    THEIRS,
    "grace",
    NOW - timedelta(hours=30),
    NOW - timedelta(hours=29),
    files_waiting=7,
    bytes_waiting=812_000_000,
    paused=False,
    same_user=False,
    suggestion=InterruptedChoice.END,
)
UNKNOWN = InstrumentUnknown("TEM-PC-03", PROBLEM)
AWAY = Problem("The database cannot be reached", "([Errno 111] Connection refused) (2003)", PROBLEM.since, offline=True)
NO_ANSWER = InstrumentUnknown("TEM-PC-03", AWAY, answered=False)
OFFLINE = RecordState(MINE, recorded=False, this_pc_only=False, problem=AWAY)


def progress(stage: PassStage = PassStage.IDLE, **counts: Any) -> TransferProgress:
    values: dict[str, Any] = {"last_good_pass_at": NOW - timedelta(seconds=20), **counts}
    return TransferProgress(MINE, stage, **values)


def some(**counts: Any) -> TransferProgress:
    """Return twelve of forty."""
    values = {"files_total": 40, "files_done": 12, "bytes_total": 3_400, "bytes_done": 1_200, **counts}
    return progress(PassStage.SENDING, **values)


def every(**counts: Any) -> TransferProgress:
    """Return forty of forty."""
    values = {"files_total": 40, "files_done": 40, "bytes_total": 3_400, "bytes_done": 3_400, **counts}
    return progress(**values)


@pytest.mark.parametrize(
    ("events", "screen", "title"),
    [
        ((), Screen.STARTING, "Starting - NexusLIMS Logger"),
        ((Starting(StartStep.RECOVERY), INTERRUPTED), Screen.STARTING, "? NexusLIMS Logger"),
        ((UNKNOWN,), Screen.UNKNOWN_COMPUTER, "Unknown computer - NexusLIMS Logger"),
        ((UNKNOWN, Starting(StartStep.INSTRUMENT)), Screen.STARTING, "Starting - NexusLIMS Logger"),
        ((UNKNOWN, STARTED), Screen.RUNNING, "0/0 - FEI Titan TEM"),
        ((STARTED, some()), Screen.RUNNING, "12/40 - FEI Titan TEM"),
        ((STARTED, some(store_problem=PROBLEM)), Screen.RUNNING, "! 12/40 - FEI Titan TEM"),
        ((STARTED, some(), ENDING, some(store_problem=PROBLEM)), Screen.ENDING, "! Ending 12/40 - FEI Titan TEM"),
        (
            (STARTED, some(), WhoIsWorking(MINE, asks_name=True, asks_project=False)),
            Screen.RUNNING,
            "? 12/40 - FEI Titan TEM",
        ),
        ((NO_ANSWER,), Screen.NO_DATABASE, "Waiting for the database - NexusLIMS Logger"),
        ((STARTED, some(), ENDING), Screen.ENDING, "Ending 12/40 - FEI Titan TEM"),
        ((STARTED, ENDING, STORED), Screen.ENDING, "Ending 0/0 - FEI Titan TEM"),
        ((STARTED, ENDING, STORED, READY), Screen.DONE, "Done - FEI Titan TEM"),
    ],
)
def test_what_has_happened_decides_the_screen_and_its_title(
    events: tuple[Event, ...], screen: Screen, title: str
) -> None:
    view = Desk(*events).view()

    assert (view.screen, view.title) == (screen, title)


@pytest.mark.parametrize(
    ("events", "tone", "text"),
    [
        ((), Tone.BUSY, "Looking for new files"),
        ((RECORDED, progress(last_good_pass_at=None)), Tone.BUSY, "Looking for new files"),
        ((RECORDED, progress()), Tone.GOOD, "Ready. New files are sent by themselves"),
        ((RECORDED, every()), Tone.GOOD, "All 40 files are stored"),
        ((RECORDED, every(files_total=1, files_done=1)), Tone.GOOD, "The file is stored"),
        ((RECORDED, every(store_is_cloud=True)), Tone.GOOD, "All 40 files are safe in the cloud"),
        ((every(),), Tone.BUSY, "All 40 files are stored"),
        ((RECORDED, every(files_missing=2)), Tone.WAITING, "All 40 files are stored"),
        ((RECORDED, some()), Tone.BUSY, "Sending 12 of 40 files"),
        ((RECORDED, some(seconds_left=118.0)), Tone.BUSY, "Sending 12 of 40 files, 2 min left"),
        (
            (RECORDED, every(files_done=39, waiting=(WaitingFile("scan.ser", "still being written"),))),
            Tone.BUSY,
            "1 new file, sent as soon as it is complete",
        ),
        (
            (RECORDED, every(files_done=33, files_waiting=7, oldest_waiting_at=NOW - timedelta(minutes=2))),
            Tone.BUSY,
            "7 new files, sent as soon as they are complete",
        ),
        (
            (
                RECORDED,
                every(
                    files_done=39,
                    oldest_waiting_at=NOW - timedelta(minutes=4),
                    waiting=(WaitingFile("scan.ser", "still being written"),),
                ),
            ),
            Tone.WAITING,
            "Waiting for scan.ser: still being written",
        ),
        (
            (
                RECORDED,
                every(files_waiting=3, waiting=(WaitingFile("2026-11-23/a.dm3", "in use by another program"),)),
            ),
            Tone.WAITING,
            "Waiting for 3 files, first a.dm3: in use by another program",
        ),
        (
            (RECORDED, every(files_waiting=1, oldest_waiting_at=NOW - timedelta(hours=1))),
            Tone.WAITING,
            "1 file waits to be sent",
        ),
        (
            (RECORDED, every(last_good_pass_at=NOW - timedelta(minutes=12))),
            Tone.WAITING,
            "The last complete check was at 14:40, 12 min ago",
        ),
        (
            (RECORDED, every(store_problem=PROBLEM)),
            Tone.PROBLEM,
            "The network is away; nothing is lost",
        ),
        (
            (RECORDED, every(folder_problem=PROBLEM)),
            Tone.PROBLEM,
            "The network is away; nothing is lost",
        ),
        (
            (RecordState(MINE, recorded=False, this_pc_only=False, problem=PROBLEM), every()),
            Tone.PROBLEM,
            "The network is away; nothing is lost",
        ),
        (
            (RECORDED, Trouble("transfer", PROBLEM), every(last_good_pass_at=PROBLEM.since)),
            Tone.PROBLEM,
            "The network is away; nothing is lost",
        ),
        ((RECORDED, Trouble("transfer", PROBLEM), every()), Tone.GOOD, "All 40 files are stored"),
    ],
)
def test_the_line_of_state_says_the_worst_thing_and_is_good_only_when_everything_is(
    events: tuple[Event, ...], tone: Tone, text: str
) -> None:
    state = Desk(STARTED, *events).view().state

    assert (state.tone, state.text) == (tone, text)


def test_a_schema_that_does_not_fit_is_told_and_stops_nothing() -> None:
    problem = Problem(NO_FIT, mismatch(2, "7.5"), PROBLEM.since)

    view = Desk(STARTED, every(), RecordState(MINE, recorded=False, this_pc_only=False, problem=problem)).view()

    assert view.screen is Screen.RUNNING
    assert view.state.text == "The database's tables do not fit this version; nothing is lost"
    assert "Nothing is written to it; the session stays safe on this PC, and its files are sent." in view.state.detail
    assert "NexusLIMS-Logger 7.5 or newer" in view.state.detail
    assert view.record.text == "Recorded on this PC, will be sent"


def test_the_state_says_what_to_do_about_a_problem() -> None:
    assert Desk(STARTED, some(store_problem=PROBLEM)).view().state.detail == "Since 14:02. Check the cable."


def test_a_database_that_is_away_is_told_in_words_and_once() -> None:
    state = Desk(STARTED, every(), OFFLINE).view().state

    assert (state.tone, state.text) == (
        Tone.PROBLEM,
        "Waiting for the database since 14:02; nothing is lost",
    )
    assert state.detail.startswith("You can go on working.")
    assert "111" not in state.detail

    already = Problem("The store is away", "It will be tried again, nothing is lost: 503.", NOW)
    state = Desk(STARTED, some(store_problem=already)).view().state
    assert f"{state.text} {state.detail}".lower().count("nothing is lost") == 1


def test_a_database_that_does_not_answer_is_not_an_unknown_computer() -> None:
    desk = Desk(NO_ANSWER)

    view = desk.view()
    assert (view.heading, view.to_copy) == ("The database cannot be reached", "")
    assert view.state.text == "Nothing is recorded yet. The database is asked again by itself"
    assert view.state.detail.endswith("Last asked 14:02:10.")
    assert "111" not in view.state.detail

    desk.presenter.try_again()
    assert desk.asked == [TryAgain()]
    assert desk.view().state.text == "Asking the database"
    desk.tell(replace(NO_ANSWER, problem=replace(AWAY, since=NOW)))
    assert desk.view().state.detail.endswith("Last asked 14:52:10.")


def test_nobody_has_to_stay_for_the_record_alone() -> None:
    desk = Desk(STARTED, ENDING, STORED, OFFLINE)
    desk.presenter.wants_to_close()

    view = desk.view()
    assert (view.state.tone, view.state.text) == (Tone.WAITING, "Your files are stored; only the record waits")
    assert view.leaving_text.startswith("142 of 142 files verified. Only the record waits")
    assert desk.presenter.leftover.heading == "Your files are stored"
    assert desk.presenter.leftover.may_leave


def test_the_end_does_not_look_like_the_session() -> None:
    view = Desk(STARTED, some(), ENDING).view()

    assert (view.heading, view.who) == ("Session ended 14:52", "FEI Titan TEM: ada, 13:52 to 14:52")


def test_the_project_is_shown_with_the_user() -> None:
    assert Desk(replace(STARTED, project="grid 7")).view().who == "ada (grid 7), since 13:52"


def test_a_thread_that_died_stays_in_sight_until_it_is_well_again() -> None:
    desk = Desk(STARTED, RECORDED, Trouble("nexuslims-session", PROBLEM), every())
    assert desk.view().state.tone is Tone.PROBLEM

    desk.tell(Healed("nexuslims-transfer"))
    assert desk.view().state.tone is Tone.PROBLEM, "another part is well"

    desk.tell(Healed("nexuslims-session"))
    assert desk.view().state.tone is Tone.GOOD


def test_each_of_the_two_journals_is_well_again_by_itself() -> None:
    desk = Desk(STARTED, RECORDED, Trouble("journal", PROBLEM), Trouble("files journal", PROBLEM))
    desk.tell(Healed("files journal"), every())
    assert desk.view().state.tone is Tone.PROBLEM, "a pass over the files says nothing of the sessions' journal"

    desk.tell(Healed("journal"))
    assert desk.view().state.tone is Tone.GOOD


def test_a_start_that_the_workers_gave_up_is_told() -> None:
    desk = Desk(Starting(StartStep.JOURNAL), Trouble("start", PROBLEM))

    view = desk.view()
    assert (view.screen, view.heading) == (Screen.FAILED, PROBLEM.title)
    assert view.state.detail.startswith(PROBLEM.message)

    desk.presenter.stop()
    assert desk.asked == [Stop()]
    assert desk.presenter.exit_code() is ExitCode.FAILED


def test_the_last_screen_mentions_what_earlier_sessions_wait_for() -> None:
    detail = Desk(STARTED, ENDING, STORED, READY, CatchUp(1)).view().state.detail

    assert detail.endswith("1 earlier session still waits; it is caught up when the logger runs here again.")


def test_the_state_mentions_what_else_concerns_the_files() -> None:
    detail = Desk(STARTED, RECORDED, every(files_missing=1, unassigned=3, left_over=5)).view().state.detail

    assert detail == (
        "1 file was gone before it could be sent. 3 files changed while no session ran; they belong to none. "
        "5 files of earlier sessions are still being sent."
    )


@pytest.mark.parametrize(
    ("events", "tone", "text"),
    [
        ((), Tone.BUSY, "Looking for the last files"),
        ((some(),), Tone.BUSY, "Sending 12 of 40 files"),
        ((every(stage=PassStage.VERIFYING),), Tone.BUSY, "Comparing every file with the store"),
        (
            (every(files_done=39, waiting=(WaitingFile("scan.ser", "still being written"),)),),
            Tone.WAITING,
            "Waiting for scan.ser: still being written",
        ),
        ((some(store_problem=PROBLEM),), Tone.PROBLEM, "The network is away; nothing is lost"),
        ((STORED,), Tone.BUSY, "Recording that everything is there"),
        (
            (STORED, RecordState(MINE, recorded=False, this_pc_only=False, problem=PROBLEM)),
            Tone.PROBLEM,
            "The network is away; nothing is lost",
        ),
    ],
)
def test_the_end_says_what_it_waits_for(events: tuple[Event, ...], tone: Tone, text: str) -> None:
    state = Desk(STARTED, ENDING, *events).view().state

    assert (state.tone, state.text) == (tone, text)


@pytest.mark.parametrize(
    ("last", "tone", "text", "detail"),
    [
        (STORED, Tone.GOOD, "142 of 142 files verified", "3.4 GB compared with the store. You may leave."),
        (
            SessionStored(MINE, files=1, bytes=1_000, missing=2),
            Tone.WAITING,
            "1 of 3 files stored, 2 gone",
            "2 files were gone before they could be sent. 1 kB compared with the store. You may leave.",
        ),
        (
            SessionStored(MINE, files=0, bytes=0, missing=0, left_out=1),
            Tone.WAITING,
            "0 of 1 file stored, 1 left out",
            "1 file was left out. The session is recorded. You may leave.",
        ),
        (
            SessionStored(MINE, files=0, bytes=0, missing=0),
            Tone.GOOD,
            "No files in this session",
            "The session is recorded. You may leave.",
        ),
    ],
)
def test_the_last_screen_counts_what_was_verified(last: SessionStored, tone: Tone, text: str, detail: str) -> None:
    state = Desk(STARTED, ENDING, last, READY).view().state

    assert (state.tone, state.text, state.detail) == (tone, text, detail)


@pytest.mark.parametrize(
    ("here", "events", "tone", "text"),
    [
        (True, (), Tone.CALM, "Will be recorded on this PC only"),
        (False, (), Tone.CALM, "Nothing is recorded so far"),
        (True, (STARTED,), Tone.CALM, "Recorded on this PC only"),
        (True, (STARTED, RECORDED), Tone.CALM, "Recorded on this PC only"),
        (True, (STARTED, ENDING, STORED, READY), Tone.CALM, "Recorded on this PC only"),
        (False, (STARTED,), Tone.BUSY, "Recorded on this PC, being sent"),
        (False, (STARTED, RECORDED), Tone.GOOD, "Recorded in the database"),
        (
            False,
            (STARTED, RecordState(MINE, recorded=False, this_pc_only=False, problem=PROBLEM)),
            Tone.WAITING,
            "Recorded on this PC, will be sent",
        ),
    ],
)
def test_where_the_session_is_recorded_is_always_said(
    here: bool, events: tuple[Event, ...], tone: Tone, text: str
) -> None:
    record = Desk(*events, this_pc_only=here).view().record

    assert (record.tone, record.text) == (tone, text)


def test_the_running_screen_shows_who_since_when_and_how_far() -> None:
    desk = Desk(STARTED, NoteSaved(MINE, "grid 7\nthe broken corner"), some(rate_bytes_per_s=18_300_000.0))

    view = desk.view()

    assert view.heading == "FEI Titan TEM"
    assert view.who == "ada, since 13:52"
    assert view.elapsed == "01:00:00"
    assert view.note == "Note: grid 7 ..."
    assert view.counts == "12 of 40 files, 1 kB of 3 kB"
    assert view.rate == "18.3 MB/s"
    assert view.checked == "Last complete check 14:51:50"


def test_the_time_runs_with_the_clock_and_never_below_zero() -> None:
    desk = Desk(STARTED)

    assert desk.view(NOW + timedelta(seconds=5)).elapsed == "01:00:05"
    assert desk.view(NOW - timedelta(hours=2)).elapsed == "00:00:00"


def test_the_bar_says_what_the_numbers_say_and_goes_back_only_for_more_work() -> None:
    desk = Desk(STARTED)
    seen = []
    for done, total in [(0, 1_000), (500, 1_000), (400, 1_000), (500, 2_000), (900, 2_000), (1_100, 2_000)]:
        desk.tell(some(bytes_done=done, bytes_total=total))
        seen.append(desk.view().fraction)

    assert seen == [0.0, 0.5, 0.5, 0.25, 0.45, 0.55]


def test_the_bar_is_full_only_when_every_file_is_there() -> None:
    desk = Desk(STARTED, some(bytes_done=3_400, files_done=39))
    assert desk.view().fraction == pytest.approx(0.99)

    desk.tell(every())
    assert desk.view().fraction == 1.0

    desk.tell(some(files_total=80, files_done=40, bytes_done=3_400, bytes_total=6_800))
    assert desk.view().fraction == 0.5


def test_the_bar_of_the_end_begins_at_what_there_is() -> None:
    desk = Desk(STARTED, some(bytes_done=2_000, bytes_total=4_000), some(bytes_done=1_000, bytes_total=4_000))
    assert desk.view().fraction == 0.5

    desk.tell(ENDING)

    assert desk.view().fraction == 0.25


def test_the_bar_counts_files_when_they_are_empty() -> None:
    assert Desk(STARTED, some(bytes_done=0, bytes_total=0)).view().fraction == pytest.approx(0.3)


@pytest.mark.parametrize(
    "event",
    [
        RecordState(THEIRS, recorded=True, this_pc_only=False),
        TransferProgress(THEIRS, PassStage.SENDING, files_total=3),
        NoteSaved(THEIRS, "not mine"),
        SessionEnding(THEIRS, NOW),
        SessionStored(THEIRS, files=1, bytes=1, missing=0),
        SessionReady(THEIRS),
        SessionPaused(THEIRS),
    ],
)
def test_what_belongs_to_another_session_changes_nothing(event: Event) -> None:
    desk = Desk(STARTED)
    before = desk.view()

    desk.tell(event)

    assert desk.view() == before


def test_the_steps_of_the_start_are_ticked_off() -> None:
    view = Desk(Starting(StartStep.INSTRUMENT)).view()

    assert [step.state for step in view.steps] == [
        StepState.DONE,
        StepState.DONE,
        StepState.ACTIVE,
        StepState.OPEN,
    ]
    assert view.fraction == pytest.approx(0.625)


def test_an_interrupted_session_is_asked_about_with_all_that_helps_to_answer() -> None:
    view = Desk(Starting(StartStep.RECOVERY), INTERRUPTED).view()

    assert view.dialog is Dialog.INTERRUPTED
    assert view.interrupted is not None
    assert view.interrupted.facts == (
        ("User", "grace"),
        ("Started", "2026-11-22 08:52"),
        ("Last activity", "2026-11-22 09:52"),
        ("Files waiting", "7 files, 812.0 MB"),
    )
    assert view.interrupted.end_text == dialog_wording.END_THEIRS
    assert not view.interrupted.continue_first


@pytest.mark.parametrize("choice", list(InterruptedChoice))
def test_the_answer_is_given_once_and_the_question_goes(choice: InterruptedChoice) -> None:
    desk = Desk(INTERRUPTED)

    desk.presenter.answer_interrupted(choice)
    desk.presenter.answer_interrupted(choice)

    assert desk.asked == [AnswerInterrupted(choice)]
    assert desk.view().dialog is None
    assert desk.view().busy


def test_no_answer_closes_and_leaves_everything_open() -> None:
    desk = Desk(INTERRUPTED)

    desk.presenter.dismiss()

    assert desk.asked == [Stop()]
    assert desk.presenter.exit_code() is ExitCode.WAITING


def test_an_unknown_computer_shows_its_name_and_can_try_again() -> None:
    desk = Desk(UNKNOWN)
    assert desk.view().to_copy == "TEM-PC-03"
    assert desk.view().state.detail == "Check the cable. Last asked 14:02:10."

    desk.presenter.try_again()
    desk.presenter.try_again()
    assert desk.asked == [TryAgain()]

    desk.tell(UNKNOWN)
    assert not desk.view().busy


def test_the_end_is_asked_for_once_and_seen_at_once() -> None:
    desk = Desk(STARTED, RECORDED, every())

    desk.presenter.end()
    desk.presenter.end()

    assert desk.asked == [EndSession()]
    assert desk.view().busy
    assert desk.view().state.text == "Ending the session"
    assert desk.view().state.tone is not Tone.GOOD


def test_a_note_is_shown_when_it_is_safe_and_not_before() -> None:
    desk = Desk(STARTED)
    assert desk.presenter.draft.open() == ""

    desk.presenter.draft.write("  grid 7 \n")
    desk.presenter.draft.close()
    assert desk.asked == [SetNote("grid 7", MINE)]
    assert desk.view().note == ""

    desk.tell(NoteSaved(MINE, "grid 7"))
    assert desk.view().note == "Note: grid 7"


def test_a_note_is_saved_at_a_rest_of_the_hand() -> None:
    desk = Desk(STARTED)
    desk.presenter.draft.open()

    desk.presenter.draft.write("gr")
    desk.presenter.second_passed()
    assert desk.asked == []
    assert desk.presenter.draft.status(2) == "Saving as you type"
    desk.presenter.second_passed()
    assert desk.asked == [SetNote("gr", MINE)]
    desk.tell(NoteSaved(MINE, "gr"))
    assert desk.presenter.draft.status(2) == "Saved on this PC"

    for _ in range(3):
        desk.presenter.second_passed()
    assert desk.asked == [SetNote("gr", MINE)]


def test_a_note_that_is_written_without_a_rest_is_saved_all_the_same() -> None:
    desk = Desk(STARTED)
    desk.presenter.draft.open()

    for number in range(2 * NOTE_S):
        desk.presenter.draft.write("x" * (number + 1))
        desk.presenter.second_passed()

    assert desk.asked == [SetNote("x" * NOTE_S, MINE), SetNote("x" * 2 * NOTE_S, MINE)]


def test_the_editor_begins_with_what_was_sent_last_however_late_the_journal_answers() -> None:
    desk = Desk(replace(STARTED, note="grid 7"))
    draft = desk.presenter.draft
    assert draft.open() == "grid 7"
    draft.write("grid 7, sample 12")
    draft.close()

    assert draft.open() == "grid 7, sample 12", "a full disk: the journal has not answered yet"
    assert draft.status(17) == "Saving as you type"
    desk.tell(NoteSaved(MINE, "grid 7, sample 12"))
    assert draft.status(17) == "Saved on this PC"
    draft.write("grid 7, sample 12, thin")
    draft.close()
    assert desk.asked == [SetNote("grid 7, sample 12", MINE), SetNote("grid 7, sample 12, thin", MINE)]

    desk.tell(replace(STARTED, session_identifier=THEIRS, note="theirs"))
    assert draft.open() == "theirs"


@pytest.mark.parametrize("leave", ["end", "pause", "stop", "open_change_user"])
def test_every_way_out_saves_the_note_first(leave: str) -> None:
    desk = Desk(STARTED)
    desk.presenter.draft.open()
    desk.presenter.draft.read_with(lambda: "last words")  # typed, and not told yet

    getattr(desk.presenter, leave)()

    assert desk.asked[0] == SetNote("last words", MINE)


@pytest.mark.parametrize("event", [ENDING, replace(STARTED, session_identifier=THEIRS)])
def test_a_session_that_ends_by_itself_takes_along_what_was_just_typed(event: Event) -> None:
    desk = Desk(STARTED)
    desk.presenter.draft.open()
    desk.presenter.draft.read_with(lambda: "last words")

    desk.tell(event)

    assert desk.asked == [SetNote("last words", MINE)]
    assert not desk.presenter.draft.is_open


def test_a_session_that_was_joined_has_its_note_elsewhere() -> None:
    desk = Desk(replace(STARTED, joined=True))

    assert desk.presenter.draft.open() is None
    assert not desk.view().may_write
    assert desk.view().note == "The note is written at the other computer."


def test_the_editor_goes_with_its_session_and_a_list_of_another_is_not_shown() -> None:
    desk = Desk(STARTED)
    desk.presenter.draft.open()
    desk.tell(FilesListed(MINE, (), None))
    desk.tell(FilesListed(THEIRS, (), NOW))
    assert desk.presenter.files.newest == FilesListed(MINE, (), None)

    desk.tell(replace(STARTED, session_identifier=THEIRS))

    writing, files = desk.presenter.draft.is_open, desk.presenter.files.newest
    assert not writing
    assert files is None


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Path("/srv/nexuslims/Titan TEM").absolute().as_uri(), str(Path("/srv/nexuslims/Titan TEM").absolute())),
        ("gs://bucket/Titan", "gs://bucket/Titan"),
    ],
)
def test_the_last_screen_says_where_the_data_are(place: str, shown: str) -> None:
    view = Desk(replace(STARTED, stored_in=place), ENDING, STORED, READY).view()

    assert (view.to_copy_label, view.to_copy) == ("Your data:", shown)


def test_files_are_asked_for_when_something_has_happened() -> None:
    desk = Desk(STARTED, some())
    desk.presenter.files.open()
    for _ in range(3):
        desk.presenter.files.second_passed()
    assert desk.asked == [ListFiles(MINE)]

    desk.tell(every())
    desk.presenter.files.second_passed()

    assert desk.asked == [ListFiles(MINE), ListFiles(MINE)]


def test_what_is_safe_to_delete_is_looked_at_again_although_nothing_has_happened() -> None:
    desk = Desk(STARTED, every(), ENDING, STORED, READY)
    files = desk.presenter.files
    files.open()
    for _ in range(2 * LOOK_AGAIN_S):
        files.second_passed()
    assert desk.asked == [ListFiles(MINE)], "the answer is still awaited"

    desk.tell(FilesListed(MINE, (), NOW))
    for _ in range(2 * LOOK_AGAIN_S):
        files.second_passed()
    assert desk.asked == [ListFiles(MINE)] * 2


def test_a_list_that_is_opened_again_says_nothing_of_how_it_was() -> None:
    desk = Desk(STARTED, every(), ENDING, STORED, READY)
    desk.presenter.files.open()
    desk.tell(FilesListed(MINE, (), NOW))

    desk.presenter.files.open()

    assert desk.asked == [ListFiles(MINE)] * 2
    assert desk.presenter.files.newest is None


def test_a_second_start_is_asked_about_while_a_session_runs() -> None:
    desk = Desk(STARTED)
    desk.presenter.summoned()
    view = desk.view()
    assert (view.dialog, view.summoned_text) == (
        Dialog.SUMMONED,
        "ada's session has been running here since 13:52. Who works now?",
    )
    desk.tell(ENDING)
    desk.presenter.summoned()

    assert desk.view().dialog is None


def test_sync_now_is_passed_on() -> None:
    desk = Desk(STARTED)

    desk.presenter.sync_now()

    assert desk.asked == [SyncNow()]


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (Presenter.end, [EndSession()]),
        (Presenter.pause, [PauseSession()]),
        (Presenter.dismiss, []),
    ],
)
def test_closing_a_running_session_asks_first(answer: Callable[[Presenter], None], asked: list[Any]) -> None:
    desk = Desk(STARTED)
    desk.presenter.wants_to_close()
    assert desk.view().dialog is Dialog.CLOSING
    assert desk.asked == []

    answer(desk.presenter)

    assert desk.view().dialog is None
    assert desk.asked == asked


def test_a_pause_closes_the_window_when_it_is_safe() -> None:
    desk = Desk(STARTED)
    desk.presenter.wants_to_close()
    desk.presenter.pause()
    assert not desk.view().finished

    desk.tell(SessionPaused(MINE))
    assert desk.asked == [PauseSession(), Stop()]
    desk.tell(Stopped())

    assert desk.view().finished
    assert desk.presenter.exit_code() is ExitCode.WAITING


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ((some(),), "28 files still wait."),
        ((every(files_done=39),), "1 file still waits."),
        ((STORED,), "Something still waits to be recorded."),
    ],
)
def test_leaving_early_says_what_is_left_behind(events: tuple[Event, ...], text: str) -> None:
    desk = Desk(STARTED, ENDING, *events)
    desk.presenter.wants_to_close()
    view = desk.view()

    assert view.dialog is Dialog.LEAVING
    assert view.leaving_text.startswith(text)

    desk.presenter.stop()
    assert desk.asked == [Stop()]
    assert desk.presenter.exit_code() is ExitCode.WAITING


def test_a_dialog_goes_when_its_screen_does() -> None:
    desk = Desk(STARTED)
    desk.presenter.wants_to_close()
    assert desk.view().dialog is Dialog.CLOSING

    desk.tell(ENDING)

    assert desk.view().dialog is None


def test_the_last_screen_counts_down_and_closes() -> None:
    desk = Desk(STARTED, ENDING, STORED, READY)
    assert desk.view().countdown == "This window closes by itself in 60 s."

    for _ in range(DONE_S - 1):
        desk.presenter.second_passed()
    assert desk.view().countdown == "This window closes by itself in 1 s."
    assert desk.asked == []

    desk.presenter.second_passed()
    assert desk.asked == [Stop()]
    desk.tell(Stopped())
    assert desk.view().finished
    assert desk.presenter.exit_code() is ExitCode.COMPLETE


def test_the_last_screen_does_not_close_under_a_reader() -> None:
    desk = Desk(STARTED)
    desk.presenter.is_read()  # long before: it does not count
    desk.tell(ENDING, STORED, READY)
    desk.presenter.second_passed()
    assert desk.view().countdown == "This window closes by itself in 59 s."

    desk.presenter.is_read()
    for _ in range(DONE_S):
        desk.presenter.second_passed()

    assert desk.view().countdown == "This window stays open until you close it."
    assert desk.asked == []


def test_an_interrupted_session_says_how_soon_it_continues() -> None:
    desk = Desk(Starting(StartStep.RECOVERY), replace(INTERRUPTED, continues_in_s=60.0))
    desk.presenter.second_passed()
    desk.presenter.second_passed()

    asked = desk.view().interrupted
    assert asked
    assert asked.without_answer == "Without an answer it continues by itself in 58 s."


def test_a_stop_that_nobody_answers_ends_all_the_same() -> None:
    desk = Desk(STARTED)
    desk.presenter.stop()
    desk.presenter.stop()
    assert desk.asked == [Stop()]

    for _ in range(STOP_S):
        assert not desk.view().finished
        desk.presenter.second_passed()

    assert desk.view().finished


def test_nothing_takes_back_a_stop() -> None:
    desk = Desk(Starting(StartStep.SESSION))
    desk.presenter.stop()

    desk.tell(STARTED)

    assert desk.view().busy
    assert desk.view().state.text == wording.CLOSING_STATE
    assert desk.presenter.exit_code() is ExitCode.WAITING


def test_a_window_without_workers_closes_at_once() -> None:
    presenter = Presenter(this_pc_only=True, interval_s=60.0, zone=UTC)

    presenter.wants_to_close()

    assert presenter.view(NOW).finished
    assert presenter.exit_code() is ExitCode.COMPLETE


def test_a_start_that_failed_is_tried_again_by_beginning_anew() -> None:
    presenter = Presenter(this_pc_only=False, interval_s=60.0, zone=UTC)
    presenter.fail(ConfigurationError("A setting is wrong", "Correct it."))
    before = presenter.begins_anew

    presenter.try_again()

    assert (before, presenter.begins_anew) == (False, True)
    assert presenter.view(NOW).finished


def test_a_demo_says_that_it_is_one() -> None:
    desk = Desk(STARTED, some(), this_pc_only=True)
    desk.presenter.is_demo = True

    assert desk.view().title == "12/40 - FEI Titan TEM (demo)"
    assert desk.view().record.text == "A demo: nothing of it is kept"


def test_who_has_saved_nothing_yet_is_told_where() -> None:
    here = replace(STARTED, folders=("D:/EMData", "E:/Camera"))

    assert Desk(here, RECORDED, progress()).view().state.detail == (
        "What is saved in D:/EMData, E:/Camera belongs to this session."
    )
    assert Desk(here, RECORDED, every()).view().state.detail == ""


def test_a_large_file_that_is_being_sent_is_named_with_how_far_it_is() -> None:
    large = FileUnderWay("20261123/scan.ser", 4_000_000_000, 4_000_000_000, 1_000_000_000)
    small = replace(large, size_bytes=1_000_000)

    assert Desk(STARTED, some(under_way=(large, small))).view().state.detail == "scan.ser: 1.0 GB of 4.0 GB."
    reading = replace(large, bytes_read=2_000_000_000, bytes_sent=0)
    assert Desk(STARTED, some(under_way=(reading,))).view().state.detail == "scan.ser: reading, 2.0 GB of 4.0 GB."
    assert Desk(STARTED, some(under_way=(small,))).view().state.detail == ""


def test_a_long_scan_says_how_far_it_is() -> None:
    scanning = progress(PassStage.SCANNING, files_looked_at=12_345)

    assert Desk(STARTED, scanning).view().checked == "Checking, 12,345 files so far"


def test_an_interrupted_session_without_files_says_so() -> None:
    asked = Desk(Starting(StartStep.RECOVERY), replace(INTERRUPTED, files_waiting=0, bytes_waiting=0)).view()

    assert asked.interrupted
    assert ("Files waiting", "None") in asked.interrupted.facts


def test_a_start_that_failed_says_why() -> None:
    presenter = Presenter(this_pc_only=False, interval_s=60.0, zone=UTC)
    presenter.fail(ConfigurationError("A setting is wrong", "Correct it."))

    view = presenter.view(NOW)

    assert view.screen is Screen.FAILED
    assert view.heading == "A setting is wrong"
    assert view.state.detail == "Correct it. If that does not help, show this to the facility manager."
    assert view.record.text == wording.NOT_RECORDED
    assert presenter.exit_code() is ExitCode.FAILED


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((UNKNOWN,), ExitCode.FAILED),
        ((STARTED,), ExitCode.WAITING),
        ((STARTED, ENDING, STORED), ExitCode.WAITING),
        ((STARTED, ENDING, STORED, READY), ExitCode.COMPLETE),
        ((STARTED, CatchUp(2), ENDING, STORED, READY), ExitCode.WAITING),
        ((STARTED, CatchUp(2), ENDING, STORED, READY, CatchUp(0)), ExitCode.COMPLETE),
    ],
)
def test_the_exit_code_is_complete_only_when_nothing_waits(events: tuple[Event, ...], code: ExitCode) -> None:
    assert Desk(*events).presenter.exit_code() is code

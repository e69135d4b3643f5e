"""What a run without a window waits for, how long, and what it says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.events import (
    CatchUp,
    Event,
    Healed,
    PassStage,
    Problem,
    RecordState,
    SessionStarted,
    TransferProgress,
    Trouble,
    WaitingFile,
)
from nexuslims_logger.headless_watched import Standstill, Watched

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
AWAY = Problem("The store does not answer", "It is tried again.", NOW)
ELSEWHERE = Trouble("store", Problem("An earlier session belongs to another store", "Set it once more.", NOW))
SETTLE_S = 10.0


class SetClock(SystemClock):
    """A clock that stands where it is put."""

    time_s = 100.0

    def monotonic(self) -> float:
        return self.time_s


def test_what_hangs_is_waited_for_as_long_as_it_may_go_on() -> None:
    clock, watched = SetClock(), Watched()
    standstill = Standstill(clock)
    assert standstill.stuck_s(watched) == 0.0
    hangs = Trouble("stuck nexuslims-upload-1", Problem("No progress", "Look at the share.", datetime.now(UTC)))

    watched.take(hangs)
    assert standstill.stuck_s(watched) == 0.0, "an unattended run gives up at once"
    clock.time_s += 200.0
    assert standstill.stuck_s(watched) == 200.0

    watched.take(Healed(hangs.kind))
    assert standstill.stuck_s(watched) == 0.0
    clock.time_s += 200.0
    watched.take(hangs)
    assert standstill.stuck_s(watched) == 0.0


class CatchingUp:
    """A `sync` to which things are told, one after the other."""

    def __init__(self) -> None:
        self.clock, self.watched = SetClock(), Watched()
        self.standstill = Standstill(self.clock)

    def goes_on(self, seconds: float, *events: Event) -> bool:
        """Let time pass, and take the events; return whether it goes on."""
        for event in events:
            self.watched.take(event)
        self.standstill.is_final(self.watched, SETTLE_S)
        self.clock.time_s += seconds
        return not self.standstill.is_final(self.watched, SETTLE_S)


def idle(**counts: Any) -> TransferProgress:
    return TransferProgress("session-2", PassStage.IDLE, **counts)


def refused(*, offline: bool = False) -> RecordState:
    return RecordState("session-1", False, False, Problem("Refused", "Tell the facility manager.", NOW, offline))


def test_what_holds_one_session_up_does_not_hold_up_the_others() -> None:
    sync, lacks = CatchingUp(), Problem("A watch folder is not there", "Connect it.", NOW)
    assert sync.goes_on(20.0, CatchUp(3, 2), ELSEWHERE)
    for done in range(5):
        assert sync.goes_on(30.0, refused(), idle(files_done=done, folder_problem=lacks))
    assert not sync.goes_on(6.0, idle(files_done=4, folder_problem=lacks))


def test_nobody_waits_long_for_a_store_that_is_away_but_a_moment() -> None:
    sync = CatchingUp()
    for stage in (PassStage.SENDING, PassStage.IDLE) * 2:
        assert sync.goes_on(1.0, TransferProgress("session-2", stage, files_waiting=2, store_problem=AWAY))
    assert not sync.goes_on(4.0)


def test_without_a_database_the_files_are_sent_all_the_same() -> None:
    sync = CatchingUp()
    assert sync.goes_on(30.0, refused(offline=True), idle(files_waiting=1)), "the file has not settled yet"
    assert not sync.goes_on(6.0, idle(files_done=1))
    sync = CatchingUp()
    assert not sync.goes_on(6.0, CatchUp(1), refused(offline=True)), "no files wait"


def test_nobody_gives_up_before_anything_was_said() -> None:
    assert CatchingUp().goes_on(100.0)
    assert CatchingUp().goes_on(100.0, TransferProgress("session-2", PassStage.SCANNING))
    assert CatchingUp().goes_on(100.0, CatchUp(2, 1), ELSEWHERE, refused(offline=True)), "a share wakes up"


def test_what_keeps_no_session_from_being_ready_does_not_count() -> None:
    watched = Watched()
    for kind in ("ended elsewhere", "neighbour", "salvage"):
        watched.take(Trouble(kind, AWAY))
    watched.take(Trouble("transfer", AWAY))  # of one file, at one moment
    watched.take(idle(last_good_pass_at=NOW + timedelta(hours=1)))
    watched.take(Trouble("journal", AWAY))
    watched.take(Healed("journal"))
    assert not watched.why


def test_an_earlier_session_s_rows_are_not_this_one_s() -> None:
    watched = Watched()
    watched.take(SessionStarted("session-2", "Titan", "ada", NOW, "", continued=False))
    watched.take(refused())
    assert not watched.refused


def test_what_is_left_is_named_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    watched = Watched()
    for event in (
        CatchUp(2),
        ELSEWHERE,
        refused(),
        idle(files_waiting=3, waiting=(WaitingFile("a.tif", "in use."), WaitingFile("b.tif", "in use."))),
    ):
        watched.take(event)
    capsys.readouterr()
    watched.say_what_is_left()
    said = capsys.readouterr().err
    assert said.splitlines()[1:] == [
        "- An earlier session belongs to another store: Set it once more.",
        "- session session-1: Refused: Tell the facility manager.",
        "- a.tif: in use (and 2 more files)",
    ]
    assert "(2 sessions)" in said

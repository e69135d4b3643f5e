"""Real threads that die and hang, at a pace of milliseconds."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger import bootstrap_supervision
from nexuslims_logger.bootstrap_supervision import STOPPED, Doing, Pace, Part, Supervision, step
from nexuslims_logger.bootstrap_threads import DatabaseThread, QueueInbox, ThreadPool
from nexuslims_logger.events import Healed, Trouble
from nexuslims_logger.ports import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.db.unit_of_work import EngineUnits

LIMIT_S = 20.0


@pytest.fixture
def window() -> QueueInbox:
    return QueueInbox()


@pytest.fixture
def supervision(window: QueueInbox) -> Iterator[Supervision]:
    made = Supervision(window, Pace(first_s=0.01, most_s=0.02, healed_s=0.05, hang_s=0.1, look_s=0.01))
    yield made
    made.close()


def test_a_part_that_dies_is_logged_shown_started_again_and_well(
    supervision: Supervision, window: QueueInbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, lives = QueueInbox(), []

    def main() -> None:
        lives.append(threading.current_thread().name)
        if len(lives) <= 2:
            raise ZeroDivisionError
        assert inbox.get(LIMIT_S) == "a message"

    inbox.put("a message")  # while it is dead, too, nothing is lost
    with caplog.at_level(logging.ERROR):
        supervision.start("nexuslims-part", main, inbox.doing).join(LIMIT_S)

    assert lives == ["nexuslims-part"] * 3
    deaths = [window.get(LIMIT_S) for _ in range(2)]
    assert [(event.kind, event.problem.title) for event in deaths] == [("nexuslims-part", STOPPED)] * 2
    assert deaths[0].problem.since == deaths[1].problem.since
    assert "ZeroDivisionError" in deaths[0].problem.message
    assert "stopped 2 times" in deaths[1].problem.message
    assert [record.message for record in caplog.records] == ["nexuslims-part died"] * 2
    assert window.get(LIMIT_S) == Healed("nexuslims-part")


def test_the_delay_grows(window: QueueInbox) -> None:
    delays: list[float] = []

    class Closing(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            delays.append(timeout)
            if len(delays) == 5:
                self.set()
            return self.is_set()

    supervision = Supervision(window, Pace(first_s=1.0, most_s=6.0, look_s=60.0))
    supervision.close()  # the one that looks is not wanted here
    supervision.closing = Closing()

    def main() -> None:
        raise ZeroDivisionError

    supervision.start("nexuslims-part", main, Doing()).join(LIMIT_S)

    assert delays == [1.0, 2.0, 4.0, 6.0, 6.0]


def test_a_part_that_hangs_is_told_until_it_goes_on(supervision: Supervision, window: QueueInbox) -> None:
    inbox, go_on = QueueInbox("the look at the watch folders"), threading.Event()

    def main() -> None:
        inbox.get(LIMIT_S)
        go_on.wait(LIMIT_S)
        inbox.get(LIMIT_S)

    thread = supervision.start("nexuslims-part", main, inbox.doing)
    inbox.put("work")

    told = window.get(LIMIT_S)
    assert isinstance(told, Trouble)
    assert (told.kind, told.problem.title) == (
        "stuck nexuslims-part",
        "No progress: the look at the watch folders",
    )
    assert told.problem.since <= datetime.now(UTC) - timedelta(seconds=0.1)
    go_on.set()
    assert window.get(LIMIT_S) == Healed("stuck nexuslims-part")
    inbox.put("the end")
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_one_file_that_hangs_is_named_and_one_that_goes_on_slowly_is_not(
    supervision: Supervision, window: QueueInbox
) -> None:
    steps, release, ticket = 0, threading.Event(), "the transfer of scan.ser"

    def transfer() -> bool:
        nonlocal steps
        while steps < 30:
            release.wait(0.02)
            step()
            steps += 1
        return release.wait(LIMIT_S)

    pool, inbox = ThreadPool(1, supervision=supervision), QueueInbox()
    pool.submit(transfer, ticket=ticket, reply_to=inbox)

    told = window.get(LIMIT_S)
    assert steps == 30, "what goes on slowly was called a hang"
    assert (told.kind, told.problem.title) == (
        "stuck nexuslims-upload-1",
        "No progress: the transfer of scan.ser",
    )
    release.set()
    assert window.get(LIMIT_S) == Healed("stuck nexuslims-upload-1")
    assert inbox.get(LIMIT_S) == Reply(ticket, value=True)
    pool.stop()


def test_a_pc_that_slept_has_not_stood_still(window: QueueInbox, monkeypatch: pytest.MonkeyPatch) -> None:
    now, woken = 0.0, threading.Event()
    monkeypatch.setattr(bootstrap_supervision, "time", SimpleNamespace(monotonic=lambda: now))
    supervision = Supervision(window, Pace(hang_s=120.0, look_s=5.0))
    supervision.close()  # the looks are our own
    part = Part(supervision, "nexuslims-part", lambda: (woken.wait(LIMIT_S), None)[1], Doing("the look", since=1.0))
    part.look()
    now += 8 * 3600.0
    part.look()
    assert window.get(0.0) is None

    for _ in range(24):
        now += 5.0
        part.look()
    assert window.get(0.0).problem.title == "No progress: the look"
    woken.set()
    part.thread.join(LIMIT_S)


def test_a_thread_of_the_pool_that_dies_leaves_the_others_work(supervision: Supervision) -> None:
    class Broken:
        def put(self, _message: Any) -> None:
            raise ZeroDivisionError

        def get(self, _timeout_s: float | None) -> Any:
            raise NotImplementedError

    pool, inbox = ThreadPool(1, supervision=supervision), QueueInbox()
    pool.submit(len, "abc", ticket="lost", reply_to=Broken())
    pool.submit(len, "abc", ticket="done", reply_to=inbox)

    assert inbox.get(LIMIT_S) == Reply("done", value=3)
    pool.stop()


def test_the_database_thread_comes_back(supervision: Supervision, window: QueueInbox) -> None:
    class Broken:
        def put(self, _message: Any) -> None:
            raise ZeroDivisionError

        def get(self, _timeout_s: float | None) -> Any:
            raise NotImplementedError

    class Units:
        def disconnect(self) -> None:
            pass

    def open_units() -> EngineUnits:
        return Units()  # type: ignore[return-value] # no database is asked

    database, inbox = DatabaseThread(open_units, supervision), QueueInbox()
    database.submit(lambda _units: 3, ticket="lost", reply_to=Broken())
    database.submit(lambda _units: 4, ticket="done", reply_to=inbox)

    assert inbox.get(LIMIT_S) == Reply("done", value=4)
    assert window.get(LIMIT_S).kind == "nexuslims-database"
    database.stop()
    database.thread.join(LIMIT_S)
    assert not database.thread.is_alive()


def test_when_the_program_is_closed_the_dead_come_back_once_to_put_everything_down(window: QueueInbox) -> None:
    supervision = Supervision(window, Pace(first_s=3600.0))
    lives = []

    def main() -> None:
        lives.append(1)
        raise ZeroDivisionError

    thread = supervision.start("nexuslims-part", main, Doing())
    assert window.get(LIMIT_S).kind == "nexuslims-part"
    supervision.close()
    thread.join(LIMIT_S)

    assert not thread.is_alive()
    assert len(lives) == 2

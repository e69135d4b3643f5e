"""The ports of a simulated program, with toy mains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.ports import Reply
from tests.simulation.faults import Faults
from tests.simulation.program import (
    JournalDisk,
    Program,
    SimInbox,
    SimJournalFile,
    SimPool,
    SimRandom,
)
from tests.simulation.scheduler import Scheduler, SimulationFailed
from tests.simulation.sim_clock import EPOCH, SimClock

if TYPE_CHECKING:
    from collections.abc import Callable


def _program(seed: int, **rates: float) -> Program:
    scheduler = Scheduler(seed)
    return Program(scheduler, "pc run 1", Faults(scheduler.random, rates=rates))


def _run(program: Program, direct: Callable[[], object]) -> None:
    program.scheduler.run(program.scheduler.spawn("director", direct))


def test_ping_pong() -> None:
    program = _program(1)
    there, back = SimInbox[int](program, "there"), SimInbox[int](program, "back")
    heard: list[int | None] = []

    def pong() -> None:
        while (ball := there.get(None)) is not None and ball < 10:
            back.put(ball + 1)

    def ping() -> None:
        there.put(0)
        while (ball := back.get(5)) is not None:
            heard.append(ball)
            there.put(ball + 1)

    program.spawn("pong", pong)
    _run(program, lambda: program.scheduler.join(program.spawn("ping", ping)))
    assert heard == [1, 3, 5, 7, 9]


def test_an_inbox_waits_no_longer_than_told() -> None:
    program = _program(1)
    clock = SimClock(program.scheduler, error_s=30)
    inbox = SimInbox[int](program, "inbox")

    def wait() -> None:
        began, now = clock.monotonic(), clock.now()
        assert inbox.get(7.5) is None
        assert 7.5 <= clock.monotonic() - began < 7.6
        assert 7.5 <= (clock.now() - now).total_seconds() < 7.6
        assert (clock.now() - EPOCH).total_seconds() > 37

    _run(program, wait)


def test_two_readers_of_one_inbox_are_found() -> None:
    program = _program(1)
    inbox = SimInbox[int](program, "inbox")
    program.spawn("one", inbox.get, None)
    program.spawn("two", inbox.get, None)
    with pytest.raises(SimulationFailed, match="two threads read inbox"):
        _run(program, lambda: program.scheduler.wait(1))
    program.scheduler.close()


def test_a_pool_runs_a_few_at_once_and_answers_all() -> None:
    program = _program(5)
    pool, inbox = SimPool(program, "pool", 3), SimInbox[Reply](program, "inbox")
    running: list[int] = []
    most = 0

    def leaf(number: int) -> int:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        program.pause(1)
        running.remove(number)
        if number == 4:
            raise StoreUnavailable("away", "away")
        return number * 2

    def direct() -> None:
        for number in range(10):
            pool.submit(leaf, number, ticket=number, reply_to=inbox)
        replies: dict[Any, Reply] = {}
        while len(replies) < 10:
            reply = inbox.get(None)
            assert reply is not None
            replies[reply.ticket] = reply
        assert isinstance(replies.pop(4).error, StoreUnavailable)
        assert {ticket: reply.value for ticket, reply in replies.items()} == {
            number: number * 2 for number in range(10) if number != 4
        }

    _run(program, direct)
    assert most == 3


def test_random_is_the_seed() -> None:
    def draw(seed: int) -> tuple[str, float]:
        random = SimRandom(Scheduler(seed))
        return random.identifier(), random.fraction()

    assert draw(1) == draw(1) != draw(2)


@pytest.mark.parametrize("seed", range(10))
def test_a_crash_leaves_the_journal_at_its_last_commit(seed: int) -> None:
    scheduler = Scheduler(seed)
    disk = JournalDisk("facts")
    shown: list[int] = []

    def write(program: Program) -> None:
        file = SimJournalFile(program, disk)
        with file.transaction() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS fact (number INTEGER)")
        shown[:] = [row[0] for row in file.connection.execute("SELECT number FROM fact")]
        while True:
            with file.transaction() as connection:
                connection.execute("INSERT INTO fact SELECT COUNT(*) FROM fact")
                program.step("in the middle")
                numbers = [row[0] for row in connection.execute("SELECT number FROM fact")]
            shown[:] = numbers
            program.pause(1)

    def direct() -> None:
        for run in range(20):
            faults = Faults(scheduler.random, rates={"crash": 1.0, "commit is the last": 0.05})
            program = Program(scheduler, f"run {run}", faults)
            program.spawn("writer", write, program)
            scheduler.wait(60)
            if program.life.alive:
                scheduler.kill(program.life)
            program = Program(scheduler, f"look {run}", Faults(scheduler.random))
            rows = []
            if disk.content is not None:
                rows = SimJournalFile(program, disk).connection.execute("SELECT number FROM fact").fetchall()
            kept = [row[0] for row in rows]
            # What was shown is kept; at most the one commit whose answer nobody heard is kept besides.
            assert kept[: len(shown)] == shown
            assert len(kept) - len(shown) in {0, 1}
            assert kept == list(range(len(kept)))

    scheduler.run(scheduler.spawn("director", direct))
    assert len(shown) > 20

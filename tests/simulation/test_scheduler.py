"""The scheduler itself, with toy actors."""

from __future__ import annotations

import contextlib

import pytest

from tests.simulation.scheduler import Life, Scheduler, SimulationFailed


def _letters(seed: int) -> str:
    scheduler = Scheduler(seed)
    said: list[str] = []

    def speak(letter: str) -> None:
        for _ in range(5):
            scheduler.step("speak", letter)
            said.append(letter)

    def direct() -> None:
        for actor in [scheduler.spawn(letter, speak, letter) for letter in "abc"]:
            scheduler.join(actor)

    scheduler.run(scheduler.spawn("director", direct))
    return "".join(said)


def test_a_seed_gives_one_order_and_other_seeds_others() -> None:
    orders = {_letters(seed) for seed in range(20)}
    assert len(orders) > 15
    assert [_letters(seed) for seed in range(20)] == [_letters(seed) for seed in range(20)]


def test_time_jumps_to_the_earliest_alarm_and_only_when_all_wait() -> None:
    scheduler = Scheduler(1)
    seen: list[tuple[str, int]] = []

    def sleeper(name: str, seconds: float) -> None:
        assert not scheduler.wait(seconds)
        seen.append((name, scheduler.now_ns // 1_000_000_000))

    def busy() -> None:
        for _ in range(1000):
            scheduler.step("busy")
        seen.append(("busy", scheduler.now_ns // 1_000_000_000))

    scheduler.spawn("busy", busy)
    scheduler.spawn("long", sleeper, "long", 3600)
    scheduler.run(scheduler.spawn("director", scheduler.join, scheduler.spawn("short", sleeper, "short", 5)))
    scheduler.run(scheduler.spawn("director", scheduler.wait, 4000))
    assert seen == [("busy", 0), ("short", 5), ("long", 3600)]


def test_an_old_alarm_does_not_end_a_later_wait() -> None:
    scheduler = Scheduler(3)
    woken: list[bool] = []

    def waiter() -> None:
        woken.append(scheduler.wait(10))
        woken.append(scheduler.wait(100))
        assert scheduler.now_ns > 100_000_000_000

    def direct() -> None:
        actor = scheduler.spawn("waiter", waiter)
        scheduler.wait(1)
        scheduler.wake(actor)
        scheduler.join(actor)

    scheduler.run(scheduler.spawn("director", direct))
    assert woken == [True, False]


def test_all_waiting_for_ever_is_a_failure_that_names_them() -> None:
    scheduler = Scheduler(1)
    actor = scheduler.spawn("philosopher", scheduler.wait, None)
    with pytest.raises(SimulationFailed, match=r"all wait for ever: philosopher"):
        scheduler.run(actor)
    scheduler.close()


def test_turning_in_circles_is_a_failure() -> None:
    scheduler = Scheduler(1, step_limit=1000)

    def circle() -> None:
        while True:
            scheduler.step("round")

    with pytest.raises(SimulationFailed, match="more than 1000 turns"):
        scheduler.run(scheduler.spawn("circle", circle))
    scheduler.close()


def test_an_error_of_an_actor_ends_the_run_and_names_it() -> None:
    scheduler = Scheduler(1)

    def fall() -> None:
        scheduler.step("trip")
        raise KeyError("lace")

    with pytest.raises(SimulationFailed, match=r"clown raised KeyError\('lace'\)"):
        scheduler.run(scheduler.spawn("clown", fall))
    assert [line.split() for line in scheduler.trace()] == [["0.000002", "clown", "trip"]]


def test_the_dead_do_nothing_more_whatever_they_try() -> None:
    scheduler = Scheduler(1)
    life = Life("run 1")
    done: list[str] = []

    def stubborn() -> None:
        try:
            scheduler.wait(None)
            done.append("woke")
        finally:
            scheduler.step("last words")
            done.append("spoke")

    def unborn() -> None:
        done.append("born")

    def direct() -> None:
        actor = scheduler.spawn("stubborn", stubborn, life=life)
        scheduler.wait(1)
        scheduler.spawn("unborn", unborn, life=life)
        scheduler.kill(life)
        assert actor.finished
        scheduler.wait(1)

    scheduler.run(scheduler.spawn("director", direct))
    assert done == []


def test_who_kills_the_own_program_dies_there() -> None:
    scheduler = Scheduler(1)
    life = Life("run 1")
    reached: list[str] = []

    def fatal() -> None:
        reached.append("before")
        scheduler.kill(life)
        reached.append("after")

    other = scheduler.spawn("other", scheduler.wait, None, life=life)
    actor = scheduler.spawn("fatal", fatal, life=life)
    scheduler.run(scheduler.spawn("director", lambda: (scheduler.join(actor), scheduler.wait(1))))
    assert reached == ["before"]
    assert other.finished


def test_one_who_swallows_the_crash_is_found() -> None:
    scheduler = Scheduler(1)
    life = Life("run 1")

    def immortal() -> None:
        while True:
            with contextlib.suppress(BaseException):
                scheduler._hub.switch()

    def direct() -> None:
        scheduler.spawn("immortal", immortal, life=life)
        scheduler.wait(1)
        scheduler.kill(life)

    with pytest.raises(SimulationFailed, match="immortal swallows Crash"):
        scheduler.run(scheduler.spawn("director", direct))

"""Who works at a simulated PC: a user by seed."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from nexuslims_logger.events import (
    ClockInDoubt,
    InstrumentUnknown,
    InterruptedChoice,
    InterruptedFound,
    LastActivity,
    NeighbourChoice,
    NeighbourFound,
    SessionPaused,
    SessionReady,
    SessionStarted,
    StillWorking,
    Stopped,
    TransferProgress,
    Trouble,
    UnassignedChoice,
)
from tests.simulation.observed import check
from tests.simulation.pc import OTHER_STORE_URL, STORE_URL

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events import Event
    from nexuslims_logger.session.service import SessionService
    from tests.simulation.pc import Pc
    from tests.simulation.world import World

#: None: is asked, and may answer or not.
USERS = ("ada", "berta", None)
#: Until the calm has to bring everything into order, virtual seconds.
PATIENCE_S = 3600.0
#: What is answered about an interrupted session.
ANSWERS = tuple(InterruptedChoice)
#: What is answered about another computer's open session; None: nothing.
BESIDE = (*NeighbourChoice, NeighbourChoice.JOIN, None)


class User:
    """Whoever sits before one PC: launches, looks at the window, clicks, walks away."""

    def __init__(self, world: World, pc: Pc) -> None:
        self._scheduler = world.scheduler
        self._random = world.scheduler.random
        self._faults = world.faults
        self._pc = pc
        self._apart = Random(f"{world.seed} {pc.name} user")
        self._read = 0
        self._notes = 0

    def work(self) -> None:
        """Run the program a few times, by seed."""
        for _ in range(self._random.randrange(1, 4)):
            self._scheduler.wait(self._random.choice((0.1, 5.0, 60.0)))
            catch_up_only = self._random.random() < 0.1
            self._launch(self._random.choice(USERS), catch_up_only=catch_up_only)
            if catch_up_only:
                self._scheduler.wait(self._random.choice((1.0, 30.0, 300.0)))
            else:
                self._one_run()
            if self._pc.running and self._random.random() < 0.5:
                self._stop()
            self._pc.kill()

    def bring_home(self) -> bool:
        """Start the program until nothing is owed; False when `PATIENCE_S` did not suffice."""
        stores = (OTHER_STORE_URL, STORE_URL) if self._pc.store_changes else (STORE_URL,)
        return all(self._bring_home_to(url) for url in stores)

    def _bring_home_to(self, store_url: str) -> bool:
        self._pc.store_url = store_url
        elsewhere = self._pc.elsewhere()
        first = len(self._pc.observed.shown)
        self._launch("zoe")
        until = self._scheduler.now_ns + PATIENCE_S * 1e9
        ended: str | None = None
        while self._scheduler.now_ns < until:
            event = self._next(60.0)
            if isinstance(event, InterruptedFound):
                self._answer(InterruptedChoice.END)
            elif isinstance(event, NeighbourFound):
                self._service.answer_neighbour(NeighbourChoice.OWN)
            elif isinstance(event, InstrumentUnknown):
                self._service.try_again()
            elif isinstance(event, ClockInDoubt) and event.held:
                self._trust_the_clock(event.session_identifier)
            elif isinstance(event, SessionStarted):
                if event.user is None:
                    self._service.confirm_who("zoe", None)
                self._service.end()
                ended = event.session_identifier
            quiet = event is None or isinstance(event, SessionReady)
            if ended is not None and quiet and self._pc.is_home(ended):
                self._stop()
                self._pc.kill()
                told = str([event for event in self._pc.observed.shown[first:] if isinstance(event, Trouble)])
                check(all(f"{url}," in told for url in elsewhere), "P7: nobody was told of the old store", elsewhere)
                return True
        return False

    @property
    def _service(self) -> SessionService:
        service = self._pc.service
        assert service is not None
        return service

    def _launch(self, user: str | None, *, catch_up_only: bool = False) -> None:
        self._note("launches the program", user, "to catch up only" if catch_up_only else "")
        if self._pc.store_changes and self._apart.random() < 0.4 and not self._faults.calm:
            self._pc.store_url = OTHER_STORE_URL if self._pc.store_url == STORE_URL else STORE_URL
            self._note("has another store set", self._pc.store_url)
        self._read = len(self._pc.observed.shown)
        self._pc.launch(user, catch_up_only=catch_up_only)

    def _next(self, timeout_s: float) -> Event | None:
        """Return what the window shows next; None when nothing came, or the program is dead."""
        shown = self._pc.observed.shown
        until = self._scheduler.now_ns + timeout_s * 1e9
        while self._read == len(shown):
            left = (until - self._scheduler.now_ns) / 1e9
            if left <= 0 or not self._pc.running:
                return None
            self._pc.watcher = self._scheduler.current()
            # Whether a program has died is seen by looking now and then.
            self._scheduler.wait(min(left, 5.0))
            self._pc.watcher = None
        self._read += 1
        return shown[self._read - 1]

    def _one_run(self) -> None:
        tries = 0
        while (event := self._next(self._random.choice((60.0, 600.0)))) is not None:
            if isinstance(event, (InterruptedFound, NeighbourFound)):
                if not self._think_about(event):
                    return
            elif isinstance(event, InstrumentUnknown):
                tries += 1
                if tries > 20:
                    return
                self._service.try_again()
            elif isinstance(event, SessionStarted):
                self._session()
                while self._pc.running and self._random.random() < 0.3:
                    self._change_user()
                    self._session()
                return

    def _think_about(self, event: InterruptedFound | NeighbourFound) -> bool:
        """Answer, or put it off; False when nobody stays."""
        if self._is_absent():
            self._note("puts the question off")
            self._scheduler.wait(self._apart.choice((30.0, 250.0)))
            if not self._pc.running or self._went_on():
                return True
        self._scheduler.wait(self._random.choice((0.0, 2.0, 90.0)))
        if isinstance(event, InterruptedFound):
            if self._random.random() < 0.1:
                return False
            self._answer(self._random.choice(ANSWERS))
        elif (choice := self._random.choice(BESIDE)) is not None:
            self._note("answers", choice)
            self._service.answer_neighbour(choice)
        return True

    def _went_on(self) -> bool:
        """Whether the question was answered by nobody, and a session began by itself."""
        return any(isinstance(event, SessionStarted) for event in self._pc.observed.shown[self._read :])

    def _session(self) -> None:
        """Work, click a little, and come to some end."""
        for _ in range(self._random.randrange(5)):
            self._scheduler.wait(self._random.choice((0.0, 1.0, 20.0, 200.0)))
            if not self._pc.running:
                return
            self._do_something()
        self._scheduler.wait(self._random.choice((0.0, 3.0, 100.0)))
        self._forget_or_look_at_the_clock()
        way = self._random.choice(("end", "end", "end", "end", "pause", "log off", "walk away"))
        self._note(f"wants to {way}")
        if way == "end":
            if self._random.random() < 0.8:
                self._tell_the_name()
            self._service.end(last_activity=self._last_activity() if self._random.random() < 0.2 else None)
            if self._random.random() < 0.2:
                self._scheduler.wait(self._random.choice((1.0, 15.0)))
                self._leave_out()
            self._wait_for(SessionReady, self._random.choice((0.0, 1.0, 15.0, 120.0, 1200.0)))
        elif way == "pause":
            self._service.pause()
            self._wait_for(SessionPaused, 30.0)
        elif way == "log off":
            self._stop()

    def _do_something(self) -> None:
        act = self._random.random()
        if act < 0.4:
            self._notes += 1
            self._note("writes a note")
            self._was_active()
            self._service.set_note(f"note {self._notes:03}")
        elif act < 0.6:
            self._note("clicks Sync now")
            self._service.sync_now()
        elif act < 0.7:
            self._tell_the_name()
        elif act < 0.8:
            choice = self._random.choice(tuple(UnassignedChoice))
            self._note("says whose the files of between are", choice)
            self._pc.observed.assigned |= choice is not UnassignedChoice.LEAVE
            self._pc.observed.left_alone |= choice is UnassignedChoice.LEAVE
            self._service.assign_unassigned(choice)
        elif act < 0.9:
            self._note("moves the mouse")
            if not self._is_asked():
                self._was_active()
            self._service.hands_moved()
        elif act < 0.95:
            self._note("says that the work goes on")
            self._was_active()
            self._service.still_working()

    def _forget_or_look_at_the_clock(self) -> None:
        if self._is_absent():
            self._note("forgets the session")
            self._scheduler.wait(self._apart.choice((60.0, 200.0, 400.0)))
        elif self._apart.random() < 0.1:
            for session in sorted(self._pc.observed.running - self._pc.observed.clock_confirmed):
                self._trust_the_clock(session)

    def _is_absent(self) -> bool:
        return self._pc.absent_minded and self._apart.random() < 0.5

    def _is_asked(self) -> bool:
        """Whether the window asks if the session goes on: then a hand on the mouse is nobody's work."""
        asked = (event for event in reversed(self._pc.observed.shown) if isinstance(event, StillWorking))
        return next((event.since is not None for event in asked), False)

    def _last_activity(self) -> datetime | None:
        """Return what the window says of the session that it shows."""
        shown = reversed(self._pc.observed.shown)
        told = next((event for event in shown if isinstance(event, (SessionStarted, LastActivity))), None)
        return told.at if isinstance(told, LastActivity) else None

    def _was_active(self) -> None:
        self._pc.observed.active_at.append(self._pc.clock.now())

    def _tell_the_name(self) -> None:
        name = self._random.choice(("carol", "dora", "  eva ", "unknown", ""))
        self._note("tells the name", name)
        self._service.confirm_who(name, self._random.choice((None, "X-1")))

    def _change_user(self) -> None:
        """Let the next one sit down, whatever has become of the one before."""
        self._note("hands over")
        name, forgotten = self._random.choice(("fay", "gil")), self._random.random() < 0.3
        self._pc.observed.begun.append((self._pc.clock.true_ns(), name))
        self._service.change_user(name, last_activity=self._last_activity() if forgotten else None)
        if self._random.random() < 0.5:
            self._wait_for(SessionStarted, 60.0)

    def _leave_out(self) -> None:
        """Leave out what the window says that it waits for."""
        progress = next(
            (event for event in reversed(self._pc.observed.shown) if isinstance(event, TransferProgress)), None
        )
        if progress is not None and progress.waiting:
            self._note("leaves files out")
            names = tuple(file.name for file in progress.waiting)
            self._service.leave_out(progress.session_identifier, names, "tired of waiting")

    def _trust_the_clock(self, session: str) -> None:
        self._note("calls the clock right")
        self._pc.observed.clock_confirmed.add(session)
        self._service.confirm_clock(session)

    def _answer(self, choice: InterruptedChoice) -> None:
        self._note("answers", choice)
        self._service.answer_interrupted(choice)

    def _stop(self) -> None:
        self._note("closes the program")
        self._service.stop()
        self._wait_for(Stopped, 120.0)

    def _wait_for(self, kind: type[Event], timeout_s: float) -> None:
        until = self._scheduler.now_ns + timeout_s * 1e9
        while (left := (until - self._scheduler.now_ns) / 1e9) > 0:
            event = self._next(left)
            if event is None or isinstance(event, kind):
                return

    def _note(self, act: str, *detail: object) -> None:
        self._scheduler.step(f"{self._pc.name} user {act}", *detail)

"""What is looked at, within which time, and what was found."""

from __future__ import annotations

import enum
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_threads import QueueInbox, ThreadPool
from nexuslims_logger.errors import LoggerError
from nexuslims_logger.logs import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.ports import Clock

log = logging.getLogger(__name__)


class Outcome(enum.StrEnum):
    """How it is with one thing."""

    OK = "OK"
    #: A session works, but somebody should know.
    WARN = "WARN"
    #: It does not work, or must not stay so.
    FAIL = "FAIL"
    #: Something before it failed, or there was no time left.
    NOT_CHECKED = "NOT CHECKED"


@dataclass(frozen=True)
class Finding:
    """What one look found.

    Attributes
    ----------
    said
        What is so, in a user's words.
    remedy
        What to do about it; empty when nothing is to be done.
    """

    outcome: Outcome
    said: str
    remedy: str = ""


def good(said: str) -> Finding:
    """Make a finding that all is well."""
    return Finding(Outcome.OK, said)


def warn(said: str, remedy: str) -> Finding:
    """Make a finding that somebody should know of."""
    return Finding(Outcome.WARN, said, remedy)


def fail(said: str, remedy: str) -> Finding:
    """Make a finding that something does not work."""
    return Finding(Outcome.FAIL, said, remedy)


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes
    ----------
    look
        Blocks; runs on a thread of its own. Its `LoggerError` is a FAIL.
    when_slow
        The remedy when it does not answer.
    limit_s
        How long it may take.
    needed
        Whether a FAIL makes the group's later checks meaningless.
    """

    name: str
    look: Callable[[], Finding]
    when_slow: str
    limit_s: float = 10.0
    needed: bool = True


@dataclass(frozen=True)
class Group:
    """Checks of one subject, in the order in which they need each other."""

    name: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Line:
    """A finding with its name, and the time that the look took."""

    group: str
    name: str
    outcome: Outcome
    said: str
    remedy: str = ""
    seconds: float = 0.0


def examine(group: Group, clock: Clock, until: float) -> Iterator[Line]:
    """Look at one thing after the other.

    Parameters
    ----------
    group
        What to look at.
    clock
        For the time that each look takes.
    until
        When (monotonic) everything has to be over.
    """
    broken: str | None = None
    for check in group.checks:
        left_s = until - clock.monotonic()
        if broken is not None:
            yield Line(group.name, check.name, Outcome.NOT_CHECKED, f"{broken} has to work first")
            continue
        if left_s <= 0:
            yield Line(group.name, check.name, Outcome.NOT_CHECKED, "the time was over")
            continue
        began = clock.monotonic()
        found = _look(check, min(check.limit_s, left_s))
        yield Line(
            group.name,
            check.name,
            found.outcome,
            without_secrets(found.said),
            without_secrets(found.remedy),
            clock.monotonic() - began,
        )
        if check.needed and found.outcome is Outcome.FAIL:
            broken = check.name


def _look(check: Check, limit_s: float) -> Finding:
    """Look on a thread of its own: what hangs there for ever dies with the process."""
    pool, inbox = ThreadPool(1), QueueInbox()
    pool.submit(_found, check, ticket=check.name, reply_to=inbox)
    pool.stop()
    reply = inbox.get(limit_s)
    if reply is None:
        return fail(f"no answer within {limit_s:.0f} s", check.when_slow)
    found: Finding = reply.value
    return found


def _found(check: Check) -> Finding:
    try:
        return check.look()
    except LoggerError as error:
        log.debug("%s", error, exc_info=error)
        return fail(error.title, error.to_repeat)
    except Exception as error:  # the thread's outermost frame
        log.exception("the check %s failed", check.name)
        return fail(f"the check itself failed: {type(error).__name__}", "Please report it, with the output of -vv.")

from __future__ import annotations

import threading

from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, Line, Outcome, examine, fail, good, warn
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.errors import AccessDenied

CLOCK = SystemClock()


def refused() -> Finding:
    raise AccessDenied("No entry", "Ask for a key: password=S3CRET.")


def broken() -> Finding:
    raise ZeroDivisionError


def lines(*checks: Check, seconds: float = 10) -> list[Line]:
    return list(examine(Group("group", checks), CLOCK, CLOCK.monotonic() + seconds))


def outcomes(found: list[Line]) -> list[Outcome]:
    return [line.outcome for line in found]


def test_what_needs_a_step_that_failed_is_not_checked() -> None:
    found = lines(
        Check("one", lambda: good("fine"), ""),
        Check("two", lambda: fail("no", "mend it"), "", needed=False),
        Check("three", lambda: fail("no", "mend it"), ""),
        Check("four", lambda: good("fine"), ""),
    )

    assert outcomes(found) == [Outcome.OK, Outcome.FAIL, Outcome.FAIL, Outcome.NOT_CHECKED]
    assert found[3].said == "three has to work first"
    assert found[2].remedy == "mend it"


def test_a_warning_stops_nothing() -> None:
    found = lines(Check("one", lambda: warn("hm", "look"), ""), Check("two", lambda: good("fine"), ""))

    assert outcomes(found) == [Outcome.WARN, Outcome.OK]


def test_an_error_is_told_in_its_own_words_without_secrets() -> None:
    (found,) = lines(Check("one", refused, ""))

    assert (found.outcome, found.said, found.remedy) == (Outcome.FAIL, "No entry", "Ask for a key: password=***")


def test_a_defect_of_one_check_is_a_failure_of_its_own() -> None:
    found = lines(Check("one", broken, "", needed=False), Check("two", lambda: good("fine"), ""))

    assert outcomes(found) == [Outcome.FAIL, Outcome.OK]
    assert "ZeroDivisionError" in found[0].said


def test_what_hangs_is_left_behind() -> None:
    never = threading.Event()

    def hang() -> Finding:
        never.wait()
        return good("too late")

    try:
        found = lines(
            Check("one", hang, "open the port", limit_s=0.1, needed=False), Check("two", lambda: good("fine"), "")
        )
    finally:
        never.set()

    assert outcomes(found) == [Outcome.FAIL, Outcome.OK]
    assert (found[0].said, found[0].remedy) == ("no answer within 0 s", "open the port")
    assert 0.1 <= found[0].seconds < 5


def test_everything_together_has_a_limit_too() -> None:
    found = lines(Check("one", lambda: good("fine"), ""), seconds=0)

    assert (found[0].outcome, found[0].said) == (Outcome.NOT_CHECKED, "the time was over")

"""An interrupted session that the command line lets go on, and what it says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.events import InterruptedChoice, SessionStarted, Trouble, WhoIsWorking
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.session.service import AnswerInterrupted, EndSession

if TYPE_CHECKING:
    from tests.unit.session.conftest import Pc

GOES_ON: dict[str, Any] = {"interrupted": InterruptedChoice.CONTINUE}


def test_a_session_without_a_name_takes_the_one_that_is_given(pc: Pc) -> None:
    pc.run(user=None)  # the window died before anybody had answered
    told = pc.run(EndSession(), user="ada", project="X-1", **GOES_ON)
    (started,) = [event for event in told if isinstance(event, SessionStarted)]
    assert (started.user, started.project) == ("ada", "X-1")
    assert not [event for event in told if isinstance(event, WhoIsWorking)]
    assert [(row[2], row[3]) for row in pc.rows()] == [("ada", "TO_BE_BUILT")] * 2


def test_a_note_is_added_to_the_one_it_has(pc: Pc) -> None:
    pc.run(note="grid 7")
    pc.run(note="grain 3", **GOES_ON)
    pc.run(note="grain 3", **GOES_ON)
    assert [row[4] for row in pc.rows()] == ["grid 7\ngrain 3"]


@pytest.mark.parametrize(
    ("begun", "said", "remedy"),
    [
        ({"user": None}, {"user": "account", "account": "account"}, "headless --continue --user NAME"),
        ({}, {"user": "bob"}, "Leave --user out"),
        ({"project": "X-1"}, {"project": "X-2"}, "Leave --project out"),
        ({}, {"project": "X-2"}, "no project"),
        ({"note": "x" * 40_000}, {"note": "y" * 40_000}, "Shorten it"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(
    pc: Pc, begun: dict[str, Any], said: dict[str, Any], remedy: str
) -> None:
    pc.run(**begun)
    before = pc.session()
    told = pc.run(**(GOES_ON | said))
    (trouble,) = [event for event in told if isinstance(event, Trouble)]
    assert (trouble.kind, trouble.problem.setting) == ("start", True)
    assert remedy in trouble.problem.message
    assert pc.session() == before
    assert before.state is SessionState.RUNNING


def test_a_window_that_asks_for_nothing_any_more_asks_for_the_name(pc: Pc) -> None:
    pc.run(user=None)
    told = pc.run(AnswerInterrupted(InterruptedChoice.CONTINUE), user="account", account="account")
    assert [event.asks_name for event in told if isinstance(event, WhoIsWorking)] == [True]

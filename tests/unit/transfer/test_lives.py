"""The transfer thread after its death: what it was told is still there, what it had begun is begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.messages import LeaveOut, Recover, Recovered, Stop, Track
from nexuslims_logger.transfer import main
from nexuslims_logger.transfer.main import handle, transfer_main
from nexuslims_logger.transfer.state import PassState
from nexuslims_logger.transfer.sync_pass import sync_pass
from nexuslims_logger.unanswered import MOST_DEATHS
from tests.unit.transfer.conftest import SETTLE_S, md5

if TYPE_CHECKING:
    from tests.unit.transfer.conftest import Transfer


def test_a_new_life_knows_the_sessions_and_what_has_not_been_answered(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.state.arrived.append(LeaveOut("s1", ("a.tif",), "why", "ada"))

    after = transfer.state.successor()

    assert after.sessions == (session,)
    assert [type(message) for message in after.arrived] == [LeaveOut]
    assert after.scan_at == 0.0


def test_answers_to_the_life_before_are_not_believed_and_the_file_is_sent_all_the_same(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("a.tif", b"one")
    transfer.go_on(0)
    transfer.clock.go_on(SETTLE_S)
    sync_pass(transfer.ports, transfer.state)
    (ticket,) = transfer.state.in_flight.values()
    before, transfer.state = transfer.state, transfer.state.successor()
    assert ticket.control.cancelled
    assert before.in_flight

    (late,) = transfer.inbox.messages
    transfer.inbox.messages.clear()
    handle(transfer.ports, transfer.state, late)
    assert transfer.results.of("s1") == []

    transfer.go_on(0)
    assert transfer.stored() == {"Titan/a.tif": md5(b"one")}
    assert [result.md5 for result in transfer.results.of("s1")] == [md5(b"one")]


def test_a_question_that_kills_again_and_again_is_answered_without_the_files(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main, "recover", fail)
    session, state = transfer.a_session(), PassState()
    for message in (Recover(session, session.started_at), Track(()), Stop()):
        transfer.inbox.put(message)
    for _ in range(MOST_DEATHS):
        with pytest.raises(ZeroDivisionError):
            transfer_main(transfer.ports, state)
        state = state.successor()

    transfer_main(transfer.ports, state)

    answers = [message for message in transfer.session.messages if isinstance(message, Recovered)]
    assert answers == [Recovered("s1", session.started_at, 0, 0, complete=False)]

"""The transfer thread after its death: what it was told is still there, what it had begun is begun anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.messages import AllStored, LeaveOut, Recover, Recovered, Stop, Track
from nexuslims_logger.ports import Reply
from nexuslims_logger.transfer import main
from nexuslims_logger.transfer.main import handle, transfer_main
from nexuslims_logger.transfer.state import PassState
from nexuslims_logger.transfer.sync_pass import sync_pass
from nexuslims_logger.transfer.tickets import ProbeTicket, RecordTicket
from nexuslims_logger.unanswered import MOST_DEATHS
from tests.unit.bench import HeldPool
from tests.unit.transfer.conftest import SETTLE_S, md5
from tests.unit.transfer.test_listing import listed

if TYPE_CHECKING:
    from nexuslims_logger.transfer.ports import TransferPorts
    from tests.unit.transfer.conftest import Transfer


def _until_the_manifest_is_under_way(transfer: Transfer) -> tuple[TransferPorts, HeldPool]:
    """End a session of one file; everything is done but that its manifest stands beside the data."""
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"one")
    transfer.settle()
    transfer.track(transfer.ended(session))
    pool = HeldPool()
    ports = replace(transfer.ports, pool=pool)
    sync_pass(ports, transfer.state)
    while pool.next != "store_manifest":
        handle(ports, transfer.state, pool.work())
        sync_pass(ports, transfer.state)
    return ports, pool


def test_a_new_life_knows_the_sessions_and_what_has_not_been_answered(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.state.arrived.append(LeaveOut("s1", ("a.tif",), "why", "ada"))

    after = transfer.state.successor()

    assert after.sessions == (session,)
    assert [type(message) for message in after.arrived] == [LeaveOut]
    assert after.scan_at == 0.0


def test_a_new_life_knows_when_the_files_were_compared_with_the_store(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"one")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()
    compared_at = listed(transfer).verified_at
    transfer.state = transfer.state.successor()
    transfer.settle()
    assert compared_at
    assert listed(transfer).verified_at == compared_at


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


def test_a_late_answer_about_the_manifest_does_not_stand_for_the_comparison_of_the_new_life(
    transfer: Transfer,
) -> None:
    ports, pool = _until_the_manifest_is_under_way(transfer)
    late = pool.work()
    transfer.state = transfer.state.successor()
    transfer.store.overwrite("Titan/a.tif", b"somebody else's")  # and the new life has not compared yet
    sync_pass(ports, transfer.state)
    assert pool.next == "verify_some"

    handle(ports, transfer.state, late)
    sync_pass(ports, transfer.state)

    assert not transfer.results.verified("s1")
    assert not [message for message in transfer.session.messages if isinstance(message, AllStored)]
    transfer.state = transfer.state.successor()
    transfer.settle()
    assert transfer.stored()["Titan/a (tem-pc).tif"] == md5(b"one")
    assert [message.files for message in transfer.session.messages if isinstance(message, AllStored)] == [1]


def test_what_a_life_before_had_asked_of_store_and_database_is_asked_anew(transfer: Transfer) -> None:
    transfer.state.probing = transfer.state.recording = True
    tickets = ProbeTicket(transfer.state.number()), RecordTicket(transfer.state.number(), ())
    transfer.state = transfer.state.successor()
    transfer.state.probing = transfer.state.recording = True

    for ticket in tickets:
        handle(transfer.ports, transfer.state, Reply(ticket))

    assert transfer.state.probing
    assert transfer.state.recording


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

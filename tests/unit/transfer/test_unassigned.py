from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.messages import AllStored, Assign, UnassignedSeen
from nexuslims_logger.transfer.main import handle

if TYPE_CHECKING:
    from nexuslims_logger.messages import TrackedSession
    from tests.unit.transfer.conftest import Transfer


def ended_and_stored(transfer: Transfer) -> TrackedSession:
    """Let a session come and go, so that its watch folder is known."""
    first = transfer.a_session("s1")
    transfer.track(first)
    transfer.settle()
    ended = transfer.ended(first)
    transfer.track(ended)
    transfer.settle()
    return ended


def next_session(transfer: Transfer, *others: TrackedSession) -> TrackedSession:
    """Let a file change while nobody works, and the next session begin."""
    transfer.write("between.tif", b"between")
    transfer.clock.go_on(60)
    session = transfer.a_session("s2")
    transfer.session.messages.clear()
    transfer.track(*others, session)
    transfer.settle()
    return session


def offered(transfer: Transfer) -> list[UnassignedSeen]:
    return [message for message in transfer.session.messages if isinstance(message, UnassignedSeen)]


def test_what_changed_between_two_sessions_is_offered_once(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    session = next_session(transfer)
    transfer.settle()
    (found,) = offered(transfer)
    assert (found.session_identifier, found.files, found.bytes, found.names) == (
        session.identifier,
        1,
        7,
        ("between.tif",),
    )
    assert "Titan/between.tif" not in transfer.stored(), "nobody has said whose it is"


def test_the_question_does_not_come_back_after_the_threads_death(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    next_session(transfer)
    transfer.state = transfer.state.successor()
    transfer.settle()
    assert len(offered(transfer)) == 1


def test_nothing_is_offered_where_nothing_has_changed(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    transfer.track(transfer.a_session("s2"))
    transfer.settle()
    assert not offered(transfer)


def test_a_session_that_takes_them_sends_them(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    next_session(transfer)
    handle(transfer.ports, transfer.state, Assign("s2"))
    transfer.settle()
    assert "Titan/between.tif" in transfer.stored()
    assert transfer.files.unassigned() == 0


def test_the_session_before_takes_them_while_it_is_not_complete(transfer: Transfer) -> None:
    first = transfer.a_session("s1")
    transfer.track(first)
    transfer.settle()
    ended = transfer.ended(first)
    transfer.write("held.tif", b"still being written")
    transfer.track(ended)
    transfer.go_on(0)  # its final set is fixed, and one file of it is not settled
    transfer.write("between.tif", b"between")
    transfer.clock.go_on(1)
    transfer.track(ended, transfer.a_session("s2"))
    transfer.go_on(0)
    assert len(offered(transfer)) == 1
    assert not any(isinstance(message, AllStored) for message in transfer.session.messages)
    handle(transfer.ports, transfer.state, Assign("s1"))
    transfer.settle()
    between = next(result for result in transfer.results.of("s1") if result.key.name == "between.tif")
    assert between.state is ResultState.UPLOADED
    assert any(isinstance(message, AllStored) and message.files == 2 for message in transfer.session.messages)


def test_a_complete_session_takes_no_more_and_they_are_offered_again(transfer: Transfer) -> None:
    ended = ended_and_stored(transfer)
    next_session(transfer, ended)
    transfer.session.messages.clear()
    handle(transfer.ports, transfer.state, Assign("s1"))
    assert len(offered(transfer)) == 1
    assert transfer.files.unassigned() == 1


def test_files_that_are_left_are_never_offered_again(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    second = next_session(transfer)
    handle(transfer.ports, transfer.state, Assign(None))
    transfer.track(transfer.ended(second))
    transfer.settle()
    transfer.session.messages.clear()
    transfer.track(transfer.a_session("s3"))
    transfer.settle()
    assert not offered(transfer)
    assert "Titan/between.tif" not in transfer.stored()


def test_without_an_answer_they_are_offered_at_the_next_start(transfer: Transfer) -> None:
    ended_and_stored(transfer)
    second = next_session(transfer)
    transfer.track(transfer.ended(second))
    transfer.settle()
    transfer.restart()
    transfer.session.messages.clear()
    transfer.track(transfer.a_session("s3"))
    transfer.settle()
    assert len(offered(transfer)) == 1

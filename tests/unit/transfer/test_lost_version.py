"""The last version of a file is gone before it was sent; the store has the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.events import FileState, TransferProgress
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.messages import AllStored
from nexuslims_logger.ports import Reply
from nexuslims_logger.transfer.main import handle
from nexuslims_logger.transfer.vanished import DELETED, LATER_VERSION, TAKEN_OVER
from tests.unit.transfer.conftest import md5
from tests.unit.transfer.test_listing import listed

if TYPE_CHECKING:
    from nexuslims_logger.messages import TrackedSession
    from tests.unit.transfer.conftest import Transfer

GONE = LATER_VERSION.format(reason=DELETED)


def away(*_: Any) -> None:
    raise StoreUnavailable("The store is away", "try later")


def _lose_the_second_version(transfer: Transfer) -> TrackedSession:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"one")
    transfer.write("b.tif", b"whole")
    transfer.settle()
    transfer.pool.before = away
    transfer.write("a.tif", b"second version")
    transfer.settle()
    (transfer.watch / "a.tif").unlink()
    transfer.go_on(1)
    transfer.pool.before = None
    transfer.state.store.hurry()
    return session


def test_it_is_counted_with_the_missing_and_no_file_twice(transfer: Transfer) -> None:
    session = _lose_the_second_version(transfer)
    transfer.progress.tell()
    assert transfer.window.take(TransferProgress)[-1].files_missing == 1
    transfer.track(transfer.ended(session))
    transfer.settle()
    (told,) = transfer.session.take(AllStored)
    assert (told.files, told.bytes, told.missing, told.left_out) == (1, len(b"whole"), 1, 0)
    assert told.last_file_at is not None
    assert transfer.stored()["Titan/a.tif"] == md5(b"one")


def test_the_list_of_files_says_it_before_and_after_the_end(transfer: Transfer) -> None:
    session = _lose_the_second_version(transfer)
    said = FileState.MISSING, f"{GONE}; the store has the version before it"
    for _ in range(2):
        (row,) = (row for row in listed(transfer).rows if row.path == "a.tif")
        assert (row.state, row.reason) == said
        transfer.track(transfer.ended(session))
        transfer.settle()
    assert transfer.results.verified("s1")


def test_one_that_comes_again_and_is_sent_is_missing_no_more(transfer: Transfer) -> None:
    session = _lose_the_second_version(transfer)
    transfer.write("a.tif", b"the third version")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()
    (told,) = transfer.session.take(AllStored)
    assert (told.files, told.missing) == (2, 0)
    assert {row.state for row in listed(transfer).rows} == {FileState.VERIFIED}


def test_it_is_the_one_befores_when_the_next_session_has_changed_the_file(transfer: Transfer) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("a.tif", b"one")
    transfer.settle()
    transfer.pool.before = away
    transfer.write("a.tif", b"second version")
    transfer.settle()
    transfer.track(transfer.ended(first), transfer.a_session("s2"))
    transfer.go_on(1)
    transfer.write("a.tif", b"the next user's version")
    transfer.go_on(1)
    (result,) = transfer.results.of("s1")
    assert result.reason == LATER_VERSION.format(reason=TAKEN_OVER)
    assert transfer.files.tally("s1").files_missing == 1
    assert transfer.files.tally("s2").files_missing == 0


def test_the_reason_reaches_the_database_although_the_row_was_under_way(transfer: Transfer) -> None:
    held: list[Any] = []

    class Slow:
        def submit(self, _function: Any, rows: Any, *, ticket: object, reply_to: Any) -> None:
            held.append((rows, ticket))

    transfer.database = Slow()  # type: ignore[assignment] # it takes the rows, and does not answer
    transfer.restart()
    transfer.track(transfer.a_session())
    transfer.write("a.tif", b"one")
    transfer.settle()
    transfer.state.record_at = 0.0
    transfer.turn()
    ((_, under_way),) = held
    transfer.pool.before = away
    transfer.write("a.tif", b"second version")
    transfer.settle()
    (transfer.watch / "a.tif").unlink()
    transfer.go_on(1)

    handle(transfer.ports, transfer.state, Reply(under_way))
    transfer.wait(60)

    ((row,), _) = held[-1]
    assert (row.state, row.reason, row.md5) == (ResultState.UPLOADED, GONE, md5(b"one"))

"""What has waited for long is PENDING in the manifest, and never stays so."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.events import FileState
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.messages import Backlog
from nexuslims_logger.storage.contract import ABSENT, Origin
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.waiting import ELSEWHERE, LONG, RENAMED
from tests.unit.transfer.conftest import md5
from tests.unit.transfer.test_listing import states

if TYPE_CHECKING:
    from nexuslims_logger.messages import TrackedSession
    from tests.unit.transfer.conftest import Transfer

LONG_S = LONG.total_seconds()


def away(name: str, *_: Any) -> None:
    if name == "send_one":
        raise StoreUnavailable("The store is away", "Connect the share.")


def back(transfer: Transfer) -> None:
    transfer.pool.before = None
    transfer.state.store.hurry()


def told(transfer: Transfer) -> list[tuple[str, str]]:
    """Return what the database holds at last, by object."""
    return sorted({row.object_name: row.state.value for row in transfer.database.rows}.items())


def waiting(transfer: Transfer, *names: str) -> TrackedSession:
    """Leave files waiting in a running session, for long."""
    session = transfer.a_session()
    transfer.pool.before = away
    transfer.track(session)
    transfer.go_on(0)
    for name in names:
        transfer.write(name, name.encode())
    transfer.wait(0)
    transfer.wait(20)
    transfer.wait(LONG_S)
    assert {state for _, state in told(transfer)} == {"PENDING"}
    return session


def test_a_file_is_pending_after_a_quarter_of_an_hour_and_then_finished_in_place(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.pool.before = away
    transfer.track(session)
    transfer.go_on(0)
    transfer.write("a.tif", b"a")
    transfer.wait(0)
    transfer.wait(LONG_S - 60)
    assert transfer.database.rows == []

    transfer.wait(120)
    (row,) = transfer.database.rows
    assert (row.object_name, row.state, row.md5, row.attempts) == ("Titan/a.tif", ResultState.PENDING, None, 0)
    assert row.last_error == "The store is away: Connect the share."
    assert abs(row.discovered_at - session.started_at) < timedelta(seconds=5)

    transfer.wait(60)
    assert len(transfer.database.rows) == 1  # told once

    back(transfer)
    transfer.wait(60)
    row = transfer.database.rows[-1]
    assert (row.object_name, row.state, row.last_error) == ("Titan/a.tif", ResultState.UPLOADED, None)
    assert not transfer.results.has_pending("s1")


def test_nothing_is_asked_when_nothing_waits(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("a.tif", b"a")
    transfer.settle()
    transfer.wait(60)
    asked: list[str] = []
    transfer.connection.set_trace_callback(asked.append)
    transfer.state.waiting_at = 0.0
    transfer.turn()
    assert transfer.state.waiting_at > 0
    assert [statement for statement in asked if "seen" in statement] == []


def test_what_waited_and_is_deleted_is_missing(transfer: Transfer) -> None:
    session = waiting(transfer, "a.tif")
    (transfer.watch / "a.tif").unlink()
    transfer.wait(60)
    assert told(transfer) == [("Titan/a.tif", "MISSING")]
    assert transfer.results.sums(session.identifier)[3] == 1


def test_what_waited_and_was_begun_anew_and_is_deleted_is_missing(transfer: Transfer) -> None:
    session = waiting(transfer, "a.tif")
    transfer.write("a.tif", b"begun anew")
    transfer.go_on(0)
    (transfer.watch / "a.tif").unlink()
    transfer.track(transfer.ended(session))
    back(transfer)
    transfer.go_on(60)
    transfer.go_on(60)
    assert told(transfer) == [("Titan/a.tif", "MISSING")]


def test_a_renamed_file_is_not_missed(transfer: Transfer) -> None:
    session = waiting(transfer, "a.tif")
    (transfer.watch / "a.tif").rename(transfer.watch / "b.tif")
    transfer.wait(20)
    back(transfer)
    transfer.wait(60)
    assert told(transfer) == [("Titan/a.tif", "MISSING"), ("Titan/b.tif", "UPLOADED")]
    assert {row.reason for row in transfer.database.rows} == {None, RENAMED}
    assert transfer.results.sums(session.identifier)[3] == 0
    assert transfer.files.tally(session.identifier).files_missing == 0
    assert states(transfer) == {"b.tif": FileState.STORED}

    # A new file of the old name has the last word.
    transfer.write("a.tif", b"new")
    transfer.settle()
    transfer.wait(60)
    assert told(transfer) == [("Titan/a.tif", "UPLOADED"), ("Titan/b.tif", "UPLOADED")]


def test_a_name_that_was_taken_does_not_stay_pending(transfer: Transfer) -> None:
    waiting(transfer, "a.tif")
    foreign = transfer.watch.parent / "foreign"
    foreign.mkdir()
    (foreign / "x.tif").write_bytes(b"other")
    transfer.store.put(
        "Titan/a.tif",
        Disk().open(str(foreign), "x.tif"),
        size=5,
        md5=md5(b"other"),
        mtime_ns=1,
        origin=Origin("another", "camera-pc", "TITAN"),
        if_generation=ABSENT,
    )
    back(transfer)
    transfer.wait(60)
    assert told(transfer) == [("Titan/a (tem-pc).tif", "UPLOADED"), ("Titan/a.tif", "MISSING")]
    assert ELSEWHERE in {row.reason for row in transfer.database.rows}


def test_a_changed_file_waits_with_what_the_store_has(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("a.tif", b"first")
    transfer.settle()
    transfer.wait(60)
    uploaded = transfer.database.rows[-1]
    transfer.pool.before = away
    transfer.write("a.tif", b"second one")
    transfer.wait(0)
    transfer.wait(20)
    transfer.wait(LONG_S)
    row = transfer.database.rows[-1]
    assert (row.state, row.md5, row.generation) == (ResultState.PENDING, uploaded.md5, uploaded.generation)
    back(transfer)
    transfer.wait(60)
    row = transfer.database.rows[-1]
    assert (row.state, row.size_bytes) == (ResultState.UPLOADED, 10)


def test_a_time_in_the_future_or_before_the_session_says_nothing(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.pool.before = away
    transfer.track(session)
    transfer.go_on(0)
    for name, days in (("future.tif", 400), ("past.tif", -400)):
        path = transfer.write(name, b"x")
        at = transfer.clock.now() + timedelta(days=days)
        os.utime(path, (at.timestamp(), at.timestamp()))
    transfer.wait(0)
    transfer.wait(20)
    transfer.wait(LONG_S)
    since = transfer.state.oldest_waiting_at
    assert since is not None
    assert timedelta(0) <= since - session.started_at < timedelta(seconds=5)
    assert told(transfer) == [("Titan/future.tif", "PENDING"), ("Titan/past.tif", "PENDING")]
    transfer.wait(60)
    transfer.progress.tell()
    backlog = transfer.session.take(Backlog)[-1]
    assert backlog.oldest_waiting_at == since
    assert backlog.disk_free_bytes > 0


def test_a_wait_outlasts_a_restart(transfer: Transfer) -> None:
    session = waiting(transfer, "a.tif")
    transfer.restart()
    (transfer.watch / "a.tif").unlink()
    transfer.pool.before = None
    transfer.track(transfer.ended(session))
    transfer.settle()
    transfer.go_on(60)
    assert told(transfer) == [("Titan/a.tif", "MISSING")]

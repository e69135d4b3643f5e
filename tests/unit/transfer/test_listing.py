from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import Defect, FileUnreadable, StoreUnavailable
from nexuslims_logger.events import FilesListed, FileState, Trouble
from nexuslims_logger.messages import ListFiles
from nexuslims_logger.ports import Reply
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.listing import NOT_CONNECTED
from nexuslims_logger.transfer.main import handle, handle_arrived
from tests.unit.bench import HeldPool

if TYPE_CHECKING:
    import pytest

    from nexuslims_logger.ports import OpenFile
    from tests.unit.transfer.conftest import Transfer


def listed(transfer: Transfer, session: str = "s1") -> FilesListed:
    """Ask as the window does."""
    handle(transfer.ports, transfer.state, ListFiles(session))
    while message := transfer.inbox.get(0):
        handle(transfer.ports, transfer.state, message)
    answer = transfer.window.get(0)
    while not isinstance(answer, FilesListed):
        answer = transfer.window.get(0)
    return answer


def states(transfer: Transfer) -> dict[str, FileState]:
    return {row.path: row.state for row in listed(transfer).rows}


def test_each_file_has_its_state(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("stored.tif", b"stored")
    transfer.settle()
    transfer.write("sub/new.tif", b"new")
    transfer.go_on(0)

    assert states(transfer) == {"stored.tif": FileState.STORED, "sub/new.tif": FileState.CHANGING}
    (row,) = (row for row in listed(transfer).rows if row.path == "sub/new.tif")
    assert (row.root, row.size_bytes, row.reason) == (str(transfer.watch), 3, "")
    assert abs(row.changed_at.timestamp() - (transfer.watch / "sub/new.tif").stat().st_mtime) < 1e-3


def test_what_changed_since_it_was_stored_is_not_stored(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("x.tif", b"first")
    transfer.settle()
    transfer.write("x.tif", b"second content")
    transfer.go_on(0)

    assert states(transfer) == {"x.tif": FileState.CHANGING}


def test_it_is_said_why_a_file_waits(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(self: Disk, root: str, path: str) -> OpenFile:
        raise FileUnreadable("A file cannot be read", f"{path} is in use elsewhere.")

    transfer.track(transfer.a_session())
    transfer.write("locked.ser", b"locked")
    monkeypatch.setattr(Disk, "open", locked)
    transfer.settle()

    (row,) = listed(transfer).rows
    assert row.state is FileState.WAITING
    assert row.reason


def test_a_store_that_is_away_is_why_a_file_waits(transfer: Transfer) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable("The store is away", "try later")

    transfer.track(transfer.a_session())
    transfer.write("x.tif", b"content")
    transfer.pool.before = away
    transfer.settle()

    (row,) = listed(transfer).rows
    assert (row.state, row.reason) == (FileState.WAITING, "The store is away")


def test_files_are_verified_after_the_end_alone_and_stay_listed(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    assert listed(transfer).verified_at is None

    transfer.track(transfer.ended(session))
    transfer.settle()
    assert states(transfer) == {"a.tif": FileState.VERIFIED}
    assert listed(transfer).verified_at is not None
    transfer.track()  # the session is ready: its files are let go

    assert states(transfer) == {"a.tif": FileState.VERIFIED}


def test_what_vanished_is_listed_with_its_reason(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("gone.tif", b"gone")
    transfer.go_on(0)

    def away(*_: object) -> None:
        raise StoreUnavailable("The store is away", "try later")

    transfer.pool.before = away
    transfer.go_on()
    assert states(transfer) == {"gone.tif": FileState.WAITING}
    path.unlink()
    transfer.go_on(0)

    (row,) = listed(transfer).rows
    assert (row.state, row.reason) == (FileState.MISSING, "deleted or renamed before it was sent")


def test_another_session_has_other_files(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("a.tif", b"a")
    transfer.settle()

    assert listed(transfer, "s2").rows == ()


def test_safe_to_delete_is_said_of_the_file_that_is_there_now(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    path = transfer.write("scan.ser", b"first frame")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()

    def said() -> tuple[FileState, str]:
        (row,) = listed(transfer).rows
        return row.state, row.reason

    assert said() == (FileState.VERIFIED, "")
    path.write_bytes(b"second frame, not in the store")
    changed = (FileState.STORED, "changed on this PC since; the store has the version of the session")
    assert said() == changed
    transfer.settle()
    assert said() == changed
    path.unlink()
    assert said() == (FileState.STORED, "no longer on this PC")


def _a_verified_session(transfer: Transfer, *names: str) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    for name in names:
        transfer.write(name, name.encode())
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.settle()
    assert transfer.results.verified("s1")


def test_the_files_of_a_folder_that_is_away_are_not_called_deleted_and_not_asked_for_one_by_one(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _a_verified_session(transfer, "a.tif", "b.tif")
    asked = []
    monkeypatch.setattr(Disk, "stat", lambda _self, _root, path: asked.append(path))
    transfer.watch.rename(transfer.watch.with_name("unmounted"))

    assert {(row.state, row.reason) for row in listed(transfer).rows} == {(FileState.STORED, NOT_CONNECTED)}
    assert asked == []


def test_an_unmounted_share_that_looks_empty_has_lost_no_file(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _a_verified_session(transfer, "a.tif", "b.tif")
    (transfer.watch / "a.tif").unlink()
    monkeypatch.setattr(Disk, "volume", lambda _self, _root: "another")

    said = {row.path: (row.state, row.reason) for row in listed(transfer).rows}

    assert said == {
        "a.tif": (FileState.STORED, NOT_CONNECTED),
        "b.tif": (FileState.VERIFIED, ""),  # the share may have another number after the next boot
    }


def test_the_look_at_the_files_is_a_leaf_and_one_at_a_time(transfer: Transfer) -> None:
    _a_verified_session(transfer, "a.tif")
    pool = HeldPool()
    ports = replace(transfer.ports, pool=pool)
    transfer.window.messages.clear()
    for _ in range(3):
        handle(ports, transfer.state, ListFiles("s1"))
    assert [pool.next, len(pool.held), len(transfer.window.messages)] == ["look_at_files", 1, 0]

    first = pool.work()
    transfer.write("a.tif", b"changed since")
    handle(ports, transfer.state, first)
    handle(ports, transfer.state, pool.work())

    told = [message.rows[0].state for message in transfer.window.take(FilesListed)]
    assert told == [FileState.VERIFIED, FileState.STORED], "who asked meanwhile has heard what is so now"
    assert not pool.held
    handle(ports, transfer.state, ListFiles("s1"))
    assert pool.held


def test_the_list_that_the_window_waits_for_comes_also_after_the_threads_death(transfer: Transfer) -> None:
    _a_verified_session(transfer, "a.tif")
    pool = HeldPool()
    ports = replace(transfer.ports, pool=pool)
    handle(ports, transfer.state, ListFiles("s1"))
    transfer.state = transfer.state.successor()
    handle(ports, transfer.state, pool.work())
    transfer.window.messages.clear()

    handle_arrived(ports, transfer.state)
    handle(ports, transfer.state, pool.work())

    (told,) = transfer.window.take(FilesListed)
    assert [row.state for row in told.rows] == [FileState.VERIFIED]


def test_a_look_at_the_files_that_fails_is_told_and_the_next_one_is_made(transfer: Transfer) -> None:
    _a_verified_session(transfer, "a.tif")
    handle(transfer.ports, transfer.state, ListFiles("s1"))
    (answer,) = transfer.inbox.messages
    transfer.inbox.messages.clear()

    handle(transfer.ports, transfer.state, Reply(answer.ticket, error=Defect("It failed", "unexpectedly")))

    assert [message.problem.title for message in transfer.window.take(Trouble)] == ["It failed"]
    assert states(transfer) == {"a.tif": FileState.VERIFIED}

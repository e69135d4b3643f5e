from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from nexuslims_logger.events import FileState, TransferProgress
from nexuslims_logger.journal.records import ResultState, WatchFolder
from nexuslims_logger.messages import AllRecorded, AllStored, LeaveOut
from nexuslims_logger.transfer import disk
from nexuslims_logger.transfer.disk_windows import open_shared
from nexuslims_logger.transfer.leave_out import READ_AFTER_ALL
from nexuslims_logger.transfer.main import handle
from tests.unit.transfer.test_listing import listed

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from nexuslims_logger.messages import TrackedSession
    from tests.unit.transfer.conftest import Transfer


def a_session_that_waits(transfer: Transfer, name: str = "growing.ser") -> TrackedSession:
    """End a session of which one file does not come to rest."""
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("good.tif", b"good")
    transfer.settle()
    transfer.write(name, b"1")
    transfer.go_on(0)
    ended = transfer.ended(session)
    transfer.track(ended)
    transfer.go_on(1)
    assert not finished(transfer)
    return ended


def finished(transfer: Transfer) -> list[AllStored]:
    return [message for message in transfer.session.messages if isinstance(message, AllStored)]


def test_a_session_does_not_wait_for_a_file_that_is_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("growing.ser",), "the detector hangs", "ada"))
    transfer.turn()
    (stored,) = finished(transfer)
    assert (stored.files, stored.missing, stored.left_out) == (1, 0, 1)
    assert any(isinstance(message, AllRecorded) for message in transfer.session.messages)
    row = next(row for row in transfer.database.rows if row.object_name == "Titan/growing.ser")
    assert (row.state, row.reason, row.decided_by, row.md5) == (
        ResultState.SKIPPED,
        "the detector hangs",
        "ada",
        None,
    )


def test_it_stays_out_although_it_goes_on_growing(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("growing.ser",), "the detector hangs", "ada"))
    transfer.write("growing.ser", b"12")
    transfer.settle()
    assert "Titan/growing.ser" not in transfer.stored()
    assert transfer.results.left_out("s1") == 1


def test_a_file_whose_name_no_store_takes_can_be_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer, "back\\slash.tif")
    transfer.go_on()
    assert not finished(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("back\\slash.tif",), "bad name", "ada"))
    transfer.turn()
    assert finished(transfer)[0].left_out == 1
    row = next(row for row in transfer.database.rows if row.state is ResultState.SKIPPED)
    assert row.object_name.startswith("(no name in the store) back")


def test_only_the_named_ones_are_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("good.tif", "another.ser"), "?", "ada"))
    transfer.settle()
    assert finished(transfer)[0].left_out == 0
    assert set(transfer.stored()) == {"Titan/good.tif", "Titan/growing.ser"}


def test_nothing_of_a_running_session_is_left_out(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("a.tif", b"a")
    transfer.go_on(0)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("a.tif",), "?", "ada"))
    transfer.settle()
    assert set(transfer.stored()) == {"Titan/a.tif"}


def test_a_file_whose_name_is_bytes_is_left_out_by_the_name_that_is_shown(transfer: Transfer) -> None:
    a_session_that_waits(transfer, "bad\udcff.dat")
    transfer.go_on()
    transfer.progress.tell()
    shown = [message for message in transfer.window.messages if isinstance(message, TransferProgress)][-1].waiting
    handle(transfer.ports, transfer.state, LeaveOut("s1", tuple(one.name for one in shown), "bad name", "ada"))
    transfer.turn()
    assert finished(transfer)[0].left_out == 1


def test_of_two_watch_folders_only_the_named_file_is_left_out(transfer: Transfer, tmp_path: Path) -> None:
    eds = tmp_path / "eds"
    eds.mkdir()
    session = transfer.a_session(folders=(WatchFolder("TEM", str(transfer.watch)), WatchFolder("EDS", str(eds))))
    transfer.track(session)
    transfer.settle()
    transfer.write("a.ser", b"tem")
    (eds / "a.ser").write_bytes(b"eds")
    transfer.go_on(0)
    transfer.track(transfer.ended(session, folders=session.folders))
    transfer.go_on(1)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("EDS/a.ser",), "the detector hangs", "ada"))
    transfer.settle()
    assert set(transfer.stored()) == {"Titan/TEM/a.ser"}
    assert transfer.results.left_out("s1") == 1


def _locked(monkeypatch: pytest.MonkeyPatch, *folders: str) -> None:
    """Let sub-folders be unreadable: as root, no right would be missing."""
    really_read, really_open = disk._read_folder, open_shared

    def read(root: str, folder: str) -> object:
        if folder in folders:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_read(root, folder)

    def opened(path: str) -> int:
        if os.path.basename(os.path.dirname(path)) in folders:  # noqa: PTH119, PTH120 - a name for the system alone
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(path)

    monkeypatch.setattr(disk, "_read_folder", read)
    monkeypatch.setattr(disk, "open_shared", opened)


def _in_the_database(transfer: Transfer) -> dict[str, tuple[ResultState, str | None, str | None]]:
    """Return state, reason and who decided, by object, as the last row said it."""
    return {row.object_name: (row.state, row.reason, row.decided_by) for row in transfer.database.rows}


def _told(transfer: Transfer) -> TransferProgress:
    transfer.progress.tell()
    told = [message for message in transfer.window.messages if isinstance(message, TransferProgress)]
    return told[-1]


def _shown(transfer: Transfer) -> list[str]:
    return [one.name for one in _told(transfer).waiting]


def test_a_sub_folder_that_cannot_be_read_is_left_out_with_what_is_known_of_it(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("good.tif", b"good")
    transfer.write("locked/seen.ser", b"seen, not sent")
    (transfer.watch / "private").mkdir()
    transfer.go_on(0)
    _locked(monkeypatch, "locked", "private")
    transfer.track(transfer.ended(session))
    transfer.settle()
    assert not finished(transfer)
    assert {"locked", "private"} <= set(_shown(transfer))

    handle(transfer.ports, transfer.state, LeaveOut("s1", ("locked",), "no right", "ada"))
    transfer.go_on(1)
    assert not finished(transfer), "the other folder still waits"
    assert "locked" not in _shown(transfer)

    transfer.restart()
    transfer.track(transfer.ended(session))
    transfer.go_on(1)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("private",), "somebody's own", "ada"))
    transfer.settle()
    assert finished(transfer)
    skipped = {
        row.object_name: (row.reason, row.decided_by)
        for row in transfer.database.rows
        if row.state is ResultState.SKIPPED
    }
    assert skipped.keys() == {"Titan/locked/", "Titan/locked/seen.ser", "Titan/private/"}
    assert skipped["Titan/locked/"] == ("no right", "ada")
    assert skipped["Titan/private/"] == ("somebody's own", "ada")
    assert "Titan/good.tif" in transfer.stored()


def test_a_folder_that_is_readable_before_the_session_is_complete_is_not_left_out(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("locked/seen.ser", b"seen, not sent")
    transfer.write("locked/hangs.ser", b"never at rest")
    transfer.go_on(0)
    transfer.write("locked/new.ser", b"new")
    (transfer.watch / "private").mkdir()
    transfer.track(transfer.ended(session))
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("locked/hangs.ser",), "the detector hangs", "ada"))
    with monkeypatch.context() as refusing:
        _locked(refusing, "locked", "private")
        transfer.settle()
        handle(transfer.ports, transfer.state, LeaveOut("s1", ("locked",), "no right", "ada"))
        transfer.go_on(1)
        transfer.state.record_at = 0.0
        transfer.turn()
        assert _in_the_database(transfer)["Titan/locked/"] == (ResultState.SKIPPED, "no right", "ada")
    with monkeypatch.context() as refusing:
        _locked(refusing, "private")
        transfer.settle()
        assert transfer.stored().keys() == {"Titan/locked/seen.ser", "Titan/locked/new.ser"}
        assert not finished(transfer), "the other folder still waits"
    transfer.settle()
    (told,) = finished(transfer)
    assert (told.files, told.missing, told.left_out) == (2, 0, 1)
    rows = _in_the_database(transfer)
    assert rows["Titan/locked/"] == (ResultState.MISSING, READ_AFTER_ALL, None)
    assert rows["Titan/locked/seen.ser"] == (ResultState.UPLOADED, None, None)
    assert rows["Titan/locked/hangs.ser"] == (ResultState.SKIPPED, "the detector hangs", "ada")
    assert {row.path: row.state for row in listed(transfer).rows} == {
        "locked/hangs.ser": FileState.LEFT_OUT,
        "locked/new.ser": FileState.VERIFIED,
        "locked/seen.ser": FileState.VERIFIED,
    }


def test_a_folder_that_is_readable_when_the_session_is_complete_stays_out(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("locked/seen.ser", b"seen, not sent")
    transfer.go_on(0)
    with monkeypatch.context() as refusing:
        _locked(refusing, "locked")
        transfer.track(transfer.ended(session))
        transfer.settle()
        handle(transfer.ports, transfer.state, LeaveOut("s1", ("locked",), "no right", "ada"))
        transfer.go_on(1)
    transfer.settle()
    (told,) = finished(transfer)
    assert (told.files, told.left_out) == (0, 2)


def test_a_watch_folder_that_cannot_be_read_is_waited_for_and_not_offered(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("good.tif", b"good")
    transfer.settle()
    _locked(monkeypatch, "")
    transfer.track(transfer.ended(session))
    transfer.go_on(1)
    assert _shown(transfer) == []
    problem = _told(transfer).folder_problem
    assert problem
    assert str(transfer.watch) in problem.message
    handle(transfer.ports, transfer.state, LeaveOut("s1", (str(transfer.watch),), "no right", "ada"))
    transfer.go_on(1)
    assert not finished(transfer)
    monkeypatch.undo()
    transfer.settle()
    assert (finished(transfer)[0].files, finished(transfer)[0].missing) == (1, 0)


def test_an_unreadable_sub_folder_is_shown_and_left_out_where_it_is_watched(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "private").mkdir(parents=True)
    older = transfer.a_session("s0", folders=(WatchFolder("", str(other)),))
    transfer.track(older)
    transfer.settle()
    _locked(monkeypatch, "private")
    session = transfer.a_session()
    transfer.track(transfer.ended(older, folders=older.folders), session)
    transfer.settle()
    assert _shown(transfer) == []
    transfer.track(transfer.ended(older, folders=older.folders))
    assert _shown(transfer) == ["private"]

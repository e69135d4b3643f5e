"""What the simulator has found, each in a few lines, so that no change of seeds can lose it."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import FileVanished, FolderMissing, StoreUnavailable
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.seen import FileKey, Owed, Seen
from nexuslims_logger.messages import Recovered, Track
from nexuslims_logger.ports import FileStat
from nexuslims_logger.storage.contract import ABSENT, Origin
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.main import handle
from nexuslims_logger.transfer.progress import TICK_S
from nexuslims_logger.transfer.send import Control
from nexuslims_logger.transfer.settle import FILE_DELAY_MOST_S, put_off
from nexuslims_logger.transfer.state import Delay
from nexuslims_logger.transfer.tickets import SendTicket
from tests.unit.transfer.conftest import Transfer, md5

if TYPE_CHECKING:
    from datetime import datetime


def test_what_an_earlier_run_did_not_record_is_recorded_after_the_restart(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("x.tif", b"x")
    transfer.settle()
    transfer.files.execute("UPDATE result SET recorded = 0")
    transfer.restart()
    transfer.turn()  # a round before anybody says which sessions there are
    transfer.track(transfer.ended(session))
    transfer.settle()
    assert transfer.is_recorded("s1")


def test_a_file_that_is_locked_for_days_does_not_end_the_transfer(transfer: Transfer) -> None:
    key = FileKey(str(transfer.watch), "", "locked.tif")
    transfer.state.delays["s1", key] = Delay("in use", 0.0, 5000)
    put_off(transfer.state, "s1", key, 0.0, "in use", 10.0)
    assert transfer.state.delays["s1", key].until == FILE_DELAY_MOST_S


def test_content_found_in_the_store_is_kept_for_whoever_brought_it(transfer: Transfer) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("x.tif", b"shared")
    transfer.settle()
    brought = transfer.store.stat("Titan/x.tif")
    assert brought
    second = transfer.a_session("s2")
    transfer.track(transfer.ended(first), second)
    transfer.go_on()
    # The next session writes the same content: nothing to send; and then another one.
    transfer.write("x.tif", b"shared", transfer.clock.now())
    transfer.settle()
    transfer.write("x.tif", b"the second session's")
    transfer.settle()
    assert transfer.stored()["Titan/x.tif"] == md5(b"the second session's")
    assert transfer.stored()[f".versions/Titan/x.tif/{brought.generation}"] == md5(b"shared")


def test_nothing_of_ours_rests_on_another_computers_object(transfer: Transfer) -> None:
    path = transfer.write("x.tif", b"equal")
    with path.open("rb") as file:
        transfer.store.put(
            "Titan/x.tif",
            Disk().open(str(transfer.watch), "x.tif"),
            size=5,
            md5=md5(file.read()),
            mtime_ns=1,
            origin=Origin("another", "camera-pc", "TITAN"),
            if_generation=ABSENT,
        )
    transfer.track(transfer.a_session())
    transfer.settle()
    assert transfer.stored() == {"Titan/x.tif": md5(b"equal"), "Titan/x (tem-pc).tif": md5(b"equal")}


def test_an_interrupted_session_gets_what_a_scan_for_others_left_to_nobody(transfer: Transfer) -> None:
    interrupted = transfer.a_session()
    transfer.track(interrupted)
    transfer.go_on(0)
    transfer.restart()
    path = transfer.write("last.tif", b"last")
    older = transfer.a_session("s0", ended=True, take_until=transfer.clock.now() - timedelta(hours=1))
    transfer.track(older)
    transfer.go_on(1)  # nobody has asked about the interrupted one yet
    transfer.recover(interrupted, interrupted.started_at)
    # Somebody thinks about it; meanwhile one more is found, which was written before.
    transfer.write("found late.tif", b"late", interrupted.started_at)
    transfer.go_on(1)
    until = transfer.clock.now() + timedelta(seconds=1)
    transfer.track(older, transfer.ended(interrupted, take_until=until))
    transfer.settle()
    assert {"Titan/last.tif", "Titan/found late.tif"} <= transfer.stored().keys()
    assert path.exists()


def test_what_changed_in_an_unreadable_folder_goes_by_its_time(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("below/x.tif", b"first")
    transfer.settle()
    transfer.write("below/x.tif", b"its last word")
    changed = transfer.clock.now() + timedelta(seconds=1)
    os.utime(transfer.watch / "below/x.tif", ns=(0, int(changed.timestamp() * 1e9)))
    monkeypatch.setattr("nexuslims_logger.transfer.disk._read_folder", _refusing("below"))
    transfer.clock.go_on(3600)
    second = transfer.a_session("s2")
    transfer.track(transfer.ended(first), second)
    transfer.go_on(1)
    monkeypatch.undo()
    transfer.settle()
    results = {result.session: result.md5 for result in transfer.results.of("s1") + transfer.results.of("s2")}
    assert results == {"s1": md5(b"its last word")}


def test_what_changes_after_the_launch_is_not_the_interrupted_sessions_last_activity(transfer: Transfer) -> None:
    interrupted = transfer.a_session(started_at=transfer.clock.now() - timedelta(minutes=10))
    transfer.track(interrupted)
    transfer.settle()
    transfer.restart()
    launched_at = transfer.clock.now() - timedelta(seconds=30)
    transfer.clock.go_on(60)
    transfer.write("his.tif", b"his", launched_at + timedelta(seconds=10))
    transfer.recover(interrupted, interrupted.started_at, launched_at=launched_at)
    (found,) = transfer.session.take(Recovered)
    assert found.last_activity_at == interrupted.started_at
    # The next session begins at the launch, and takes what is its own.
    ended = transfer.ended(interrupted, take_until=found.last_activity_at)
    transfer.track(ended, transfer.a_session("s2", started_at=launched_at))
    transfer.settle()
    assert [result.object_name for result in transfer.results.of("s2")] == ["Titan/his.tif"]


def test_a_session_that_was_continued_after_a_gap_does_not_end_before_it(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.restart()
    transfer.clock.go_on(9 * 3600)
    resumed_at = transfer.clock.now()
    transfer.write("after the gap.tif", b"x", resumed_at + timedelta(minutes=5))
    transfer.clock.go_on(3600)
    transfer.recover(session, session.started_at, resumed_at=resumed_at)
    assert transfer.session.take(Recovered)[0].last_activity_at == resumed_at + timedelta(minutes=5)


def test_a_session_that_was_continued_by_a_thread_that_died_thereafter_ends_at_the_launch(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.clock.go_on(3600)
    launched_at = transfer.clock.now()
    transfer.clock.go_on(10)
    transfer.recover(session, session.started_at, resumed_at=transfer.clock.now(), launched_at=launched_at)
    assert transfer.session.take(Recovered)[0].last_activity_at == launched_at


def test_a_session_that_was_continued_by_a_clock_that_was_years_ahead_does_not_end_there(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.clock.go_on(3600)
    transfer.recover(session, session.started_at, resumed_at=session.started_at + timedelta(days=3650))
    assert transfer.session.take(Recovered)[0].last_activity_at == session.started_at


@pytest.mark.parametrize("how", ["replaced", "deleted"])
def test_what_is_lost_while_its_session_waits_for_another_store_is_missing(transfer: Transfer, how: str) -> None:
    first = transfer.a_session()
    transfer.track(first)

    def away(*_: object) -> None:
        raise StoreUnavailable("The store is away", "try later")

    transfer.pool.before = away
    path = transfer.write("x.tif", b"first")
    transfer.settle()
    transfer.pool.before = None
    transfer.restart()
    transfer.clock.go_on(3600)
    handle(transfer.ports, transfer.state, Track((transfer.a_session("s2"),), elsewhere=(transfer.ended(first),)))
    transfer.go_on(0)
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"of the second")
    transfer.go_on(60)
    assert [(result.object_name, result.state) for result in transfer.results.of("s1")] == [
        ("Titan/x.tif", ResultState.MISSING)
    ]


def _refusing(folder: str) -> object:
    from nexuslims_logger.transfer import disk

    really_read = disk._read_folder

    def read_folder(root: str, below: str) -> object:
        if below == folder:
            raise PermissionError(13, "Permission denied")
        return really_read(root, below)

    return read_folder


def test_a_share_that_looked_empty_at_first_brings_nothing_old_when_it_is_back(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch, long_ago: datetime
) -> None:
    monkeypatch.setattr(transfer.ports.file_system, "volume", lambda root: "the mount point")
    transfer.clock.go_on(5)  # so that the change time too lies before START
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    monkeypatch.undo()
    transfer.write("old.tif", b"old", long_ago)
    transfer.settle()
    assert transfer.stored() == {}


def test_a_share_that_goes_in_the_middle_of_a_scan_concludes_nothing(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("x.tif", b"x")
    transfer.go_on(0)
    really = transfer.ports.file_system.volume(str(transfer.watch))
    volumes = iter((really, *["the mount point"] * 3))
    monkeypatch.setattr(transfer.ports.file_system, "volume", lambda root: next(volumes))
    path.rename(transfer.watch.parent / "away.tif")
    transfer.go_on(0)
    assert isinstance(transfer.state.outcome.folder_problem, FolderMissing)
    assert transfer.files.get(FileKey(str(transfer.watch), "", "x.tif"))


def test_a_file_that_has_not_settled_is_not_forgotten_while_its_share_is_away(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("x.tif", b"x")
    transfer.go_on(0)
    transfer.track(transfer.ended(session))
    transfer.turn()
    disk = transfer.ports.file_system

    def gone(*_: object) -> None:
        raise FolderMissing("Gone", "gone")

    def vanished(*_: object) -> None:
        raise FileVanished("Gone", "gone")

    with monkeypatch.context() as away:
        away.setattr(disk, "volume", gone)
        away.setattr(disk, "open", vanished)
        transfer.clock.go_on(10)
        for _ in range(3):
            transfer.turn()
            transfer.clock.go_on(10)
    assert not transfer.is_recorded("s1")
    transfer.settle()
    transfer.settle()
    assert transfer.stored() == {"Titan/x.tif": md5(b"x")}
    assert transfer.is_recorded("s1")


def test_the_row_goes_on_saying_what_is_in_the_store_when_a_later_version_is_lost(transfer: Transfer) -> None:
    transfer.store.overwrite("Titan/x.tif", b"somebody else's")
    transfer.track(transfer.a_session())
    path = transfer.write("x.tif", b"first")
    transfer.settle()
    assert "Titan/x (tem-pc).tif" in transfer.stored()
    transfer.write("x.tif", b"second content")
    transfer.go_on(0)
    transfer.files.execute("UPDATE seen SET settled = 1")  # it has settled, and was about to be sent
    path.unlink()
    transfer.go_on(0)
    (result,) = transfer.results.of("s1")
    assert (result.state, result.object_name) == (ResultState.UPLOADED, "Titan/x (tem-pc).tif")
    assert result.md5 == md5(b"first")
    assert result.reason == "a later version was deleted or renamed before it was sent"


def test_a_first_scan_that_missed_a_folder_is_made_up_for(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    session = transfer.a_session()
    before = transfer.a_session("s0", ended=True, take_until=transfer.clock.now() - timedelta(hours=1))
    transfer.track(before)
    transfer.go_on(0)
    transfer.write("below/x.tif", b"x")
    transfer.restart()
    transfer.track(transfer.a_session("s0", ended=True, take_until=transfer.clock.now() - timedelta(hours=1)))
    transfer.go_on(0)
    with monkeypatch.context() as refusing:
        refusing.setattr("nexuslims_logger.transfer.disk._read_folder", _refusing("below"))
        transfer.track(session)
        transfer.go_on(0)
    transfer.settle()
    assert transfer.stored() == {"Titan/below/x.tif": md5(b"x")}


def test_the_last_upload_of_a_paused_session_does_not_keep_the_thread_spinning(transfer: Transfer) -> None:
    owed = Owed(Seen(FileKey("r", "", "x.tif"), FileStat(1, 1, 1), settled=True, owner="s1"), "s1", None, None)
    transfer.state.in_flight[1] = SendTicket(1, owed, Control(), transfer.clock.monotonic())
    transfer.progress.tell()  # nobody's session is shown
    assert transfer.progress.next_due() == TICK_S

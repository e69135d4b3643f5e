from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileUnreadable, StoreUnavailable
from nexuslims_logger.journal.records import ResultState, WatchFolder
from nexuslims_logger.journal.seen import UNASSIGNED, FileKey
from nexuslims_logger.messages import AllRecorded, AllStored, FinalSetFixed
from nexuslims_logger.transfer.sync_pass import next_due
from tests.unit.transfer.conftest import SETTLE_S, Transfer, md5

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import pytest


def test_a_new_file_is_sent_when_it_has_settled(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("a/new.tif", b"image")
    transfer.go_on(0)
    assert transfer.stored() == {}
    transfer.go_on()
    assert transfer.stored() == {"Titan/a/new.tif": md5(b"image")}
    stored = transfer.store.stat("Titan/a/new.tif")
    assert stored
    assert stored.mtime_ns == (transfer.watch / "a/new.tif").stat().st_mtime_ns
    assert stored.origin
    assert stored.origin.session_identifier == "s1"


def test_what_stood_there_before_start_is_left_alone(transfer: Transfer, long_ago: datetime) -> None:
    transfer.write("old.tif", b"old", long_ago)
    transfer.clock.go_on(5)  # so that the change time too lies before START
    transfer.track(transfer.a_session())
    transfer.settle()
    assert transfer.stored() == {}


def test_a_preserved_old_time_does_not_hide_a_file_that_appears(transfer: Transfer, long_ago: datetime) -> None:
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("copied.tif", b"copied", long_ago)
    transfer.settle()
    assert "Titan/copied.tif" in transfer.stored()


def test_a_changed_file_is_sent_again_under_its_generation(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("x.tif", b"first")
    transfer.settle()
    before = transfer.store.stat("Titan/x.tif")
    transfer.write("x.tif", b"second content")
    transfer.settle()
    after = transfer.store.stat("Titan/x.tif")
    assert before
    assert after
    assert after.md5 == md5(b"second content")
    assert after.generation != before.generation
    assert transfer.stored().keys() == {"Titan/x.tif"}


def test_a_file_that_grows_while_it_is_sent_is_never_recorded_stale(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("grows.ser", b"part one")
    transfer.go_on(0)

    grown = iter([b" and two"])

    def grow(name: str, *_: object) -> None:
        if name == "send_one" and (more := next(grown, None)):
            with path.open("ab") as file:
                file.write(more)

    transfer.pool.before = grow
    transfer.go_on()
    assert transfer.results.of("s1") == []
    for _ in range(4):
        transfer.go_on()
    assert transfer.stored() == {"Titan/grows.ser": md5(b"part one and two")}
    assert [result.md5 for result in transfer.results.of("s1")] == [md5(b"part one and two")]


def test_a_file_that_cannot_be_read_waits_with_its_reason_and_the_others_go(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("locked.dm4", b"locked")
    transfer.write("free.dm4", b"free")
    transfer.go_on(0)
    disk = transfer.ports.file_system
    really_open = disk.open

    def refuse(root: str, path: str) -> object:
        if path == "locked.dm4":
            raise FileUnreadable("In use", "locked.dm4: in use by another program")
        return really_open(root, path)

    monkeypatch.setattr(disk, "open", refuse)
    good = transfer.state.last_good_pass_at
    transfer.go_on()
    transfer.progress.tell()
    assert transfer.stored().keys() == {"Titan/free.dm4"}
    progress = transfer.window.messages[-1]
    assert [(one.name, one.reason) for one in progress.waiting] == [("locked.dm4", "in use by another program")]
    assert progress.last_good_pass_at == good, "a pass that leaves a file behind is no good one"
    monkeypatch.undo()
    transfer.go_on(300)
    assert "Titan/locked.dm4" in transfer.stored()


def test_the_end_waits_for_the_last_file_and_compares_with_the_store(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    transfer.write("late.tif", b"late")
    transfer.track(transfer.ended(session))
    transfer.turn()
    assert not transfer.session.take(AllStored)
    transfer.clock.go_on(SETTLE_S)
    transfer.turn()
    told = list(transfer.session.messages)
    assert [type(message) for message in told] == [FinalSetFixed, AllStored, AllRecorded]
    assert (told[1].files, told[1].missing) == (2, 0)
    assert {row.object_name for row in transfer.database.rows} == {"Titan/a.tif", "Titan/late.tif"}


def test_an_object_lost_in_the_store_is_sent_again_before_ready(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    del transfer.store._kept["Titan/a.tif"]
    transfer.track(transfer.ended(session))
    transfer.turn()
    assert transfer.session.take(AllStored)
    assert transfer.stored() == {"Titan/a.tif": md5(b"a")}


def test_after_the_final_set_a_new_file_belongs_to_nobody(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.go_on(0)
    transfer.track(transfer.ended(session))
    transfer.turn()
    transfer.write("after.tif", b"after")
    transfer.settle()
    assert transfer.stored() == {}
    assert transfer.files.unassigned() == 1


def test_a_change_between_two_sessions_is_unassigned(transfer: Transfer, long_ago: datetime) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("x.tif", b"x")
    transfer.settle()
    transfer.track(transfer.ended(first))
    transfer.turn()
    transfer.track()
    transfer.write("x.tif", b"changed while nobody worked", long_ago)
    transfer.clock.go_on(60)
    transfer.track(transfer.a_session("s2", started_at=transfer.clock.now() + timedelta(hours=1)))
    transfer.settle()
    seen = transfer.files.get(FileKey(str(transfer.watch), "", "x.tif"))
    assert seen
    assert seen.owner == UNASSIGNED


def test_deleted_before_it_settled_is_no_session_file(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    path = transfer.write("gone.tif", b"gone")
    transfer.go_on(0)
    path.unlink()
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.turn()
    assert transfer.session.take(AllStored)[0].missing == 0


def test_settled_but_deleted_before_it_was_sent_is_missing_and_blocks_nothing(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    path = transfer.write("gone.tif", b"gone")
    transfer.go_on(0)

    def away(*_: object) -> None:
        raise StoreUnavailable("The store is away", "try later")

    transfer.pool.before = away
    transfer.go_on()
    path.unlink()
    transfer.go_on(0)
    assert [(one.state, one.reason) for one in transfer.results.of("s1")] == [
        (ResultState.MISSING, "deleted or renamed before it was sent")
    ]
    transfer.pool.before = None
    transfer.clock.go_on(600)
    transfer.track(transfer.ended(session))
    transfer.turn()
    assert transfer.session.take(AllStored)[0].missing == 1


def test_another_session_keeps_what_the_first_one_stored(transfer: Transfer) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("x.tif", b"of ada")
    transfer.settle()
    transfer.track(transfer.ended(first))
    transfer.turn()
    transfer.session.take(AllStored)
    transfer.track(transfer.a_session("s2"))
    transfer.go_on(0)
    transfer.write("x.tif", b"of bob")
    transfer.settle()
    stored = transfer.stored()
    assert stored["Titan/x.tif"] == md5(b"of bob")
    assert md5(b"of ada") in [value for name, value in stored.items() if name.startswith(".versions/")]


def test_another_computers_object_is_never_replaced(transfer: Transfer) -> None:
    other = transfer.a_session("elsewhere", computer_name="camera-pc")
    transfer.track(other)
    transfer.write("x.tif", b"of the camera pc")
    transfer.settle()
    transfer.track()
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("x.tif", b"of the tem pc")
    transfer.settle()
    assert transfer.stored() == {
        "Titan/x.tif": md5(b"of the camera pc"),
        "Titan/x (tem-pc).tif": md5(b"of the tem pc"),
    }


def test_equal_content_is_not_sent_twice(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("x.tif", b"same")
    transfer.settle()
    before = transfer.store.stat("Titan/x.tif")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 5_000_000_000))
    transfer.settle()
    after = transfer.store.stat("Titan/x.tif")
    assert before
    assert after
    assert after.generation == before.generation or after.md5 == before.md5
    assert after.mtime_ns == path.stat().st_mtime_ns


def test_a_missing_watch_folder_concludes_nothing(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("x.tif", b"x")
    transfer.settle()
    aside = transfer.watch.with_name("aside")
    transfer.watch.rename(aside)
    transfer.track(transfer.ended(session))
    transfer.go_on()
    transfer.progress.tell()
    assert transfer.session.take(FinalSetFixed) == []
    assert transfer.window.messages[-1].folder_problem
    aside.rename(transfer.watch)
    transfer.go_on()
    assert transfer.session.take(AllStored)[0].files == 1


def test_a_pass_over_unchanged_files_reads_nothing_and_asks_nothing(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.track(transfer.a_session())
    for number in range(20):
        transfer.write(f"{number}.tif", bytes([number]) * 100)
    transfer.settle()
    transfer.go_on(60)
    assert len(transfer.database.rows) == 20
    calls = (len(transfer.pool.calls), transfer.database.calls)

    def forbidden(*_: object) -> None:
        raise AssertionError("an unchanged file was opened")

    monkeypatch.setattr(transfer.ports.file_system, "open", forbidden)
    writes = transfer.connection.total_changes
    for _ in range(3):
        transfer.go_on(60)
    assert (len(transfer.pool.calls), transfer.database.calls) == calls
    assert transfer.connection.total_changes - writes <= 3 * 3  # the volume and the first scan, not the files


def test_a_store_that_is_away_is_tried_again_with_growing_delays(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    for number in range(8):
        transfer.write(f"{number}.tif", b"x")
    away = True

    def maybe(name: str, *_: object) -> None:
        if away and name == "send_one":
            raise StoreUnavailable("The store is away", "try later")

    transfer.pool.before = maybe
    transfer.settle()
    transfer.progress.tell()
    assert transfer.window.messages[-1].store_problem.title == "The store is away"
    tries = len(transfer.pool.calls)
    transfer.clock.go_on(0.5)
    transfer.turn()
    assert len(transfer.pool.calls) == tries
    away = False
    transfer.clock.go_on(300)
    transfer.turn()
    assert len(transfer.stored()) == 8


def test_a_restart_in_the_middle_forgets_nothing_and_sends_nothing_twice(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("sent.tif", b"sent")
    transfer.settle()
    transfer.write("seen.tif", b"seen")
    transfer.go_on(0)
    sent = transfer.pool.calls.count("send_one")
    transfer.restart()
    transfer.track(session)
    transfer.settle()
    assert transfer.stored().keys() == {"Titan/sent.tif", "Titan/seen.tif"}
    assert transfer.pool.calls.count("send_one") == sent + 1


def test_ignored_names_are_not_looked_at(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.write("half.TMP", b"x")
    transfer.settle()
    assert transfer.stored() == {}


def test_a_file_that_was_seen_before_the_session_was_known_is_its_own_all_the_same(transfer: Transfer) -> None:
    # The program starts at START and looks, for an earlier session, before it tracks the new one.
    earlier = transfer.a_session("earlier")
    transfer.track(earlier)
    transfer.turn()
    transfer.track(transfer.ended(earlier, take_until=transfer.clock.now()))
    launched_at = transfer.clock.now()
    transfer.write("first-second.tif", b"x")
    transfer.go_on(1)
    assert transfer.files.unassigned() == 1
    transfer.track(transfer.a_session(started_at=launched_at))
    transfer.settle()
    assert transfer.stored().keys() == {"Titan/first-second.tif"}
    assert transfer.files.unassigned() == 0


def test_a_file_that_changes_on_its_last_way_is_sent_again_and_not_given_up(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    path = transfer.write("big.ser", b"image")
    transfer.go_on(0)
    transfer.track(transfer.ended(session))
    appended = iter([b" and more"])

    def append(name: str, *_: object) -> None:
        if name == "send_one" and (more := next(appended, None)):
            with path.open("ab") as file:
                file.write(more)

    transfer.pool.before = append
    for _ in range(4):
        transfer.go_on()
    stored = transfer.session.take(AllStored)[0]
    assert (stored.files, stored.missing) == (1, 0)
    assert transfer.stored() == {"Titan/big.ser": md5(b"image and more")}


def test_a_file_renamed_after_the_end_stays_the_sessions(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    refused = transfer.write("back\\slash.tif", b"refused name")
    unsettled = transfer.write("saving.x", b"being saved")
    transfer.go_on(0)
    transfer.track(transfer.ended(session))
    transfer.turn()
    unsettled.rename(transfer.watch / "saved.tif")
    transfer.go_on()
    assert not transfer.session.take(AllStored)
    transfer.progress.tell()
    assert "slash.tif" in transfer.window.messages[-1].waiting[0].name
    refused.rename(transfer.watch / "backslash.tif")
    for _ in range(3):
        transfer.go_on()
    assert transfer.session.take(AllStored)[0].files == 2
    assert transfer.stored().keys() == {"Titan/backslash.tif", "Titan/saved.tif"}


def test_a_file_renamed_while_the_session_runs_is_not_missing(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("a.tif", b"a")
    transfer.go_on(0)
    transfer.pool.before = lambda *_: (_ for _ in ()).throw(StoreUnavailable("The store is away", "try later"))
    transfer.go_on()
    path.rename(transfer.watch / "b.tif")
    transfer.go_on(0)
    assert transfer.results.of("s1") == []


def test_another_sessions_missing_folder_holds_nobody_up(transfer: Transfer, tmp_path: Path) -> None:
    gone = transfer.a_session("gone", folders=(WatchFolder("", str(tmp_path / "gone")),), ended=True)
    transfer.track(gone, transfer.ended(transfer.a_session()))
    transfer.go_on()
    assert [message.session_identifier for message in transfer.session.take(AllStored)] == ["s1"]


def test_the_store_is_asked_whether_it_is_back_when_nothing_else_would(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("a.tif", b"a")

    def away(*_: object) -> None:
        raise StoreUnavailable("The store is away", "try later")

    transfer.pool.before = away
    transfer.settle()
    path.unlink()
    transfer.go_on(0)
    assert not transfer.state.store.ready(transfer.clock.monotonic())
    transfer.pool.before = None
    transfer.go_on(300)
    transfer.progress.tell()
    assert transfer.window.messages[-1].store_problem is None
    assert transfer.state.last_good_pass_at == transfer.clock.now()


def test_a_watch_folder_that_was_never_there_is_no_complete_check(transfer: Transfer) -> None:
    transfer.go_on(0)  # before the first session there is nothing to look at
    transfer.watch.rmdir()
    transfer.track(transfer.a_session())
    transfer.go_on()
    transfer.progress.tell()
    progress = transfer.window.messages[-1]
    assert progress.folder_problem is not None
    assert progress.last_good_pass_at is None


def test_the_pass_that_stored_the_last_file_counts_as_a_check(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    before = transfer.state.last_good_pass_at
    transfer.write("x.tif", b"content")
    transfer.go_on(1)
    assert before is not None
    transfer.clock.go_on(SETTLE_S)
    transfer.turn()  # long before the next scan
    assert transfer.stored()
    assert transfer.state.last_good_pass_at == transfer.clock.now() > before


def test_without_a_time_to_settle_an_unreadable_file_is_not_asked_all_the_time(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer.ports = replace(transfer.ports, rules=replace(transfer.ports.rules, settle_s=0.0))
    transfer.track(transfer.a_session())
    transfer.write("locked.dm4", b"locked")
    asked = []

    def refuse(_root: str, path: str) -> object:
        asked.append(path)
        raise FileUnreadable("In use", "in use by another program")

    monkeypatch.setattr(transfer.ports.file_system, "open", refuse)
    transfer.go_on(0)
    for _ in range(50):
        transfer.turn()
    assert len(asked) == 1
    assert next_due(transfer.ports, transfer.state) > 1


def test_times_from_broken_clocks_stop_nothing(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    path = transfer.write("future.tif", b"x")
    os.utime(path, (10_000_000_000, 10_000_000_000))  # the year 2286
    transfer.settle()
    assert "Titan/future.tif" in transfer.stored()


def test_a_large_final_set_is_compared_in_pages(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    for number in range(230):
        transfer.write(f"{number}.tif", b"x")
    transfer.settle()
    transfer.track(transfer.ended(session))
    for _ in range(20):
        transfer.turn()
    assert transfer.session.take(AllStored)[0].files == 230
    assert transfer.pool.calls.count("verify_some") == 5

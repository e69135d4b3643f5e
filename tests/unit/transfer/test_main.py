from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import JournalUnavailable
from nexuslims_logger.events import Healed, PassStage, TransferProgress, Trouble
from nexuslims_logger.messages import Stop, SyncNow, Track, TransferStopped
from nexuslims_logger.transfer import main
from nexuslims_logger.transfer.main import handle_arrived, transfer_main
from nexuslims_logger.transfer.sync_pass import sync_pass
from tests.unit.transfer.conftest import SETTLE_S, Transfer, md5

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.ports import FolderListing


@pytest.fixture
def slow_walk(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], None]:
    """Let a walk take a second for each folder, and tell how many it has listed."""

    def install(met: Callable[[int], None]) -> None:
        really_walk = transfer.ports.file_system.walk

        def walk(root: str) -> Iterator[FolderListing]:
            for number, listing in enumerate(really_walk(root)):
                transfer.clock.go_on(1)
                met(number)
                yield listing

        monkeypatch.setattr(transfer.ports.file_system, "walk", walk)

    return install


def test_a_stop_in_the_middle_of_a_scan_takes_it_back(
    transfer: Transfer, slow_walk: Callable[[Callable[[int], None]], None]
) -> None:
    for number in range(5):
        transfer.write(f"{number}/x.tif", b"x")
    listed: list[int] = []

    def met(number: int) -> None:
        listed.append(number)
        if number == 2:
            transfer.inbox.put(Stop())

    slow_walk(met)
    transfer.inbox.put(Track((transfer.a_session(),)))
    transfer_main(transfer.ports)
    assert listed == [0, 1, 2]
    assert transfer.session.messages.pop() == TransferStopped()
    assert transfer.files.folders(str(transfer.watch)) == set()


def test_while_a_long_scan_goes_on_files_are_sent_and_the_window_hears(
    transfer: Transfer, slow_walk: Callable[[Callable[[int], None]], None]
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    for number in range(5):
        transfer.write(f"{number}/x.tif", b"x%d" % number)
    transfer.go_on(0)
    transfer.clock.go_on(SETTLE_S)
    transfer.state.scan_at = transfer.clock.monotonic() + 1000
    transfer.files.execute("UPDATE seen SET settled = 1")  # and the program was restarted
    transfer.restart()
    stored_meanwhile: list[int] = []

    def met(number: int) -> None:
        stored_meanwhile.append(len(transfer.stored()))
        if number == 5:
            transfer.inbox.put(Stop())

    slow_walk(met)
    transfer.inbox.put(Track((session,)))
    transfer_main(transfer.ports)
    assert stored_meanwhile[-1] == 5
    told = [event for event in transfer.window.messages if isinstance(event, TransferProgress)]
    scanning = [event.files_looked_at for event in told if event.stage is PassStage.SCANNING]
    assert scanning == sorted(scanning) != []


def test_files_that_were_sent_are_written_down_together(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    transfer.track(transfer.a_session())
    for number in range(6):
        transfer.write(f"{number}.tif", b"%d" % number)
    transfer.go_on(0)
    transfer.clock.go_on(SETTLE_S)
    sync_pass(transfer.ports, transfer.state)
    transfer.state.arrived.extend(transfer.inbox.messages)
    transfer.state.arrived.append(SyncNow())
    commits = []
    really_commit = transfer.files._file._commit
    full = True

    def commit() -> None:
        if full:
            raise JournalUnavailable("The journal cannot be written", "Make room.")
        commits.append(1)
        really_commit()

    monkeypatch.setattr(transfer.files._file, "_commit", commit)
    with pytest.raises(JournalUnavailable):
        handle_arrived(transfer.ports, transfer.state)
    assert transfer.results.of("s1") == []
    assert len(transfer.state.arrived) == 7
    full = False
    handle_arrived(transfer.ports, transfer.state)
    assert len(commits) == 1
    assert {result.md5 for result in transfer.results.of("s1")} == {md5(b"%d" % number) for number in range(6)}
    assert not transfer.state.arrived
    assert not transfer.state.in_flight


def test_a_journal_that_is_well_again_is_told_also_by_the_next_life(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = JournalUnavailable("The journal cannot be written", "Make room.")
    rounds: list[Exception | None] = [full, full, ZeroDivisionError(), None, None]

    def a_round(*_: object) -> None:
        transfer.clock.go_on(5)
        if (error := rounds.pop(0)) is not None:
            raise error
        if not rounds:
            transfer.state.stopping = True

    monkeypatch.setattr(main, "sync_pass", a_round)
    with pytest.raises(ZeroDivisionError):
        transfer_main(transfer.ports, transfer.state)
    transfer.state = transfer.state.successor()
    transfer_main(transfer.ports, transfer.state)

    told = [message for message in transfer.window.messages if isinstance(message, (Trouble, Healed))]
    assert [(type(message), message.kind) for message in told] == [
        (Trouble, "files journal"),
        (Trouble, "files journal"),
        (Healed, "files journal"),
    ]
    assert len({message.problem.since for message in told if isinstance(message, Trouble)}) == 1

"""Odd names, on every system's rules: each file is stored, or named with the reason; none is lost in silence."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.events import TransferProgress
from nexuslims_logger.messages import AllStored
from nexuslims_logger.storage.folder import FolderStore
from nexuslims_logger.storage.windows_names import check_windows_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.transfer.conftest import Transfer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only here a file may have all these names")

FINE = ["plain.tif", "ü 1%?#.tif".replace("?", ""), "emoji \N{MICROSCOPE}.ser", "-rf", " leading.tif", ".5 nm.tif"]
#: Names that Windows would turn into another file, a device or a stream.
WINDOWS = [
    "CON.txt",
    "aux",
    "lpt1.dm3",
    "a:b.tif",
    "dot.",
    "space ",
    "q?.tif",
    "*x",
    'say "so".tif',
    "a|b",
    "line\nbreak",
]
NOWHERE = ["back\\slash.tif", "not utf-8 \udcff.tif"]


class WindowsStore(FolderStore):
    """A folder store with Windows' rules for names, on this system."""

    def _check(self, name: str) -> None:
        super()._check(name)
        check_windows_name(name)


@pytest.mark.parametrize("kind", [FolderStore, WindowsStore])
def test_each_is_stored_or_named(transfer: Transfer, tmp_path: Path, kind: type[FolderStore]) -> None:
    store = kind(tmp_path / "bucket", SystemClock())
    transfer.store = store  # type: ignore[assignment]  # another one than the fixture's
    transfer.restart()
    session = transfer.a_session()
    transfer.track(session)
    for name in FINE + WINDOWS + NOWHERE:
        transfer.write(name, os.fsencode(name))
    transfer.write("/".join(["d" * 200] * 6) + "/deep.tif", b"deep")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.go_on(0)
    transfer.progress.tell()
    told = [event for event in transfer.window.messages if isinstance(event, TransferProgress)][-1]
    stored = {one.name.removeprefix("Titan/") for one in store.list("")}
    refused = set() if kind is FolderStore else set(WINDOWS)
    assert stored == {*FINE, *WINDOWS} - refused
    reasons = {waiting.name: waiting.reason for waiting in told.waiting}
    named = {name.encode("utf-8", "backslashreplace").decode() for name in reasons}
    printable = {name.encode("utf-8", "backslashreplace").decode() for name in [*NOWHERE, *refused]}
    assert {name for name in named if "deep.tif" not in name} == printable
    assert any("deep.tif" in name for name in named)
    for words in ("backslash", "not valid UTF-8", "longer than 1024 bytes"):
        assert any(words in reason for reason in reasons.values()), words
    for name in refused:
        assert name in reasons[name] or repr(name)[1:-1] in reasons[name]
    # It is not called complete, either.
    assert transfer.session.take(AllStored) == []

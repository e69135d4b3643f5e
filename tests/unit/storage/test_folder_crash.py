"""A call that is killed at any line leaves the old object or the new one, and knows which."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import PreconditionFailed
from nexuslims_logger.storage.contract import ABSENT, StoredObject
from nexuslims_logger.storage.folder import FolderStore
from tests.unit.storage.cut_short import (
    NAME,
    NEW,
    NEW_MTIME_NS,
    NEW_ORIGIN,
    OLD,
    OLD_MTIME_NS,
    OLD_ORIGIN,
    PcClock,
    put,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="cuts a process short by forking it")


def cut_everywhere(folder: Path, action: str) -> list[Path]:
    subprocess.run([sys.executable, "-m", "tests.unit.storage.cut_short", folder, action], check=True)
    cuts = sorted(folder.iterdir(), key=lambda cut: int(cut.name))
    assert len(cuts) > 20
    return cuts


def what_is_there(cut: Path, name: str = NAME) -> StoredObject | None:
    """Ask the store, twice, and hold the answer against the file itself."""
    store = FolderStore(cut, PcClock())
    found = store.stat(name)
    path = cut / name
    assert path.is_file() == (found is not None)
    if found is not None:
        content = path.read_bytes()
        assert (found.size, found.md5) == (len(content), hashlib.md5(content).hexdigest())  # noqa: S324
        assert found.mtime_ns == path.stat().st_mtime_ns
    assert store.stat(name) == found
    return found


@pytest.mark.parametrize("action", ["create", "replace"])
def test_a_put_cut_short_leaves_the_old_object_or_the_new_one(tmp_path: Path, action: str) -> None:
    outcomes = []
    for cut in cut_everywhere(tmp_path, action):
        found = what_is_there(cut)
        content = (cut / NAME).read_bytes() if found else None
        outcomes.append(content)
        if found is None:
            assert action == "create", cut
        elif content == OLD:
            assert (found.mtime_ns, found.origin) == (OLD_MTIME_NS, OLD_ORIGIN), cut
        else:
            assert content == NEW, cut
            assert (found.mtime_ns, found.origin) == (NEW_MTIME_NS, NEW_ORIGIN), cut
        # The next attempt goes through, as if nothing had been.
        store = FolderStore(cut, PcClock())
        put(store, NEW, NEW_MTIME_NS, NEW_ORIGIN, found.generation if found else ABSENT)
        assert (cut / NAME).read_bytes() == NEW
    before = None if action == "create" else OLD
    turn = outcomes.index(NEW)
    assert outcomes == [before] * turn + [NEW] * (len(outcomes) - turn)
    assert 0 < turn < len(outcomes) - 1


def test_new_metadata_cut_short_leave_the_content_and_its_generation(tmp_path: Path) -> None:
    states = set()
    for cut in cut_everywhere(tmp_path, "set_metadata"):
        found = what_is_there(cut)
        assert found is not None
        assert (cut / NAME).read_bytes() == OLD
        states.add((found.mtime_ns, found.origin))
        run("set_metadata", FolderStore(cut, PcClock()), found.generation)
        again = what_is_there(cut)
        assert again is not None
        assert (again.generation, again.mtime_ns, again.origin) == (
            found.generation,
            NEW_MTIME_NS,
            NEW_ORIGIN,
        )
    # Between the two writes the file has its new time already: whoever asks is told so.
    assert states == {(OLD_MTIME_NS, OLD_ORIGIN), (NEW_MTIME_NS, OLD_ORIGIN), (NEW_MTIME_NS, NEW_ORIGIN)}


def test_a_copy_cut_short_may_be_repeated(tmp_path: Path) -> None:
    to = f"kept/{NAME}"
    for cut in cut_everywhere(tmp_path, "copy"):
        source, copied = what_is_there(cut), what_is_there(cut, to)
        assert source is not None
        assert (cut / NAME).read_bytes() == OLD
        if copied is not None:
            assert (cut / to).read_bytes() == OLD
        with pytest.raises(PreconditionFailed):
            FolderStore(cut, PcClock()).copy(NAME, to, if_generation=source.generation + 1)
        run("copy", FolderStore(cut, PcClock()), source.generation)
        again = what_is_there(cut, to)
        assert again is not None
        assert (again.md5, again.mtime_ns, again.origin) == (source.md5, OLD_MTIME_NS, OLD_ORIGIN)
        assert copied is None or again == copied

"""Run one call of the folder store many times, and kill it one line later each time.

Started by `test_folder_crash`: ``python -m tests.unit.storage.cut_short FOLDER ACTION``. Every run has a
folder of its own, named after the number of lines that it was allowed; the last one ran to its end.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import filelock  # noqa: F401 - once, and not in each child

import nexuslims_logger.storage
from nexuslims_logger.storage import folder_content
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from nexuslims_logger.storage.folder import FolderStore

if TYPE_CHECKING:
    from types import FrameType

NAME = "Titan/2026-11-23/grid 7.tif"
OLD = b"old" * 10
NEW = b"new" * 10_000
OLD_MTIME_NS, NEW_MTIME_NS = 1_600_000_000_123_456_789, 1_700_000_000_123_456_789
OLD_ORIGIN = Origin("session-old", "TEM-PC", "FEI-Titan")
NEW_ORIGIN = Origin("session-new", "TEM-PC", "FEI-Titan")

_WATCHED = os.path.dirname(nexuslims_logger.storage.__file__)  # noqa: PTH120 - compared as text, often
_KILLED = 9


class PcClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        raise NotImplementedError

    def utc_offset_min(self) -> int:
        raise NotImplementedError


def put(
    store: FolderStore, data: bytes, mtime_ns: int, origin: Origin, if_generation: int, name: str = NAME
) -> StoredObject:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return store.put(
        name,
        io.BytesIO(data),
        size=len(data),
        md5=md5,
        mtime_ns=mtime_ns,
        origin=origin,
        if_generation=if_generation,
    )


def run(action: str, store: FolderStore, generation: int) -> None:
    if action == "set_metadata":
        store.set_metadata(NAME, mtime_ns=NEW_MTIME_NS, origin=NEW_ORIGIN, if_generation=generation)
    elif action == "copy":
        store.copy(NAME, f"kept/{NAME}", if_generation=generation)
    else:
        put(store, NEW, NEW_MTIME_NS, NEW_ORIGIN, generation)


def play(folder: Path, action: str, lines: int) -> NoReturn:
    left = lines

    def on_line(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal left
        if event == "line":
            if left == 0:
                os._exit(_KILLED)
            left -= 1
        return on_line

    def on_call(frame: FrameType, _event: str, _argument: object) -> Any:
        return on_line if frame.f_code.co_filename.startswith(_WATCHED) else None

    store = FolderStore(folder, PcClock())
    generation = ABSENT
    if action != "create":
        generation = put(store, OLD, OLD_MTIME_NS, OLD_ORIGIN, ABSENT).generation
    sys.settrace(on_call)
    run(action, store, generation)
    os._exit(0)


def main() -> None:
    folder, action = Path(sys.argv[1]), sys.argv[2]
    # Several blocks, without much to write.
    folder_content._BUFFER = len(NEW) // 3
    lines = 0
    while True:
        child = os.fork()
        if child == 0:
            play(folder / str(lines), action, lines)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != _KILLED:
            sys.exit(code)
        lines += 1


if __name__ == "__main__":
    main()

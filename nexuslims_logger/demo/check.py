"""Looks at what a demo has left behind, from the outside: plain SQL, and every file's own MD5."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

from nexuslims_logger.demo.scene import watch_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_READY: Final = "TO_BE_BUILT"
_ROWS: Final = (
    'SELECT event_type, record_status, "timestamp", instrument, "user", session_note, session_identifier'
    " FROM session_log ORDER BY id_session_log"
)
_FILES: Final = "SELECT object_name, state, size_bytes, md5 FROM file_manifest ORDER BY object_name"


def check(stage: Path) -> list[str]:
    """Print the session's rows, its manifest and the verification; return what is wrong.

    Parameters
    ----------
    stage
        The demo's folder, with no logger in it any more.
    """
    database = stage / "home" / "nexuslims.db"
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_ROWS).fetchall()
        files = connection.execute(_FILES).fetchall()
    _print_table("session_log", ("event", "status", "time (UTC)", "instrument", "user", "note", "session"), rows)
    _print_table("file_manifest", ("object", "state", "bytes", "md5"), files)
    problems = [*_wrong_rows(rows), *_wrong_files(files, stage)]
    print(f"{len(files)} files compared with the store and with the microscope's folder: ", end="")
    print("all equal" if not problems else f"{len(problems)} problems", end="\n\n")
    return problems


def _wrong_rows(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    if [row[0] for row in rows] != ["START", "END"]:
        yield f"expected one START and one END, found {[row[0] for row in rows]}"
        return
    start, end = rows
    for row in rows:
        if row[1] != _READY:
            yield f"the {row[0]} row is {row[1]}, not {_READY}"
    for place, name in ((3, "instrument"), (4, "user"), (6, "session")):
        if start[place] != end[place]:
            yield f"START and END have different values for {name}: {start[place]!r}, {end[place]!r}"
    if not start[5]:
        yield "the note was not recorded"


def _wrong_files(files: Sequence[tuple[str, str, int, str]], stage: Path) -> Iterable[str]:
    """Compare manifest, store and watch folder with each other, in both directions."""
    bucket, watched = stage / "home" / "bucket", watch_folder(stage)
    written = {path.relative_to(watched).as_posix(): path for path in watched.rglob("*") if path.is_file()}
    if not files:
        yield "the manifest is empty"
    seen = set()
    for name, state, size, md5 in files:
        stored = bucket / name
        if state != "UPLOADED" or not stored.is_file():
            yield f"{name} is {state}, and {'' if stored.is_file() else 'not '}in the store"
            continue
        original = next((path for path in written if name.endswith(f"/{path}")), None)
        if original is None:
            yield f"{name} is not among what the microscope wrote"
            continue
        seen.add(original)
        for place, path in (("the store", stored), ("the microscope's folder", written[original])):
            if path.stat().st_size != size or _md5(path) != md5:
                yield f"{name} has other content in {place} than in the manifest"
    for missing in sorted(written.keys() - seen):
        yield f"{missing} was written and is not in the manifest"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _print_table(title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    texts = [names, *[["" if value is None else str(value) for value in row] for row in rows]]
    widths = [max(len(row[column]) for row in texts) for column in range(len(names))]
    print(title)
    for row in texts:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    print()

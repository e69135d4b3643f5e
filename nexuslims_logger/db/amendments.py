"""What a manager corrected stands in the session's note, a line each, and no logger ever takes it out again."""

from __future__ import annotations

_MARK = "[amended "


def amendment_line(words: str) -> str:
    """Return the line that records a correction; `words` begin with when and by whom."""
    return f"{_MARK}{words}]"


def with_amendments(note: str, recorded: str | None) -> str:
    """Return `note` with the corrections that stand in the `recorded` one."""
    lines = [line for line in (recorded or "").split("\n") if line.startswith(_MARK)]
    return "\n".join([*([note] if note else []), *(line for line in lines if line not in note)])

"""What stands in a session's note in the database: our words, another's, and what a manager corrected.

The note is one column, and more than its journal may have written it: a manager, or this PC itself, before an older
image of its disk was put back. So only what this journal has had is ever replaced.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts

log = logging.getLogger(__name__)

#: What ``session_log.session_note`` holds.
NOTE_BYTES = 65_535
_MARK = "[amended "


def amendment_line(words: str) -> str:
    """Return the line that records a correction; `words` begin with when and by whom."""
    return f"{_MARK}{words}]"


def with_amendments(note: str, recorded: str | None) -> str:
    """Return `note` with the corrections that stand in the `recorded` one; no logger ever takes them out again."""
    lines = [line for line in (recorded or "").split("\n") if line.startswith(_MARK)]
    return "\n".join([*([note] if note else []), *(line for line in lines if line not in note)])


def settled_note(facts: SessionFacts, recorded: str | None) -> str:
    """Return what a row's note is to be: the session's in place of an earlier one of it, and nobody else's is lost.

    Where a later life of the session has gone on with the note, or has replaced one that the database has confirmed,
    its words win. What was written on both sides stands there one below the other. Applied once more, nothing changes.

    Parameters
    ----------
    recorded
        What the row has now.
    """
    recorded = recorded or ""
    theirs = _without_amendments(recorded)
    kept, ours = _kept_and_ours(facts, theirs) if not facts.had_note(recorded) else ("", facts.note)
    settled = with_amendments(_below(kept, ours), recorded)
    excess = len(settled.encode(errors="backslashreplace")) - NOTE_BYTES
    if excess > 0 and settled != ours:
        log.warning("the note of session %s is cut in the database: it has no room", facts.identifier)
        ours = ours.encode(errors="backslashreplace")[:-excess].decode(errors="ignore")
        settled = with_amendments(_below(kept, ours), recorded)
    return settled


def _kept_and_ours(facts: SessionFacts, theirs: str) -> tuple[str, str]:
    """Return which of their words stay, and what of ours follows below them."""
    if facts.had_note(theirs):
        return "", facts.note
    if facts.note and theirs.startswith(facts.note):
        return theirs, ""
    lines = theirs.split("\n")
    for first in range(1, len(lines)):
        # What was put below another's words once is ours there.
        tail = "\n".join(lines[first:])
        if tail and facts.had_note(tail):
            return "\n".join(lines[:first]), facts.note
    if not facts.note_is_news:
        return theirs, ""
    return ("", facts.note) if facts.note.startswith(theirs) else (theirs, facts.note)


def _below(kept: str, ours: str) -> str:
    return f"{kept}\n{ours}" if kept and ours else kept or ours


def _without_amendments(recorded: str) -> str:
    """Return the note without the corrections, which stand at its end."""
    lines = recorded.split("\n")
    while lines and lines[-1].startswith(_MARK):
        lines.pop()
    return "\n".join(lines)

"""Whose words stand in a session's note, as a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.db.session_note import NOTE_BYTES, amendment_line, settled_note
from tests.session_facts import a_session, with_note

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts

#: What this journal has had, one after the other.
OURS = with_note(with_note(a_session(note="gr"), "grid 6"), "grid 6, bent")
CONFIRMED = replace(OURS, database_revision=OURS.revision)
LINE = amendment_line("now by mia: user ada -> bob. Reason: badge")
KEPT = "grid 7\ngrid 6, bent"


@pytest.mark.parametrize("facts", [OURS, CONFIRMED], ids=["news", "confirmed"])
@pytest.mark.parametrize(
    ("recorded", "settled"),
    [
        (None, "grid 6, bent"),
        ("", "grid 6, bent"),
        ("gr", "grid 6, bent"),
        ("grid 6", "grid 6, bent"),
        ("grid 6, bent", "grid 6, bent"),
        ("grid 6, bent\nand grid 7", "grid 6, bent\nand grid 7"),
        (f"grid 6\n{LINE}", f"grid 6, bent\n{LINE}"),
        (LINE, f"grid 6, bent\n{LINE}"),
        ("grid 7\ngrid 6", KEPT),
        (KEPT, KEPT),
        (f"grid 7\ngrid 6\n{LINE}\n{LINE}2", f"{KEPT}\n{LINE}\n{LINE}2"),
    ],
)
def test_what_this_journal_has_had_is_replaced(facts: SessionFacts, recorded: str | None, settled: str) -> None:
    assert settled_note(facts, recorded) == settled
    assert settled_note(facts, settled) == settled


@pytest.mark.parametrize(("amended", "kept"), [("", ""), (f"\n{LINE}", f"\n{LINE}")], ids=["", "amended"])
def test_anothers_words_are_never_lost(amended: str, kept: str) -> None:
    assert settled_note(CONFIRMED, f"grid 7{amended}") == f"grid 7{kept}", "they are newer than what was confirmed"
    assert settled_note(CONFIRMED, "grid 7\n") == "grid 7\n"
    assert settled_note(OURS, f"grid 7{amended}") == f"{KEPT}{kept}"
    later = with_note(OURS, "grid 6, bent twice")
    assert settled_note(later, f"{KEPT}{amended}") == f"grid 7\ngrid 6, bent twice{kept}", "not once more below"
    assert settled_note(with_note(OURS, ""), f"{KEPT}{amended}") == f"grid 7{kept}", "what is ours can be emptied"
    assert settled_note(with_note(OURS, ""), f"grid 7{amended}") == f"grid 7{kept}"


def test_a_note_of_an_older_program_that_was_continued() -> None:
    """It knows no earlier note."""
    assert settled_note(a_session(note="grid 6, bent"), "grid 6") == "grid 6, bent"


@pytest.mark.parametrize(("theirs", "below"), [("é" * 20_000, "\n"), ("", "")], ids=["both", "amended"])
def test_what_has_no_room_is_cut_and_only_of_ours(theirs: str, below: str) -> None:
    ours = replace(OURS, note="ü" * (NOTE_BYTES // 2))
    recorded = f"{theirs}\n{LINE}" if theirs else LINE

    settled = settled_note(ours, recorded)

    assert NOTE_BYTES - 2 <= len(settled.encode()) <= NOTE_BYTES
    assert settled.startswith(f"{theirs}{below}ü")
    assert settled.endswith(f"ü\n{LINE}")
    assert settled_note(replace(ours, database_revision=ours.revision), settled) == settled

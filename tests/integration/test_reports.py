"""Every statement of docs/reports.md, on every database, with the known answer to its question."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.integration.test_views import filled, written

if TYPE_CHECKING:
    from tests.database_servers import Database

__all__ = ["filled"]

PAGE = Path(__file__).parents[2] / "docs" / "reports.md"
#: Of the PC with a backlog, so that it is silent whenever the test runs.
LONG_AGO = "2020-01-01 12:00:00.000000"
NOTE = "a note\n[amended 2026-11-22T08:00:00Z by mia: user ada -> eve. Reason: wrong badge]"

#: Counted by hand from the rows of test_views.
ANSWERS: dict[str, list[tuple[str | None, ...]]] = {
    "Hours per instrument and month": [
        ("SEM", "2026-11", "1.5"),
        ("TITAN", "2026-11", "12"),
        ("TITAN", "2026-10", "1.5"),
        ("SEM", "2022-04", "240"),
        ("SEM", "2022-03", "744"),
        ("SEM", "2022-02", "672"),
        ("SEM", "2022-01", "735"),
        ("SEM", "2021-03", "2"),
    ],
    "Users per month": [
        ("2026-11", "4"),
        ("2026-10", "1"),
        ("2022-04", "1"),
        ("2022-03", "1"),
        ("2022-02", "1"),
        ("2022-01", "1"),
        ("2021-03", "1"),
    ],
    "Hours per project, for the bill": [
        ("2026-10", "P-17", "1", "3.5"),
        ("2026-11", None, "1", "2"),
        ("2026-11", "P-17", "1", "1.5"),
        ("2026-11", "P-18", "1", "6"),
    ],
    "Bytes per user": [
        ("bob", "1", "70000"),
        ("ada", "2", "6000"),
        ("cyd", "2", "0"),
        ("dan", "1", "0"),
        ("eve", "1", "0"),
    ],
    "Sessions left open": [
        ("forgotten", "SEM", "cyd", None, "2021-03-01 08:00:00.000000"),
        ("endless", "SEM", "dan", None, "2022-01-01 08:00:00.000000"),
        ("bare", "TITAN", "cyd", None, "2026-11-20 23:59:59.999999"),
    ],
    "Longest idle": [
        ("forgotten", "SEM", "cyd", "2021-03-01 10:00:00.000000"),
        ("endless", "SEM", "dan", "2022-12-31 08:00:00.000000"),
        ("bare", "TITAN", "cyd", "2026-11-20 23:59:59.999999"),
    ],
    "Sessions recovered": [
        ("pause", "TITAN", "bob", None, "1"),
        ("built", "SEM", "ada", "LAST_ACTIVITY", "0"),
    ],
    "Sessions that a manager corrected": [("midnight", "eve", None, NOTE)],
    "Files of one session": [
        ("Titan/c.mrc", "UPLOADED", "70000", f"{3:032x}"),
        ("Titan/d.mrc", "PENDING", "9000", None),
        ("Titan/e.mrc", "PENDING", "100", None),
        ("Titan/f.tmp", "SKIPPED", "10", None),
        ("Titan/g.ser", "MISSING", "20", None),
    ],
    "Files that are not in the store, and why": [
        ("pause", "Titan/f.tmp", "SKIPPED", "not data", "bob"),
        ("pause", "Titan/g.ser", "MISSING", "deleted before it was sent", None),
    ],
    "Ended sessions whose files are not all there": [
        ("pause", "TITAN", "bob", "2026-11-10 16:00:00.000000", "2"),
        ("midnight", "TITAN", "eve", "2026-11-21 23:00:00.000000", "0"),
    ],
    "Backlog now": [("TEM-PC-1", "3", "9100", "no network", LONG_AGO)],
    "Single files that wait": [("TITAN", "2", "9100", "2026-11-01 00:00:00.000000")],
    "Clocks that are off by more than two seconds": [(None, "1", "-7200500", "-7200500")],
    "Versions of the logger in use": [
        ("1.0.0", "1", "2026-11-12 09:30:00.000000"),
        ("1.1.0", "1", LONG_AGO),
    ],
    "PCs that have fallen silent in the middle of something": [("TEM-PC-1", "TITAN", "RUNNING", None, LONG_AGO)],
}


def reports() -> dict[str, str]:
    """Return the page's statements, by the question above each."""
    found: dict[str, str] = {}
    for section in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        question = section.partition("\n")[0]
        (found[question],) = re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return found


def test_every_question_has_its_answer(filled: Database) -> None:
    with filled.engine.begin() as connection:
        connection.execute(
            text("UPDATE session_log SET session_note = :note WHERE session_identifier = 'midnight'"), {"note": NOTE}
        )
        connection.execute(
            text(
                "UPDATE loggers SET bytes_waiting = 9100, last_error = 'no network', last_seen_at = :seen"
                " WHERE files_waiting = 3"
            ),
            {"seen": LONG_AGO},
        )
        answers = {
            question: [tuple(written(value) for value in row) for row in connection.execute(text(statement))]
            for question, statement in reports().items()
        }

    assert answers == ANSWERS


def test_each_statement_is_one_and_only_reads() -> None:
    found = reports()
    assert len(found) >= 11
    for statement in found.values():
        assert statement.startswith("SELECT ")
        assert statement.count(";") == 1
        assert statement.endswith(";\n")

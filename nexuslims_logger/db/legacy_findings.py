"""What is asked of an older, hand-made database before it is taken over: read-only, with the ids of the rows."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


class Repair(enum.StrEnum):
    """What can be done about rows; nothing of it happens unasked."""

    ASIDE = "they are moved to the table session_log_aside"
    WAIT = "they go back to WAITING_FOR_END"
    SPELLING = "they take the register's spelling"
    BY_HAND = "a person has to correct them first"
    NONE = "they stay as they are"


@dataclass(frozen=True)
class Question:
    """A question to the rows.

    Attributes
    ----------
    what
        What the rows have that are found.
    repair
        What becomes of them.
    breaks_a_rule
        Whether the new schema refuses them.
    columns
        What the query reads, as ``table.column``; a table without one of them has no such rows.
    query
        Returns one column, ``id``: ``id_session_log``, or ``instrument_pid`` where it is about instruments.
    """

    what: str
    repair: Repair
    breaks_a_rule: bool
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Finding:
    """Rows that a question has found."""

    question: Question
    ids: tuple[str, ...]


def ask(connection: Connection, present: Collection[str]) -> tuple[Finding, ...]:
    """Put every question that the columns allow; changes nothing.

    Parameters
    ----------
    connection
        To a MariaDB or MySQL server.
    present
        The database's columns, as ``table.column``.
    """
    found = []
    for question in QUESTIONS:
        if set(question.columns) <= set(present):
            ids = tuple(str(row[0]) for row in connection.execute(text(f"{question.query} ORDER BY id")))
            if ids:
                found.append(Finding(question, ids))
    return tuple(found)


def _events(column: str, *more: str) -> tuple[str, ...]:
    return tuple(f"session_log.{name}" for name in ("session_identifier", "event_type", column, *more))


#: Servers that were not strict have let in dates of zeros.
NO_TIME = "`timestamp` IS NULL OR CAST(`timestamp` AS CHAR(10)) LIKE '0000%'"

# Grouped and joined, not nested: such tables have no index on the identifier, and a nested question would read them
# once for every row.
_ENDED = "(SELECT DISTINCT session_identifier FROM session_log WHERE event_type = 'END')"
_STARTED = "(SELECT DISTINCT session_identifier FROM session_log WHERE event_type = 'START')"
_PAIRS = """SELECT e.id_session_log AS id FROM session_log s JOIN session_log e
  ON e.session_identifier = s.session_identifier AND e.event_type = 'END'
WHERE s.event_type = 'START' AND """

#: The order matters: what is moved aside first need not be repaired later.
QUESTIONS = (
    Question(
        "a second START or END of a session (the highest id is kept, as the record builder did)",
        Repair.ASIDE,
        True,
        _events("id_session_log"),
        """SELECT a.id_session_log AS id FROM session_log a JOIN
  (SELECT session_identifier, event_type, MAX(id_session_log) AS kept FROM session_log
  WHERE event_type IN ('START', 'END') GROUP BY session_identifier, event_type HAVING COUNT(*) > 1) b
  ON b.session_identifier = a.session_identifier AND b.event_type = a.event_type
WHERE a.id_session_log < b.kept""",
    ),
    Question(
        "an identifier that is empty, longer than a UUID, or not ASCII",
        Repair.ASIDE,
        True,
        ("session_log.session_identifier",),
        """SELECT id_session_log AS id FROM session_log WHERE CHAR_LENGTH(session_identifier) NOT BETWEEN 1 AND 36
  OR OCTET_LENGTH(CONVERT(session_identifier USING utf8mb4)) <> CHAR_LENGTH(session_identifier)""",
    ),
    Question(
        "an instrument written in another case than in the register",
        Repair.SPELLING,
        True,
        ("session_log.instrument", "instruments.instrument_pid"),
        """SELECT s.id_session_log AS id FROM session_log s JOIN instruments i ON i.instrument_pid = s.instrument
WHERE CAST(i.instrument_pid AS BINARY) <> CAST(s.instrument AS BINARY)""",
    ),
    Question(
        "START ready without END: it stops the record builder for everybody",
        Repair.WAIT,
        False,
        _events("record_status"),
        f"""SELECT a.id_session_log AS id FROM session_log a LEFT JOIN {_ENDED} e
  ON e.session_identifier = a.session_identifier
WHERE a.event_type = 'START' AND a.record_status = 'TO_BE_BUILT' AND e.session_identifier IS NULL""",
    ),
    Question(
        "an instrument that is not in the register",
        Repair.BY_HAND,
        True,
        ("session_log.instrument", "instruments.instrument_pid"),
        """SELECT s.id_session_log AS id FROM session_log s LEFT JOIN instruments i ON i.instrument_pid = s.instrument
WHERE i.instrument_pid IS NULL""",
    ),
    Question(
        "no time",
        Repair.BY_HAND,
        True,
        ("session_log.timestamp",),
        f"SELECT id_session_log AS id FROM session_log WHERE {NO_TIME}",
    ),
    Question(
        "an event or a status that is none",
        Repair.BY_HAND,
        True,
        _events("record_status"),
        """SELECT id_session_log AS id FROM session_log
WHERE COALESCE(event_type, '') NOT IN ('START', 'END', 'RECORD_GENERATION')
  OR COALESCE(record_status, '') NOT IN ('WAITING_FOR_END', 'TO_BE_BUILT', 'COMPLETED', 'BUILT_NOT_EXPORTED',
    'ERROR', 'NO_FILES_FOUND', 'NO_CONSENT', 'NO_RESERVATION')""",
    ),
    Question(
        "a user's name of more than 50 characters",
        Repair.BY_HAND,
        True,
        ("session_log.user",),
        "SELECT id_session_log AS id FROM session_log WHERE CHAR_LENGTH(`user`) > 50",
    ),
    Question(
        "instruments with one computer, once case is ignored",
        Repair.BY_HAND,
        True,
        ("instruments.computer_name",),
        """SELECT i.instrument_pid AS id FROM instruments i JOIN
  (SELECT LOWER(computer_name) AS name FROM instruments GROUP BY LOWER(computer_name) HAVING COUNT(*) > 1) twice
  ON twice.name = LOWER(i.computer_name)""",
    ),
    Question(
        "instruments without a name, or with a folder that is empty, absolute or escaping",
        Repair.BY_HAND,
        True,
        ("instruments.schema_name", "instruments.filestore_path"),
        """SELECT instrument_pid AS id FROM instruments
WHERE schema_name IS NULL OR COALESCE(filestore_path, '') = '' OR filestore_path LIKE '/%'
  OR filestore_path LIKE '%..%'""",
    ),
    Question(
        "instruments whose computer has an empty name",
        Repair.BY_HAND,
        True,
        ("instruments.computer_name",),
        "SELECT instrument_pid AS id FROM instruments WHERE computer_name = ''",
    ),
    *(
        Question(
            f"instruments whose {column} has more than {limit} characters",
            Repair.BY_HAND,
            True,
            (f"instruments.{column}",),
            f"SELECT instrument_pid AS id FROM instruments WHERE CHAR_LENGTH({column}) > {limit}",
        )
        for column, limit in (
            ("instrument_pid", 100),
            ("schema_name", 255),
            ("filestore_path", 512),
            ("computer_name", 64),
            ("api_url", 512),
            ("calendar_name", 255),
            ("calendar_url", 512),
            ("location", 100),
            ("property_tag", 20),
            ("computer_ip", 45),
            ("computer_mount", 255),
        )
    ),
    Question(
        "END without START",
        Repair.NONE,
        False,
        _events("id_session_log"),
        f"""SELECT a.id_session_log AS id FROM session_log a LEFT JOIN {_STARTED} s
  ON s.session_identifier = a.session_identifier
WHERE a.event_type = 'END' AND s.session_identifier IS NULL""",
    ),
    Question(
        "END by another user than START",
        Repair.NONE,
        False,
        _events("user"),
        f"{_PAIRS}NOT (s.`user` <=> e.`user`)",
    ),
    Question(
        "END not after START: a wrong zone, the repeated hour of autumn, or a column that followed every change",
        Repair.NONE,
        False,
        _events("timestamp"),
        f"{_PAIRS}e.`timestamp` <= s.`timestamp`",
    ),
)

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from nexuslims_logger import logs
from nexuslims_logger.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.config import Settings

_log = logging.getLogger("nexuslims_logger.tests")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"HOME": str(tmp_path)})


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give the root logger back what it had."""
    root, package = logging.getLogger(), logging.getLogger("nexuslims_logger")
    handlers, level = list(root.handlers), package.level
    yield
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    package.setLevel(level)


def log_file(settings: Settings) -> str:
    return (settings.home / "logs" / "nexuslims-logger.log").read_text(encoding="utf-8")


def test_records_go_to_file_and_memory(settings: Settings) -> None:
    memory = logs.configure(settings, 0)
    _log.info("grid %s", "Ω")
    (line,) = memory.lines()
    assert line.endswith("INFO    MainThread nexuslims_logger.tests: grid Ω")
    assert log_file(settings) == f"{line}\n"


def test_a_name_that_is_no_text_is_escaped(settings: Settings) -> None:
    memory = logs.configure(settings, 0)
    memory.handle(
        logging.makeLogRecord({"name": "tests", "msg": "file %s", "args": ("\udcff",), "levelno": logging.INFO})
    )
    assert memory.lines()[0].endswith("file \\udcff")


def test_a_line_break_in_a_name_makes_no_line(settings: Settings) -> None:
    memory = logs.configure(settings, 0)
    _log.error("file %s", "a\r\n2026-01-01 ERROR b\u2028c\x1b[2J.tif", exc_info=ValueError("two\nlines"))
    message, *traceback = memory.lines()[0].split("\n")
    assert message.endswith(r"file a\r\n2026-01-01 ERROR b\u2028c\x1b[2J.tif")
    assert traceback[-2:] == ["ValueError: two", "lines"]


def test_a_lost_connection_is_no_traceback(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    memory = logs.configure(settings, 0)
    lent = create_engine("sqlite://", poolclass=QueuePool).raw_connection()
    assert lent.dbapi_connection
    lent.dbapi_connection.close()
    lent.close()  # the pool rolls back, and cannot
    logging.getLogger("sqlalchemy.pool.impl.QueuePool").error("a connection was never given back")
    (line,) = memory.lines()
    assert line.endswith("a connection was never given back")
    assert "Traceback" not in capsys.readouterr().err + log_file(settings)


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [
        (-2, {"critical"}),
        (-1, {"critical"}),
        (0, {"critical", "warning"}),
        (1, {"critical", "warning", "info"}),
        (2, {"critical", "warning", "info", "debug"}),
        (3, {"critical", "warning", "info", "debug"}),
    ],
)
def test_the_console_shows_what_was_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, verbosity: int, shown: set[str]
) -> None:
    console = io.StringIO()
    monkeypatch.setattr(sys, "stderr", console)
    logs.configure(settings, verbosity)
    for level in ("debug", "info", "warning", "critical"):
        getattr(_log, level)("this is %s", level)
    assert {line.rpartition(" ")[2] for line in console.getvalue().splitlines()} == shown


def test_without_a_console(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    memory = logs.configure(settings, 2)
    _log.error("seen")
    assert len(memory.lines()) == 1


def test_a_second_configuration_replaces_the_first(settings: Settings) -> None:
    first = logs.configure(settings, 0)
    second = logs.configure(settings, 0)
    _log.warning("once")
    assert first.lines() == ()
    assert len(second.lines()) == 1
    assert log_file(settings).count("once") == 1


def test_memory_and_file_are_bounded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 10_000)
    memory = logs.configure(settings, 0)
    for number in range(2_500):
        _log.info("line %d", number)
    lines = memory.lines()
    assert len(lines) == 2_000
    assert lines[-1].endswith("line 2499")
    files = list((settings.home / "logs").iterdir())
    assert len(files) == 5
    assert all(file.stat().st_size <= 10_000 for file in files)


def test_a_file_that_cannot_be_renamed_is_gone_on_with(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 200)
    logs.configure(settings, 0)
    # A folder in the way of the renaming: the same error as another process's handle on Windows.
    for number in range(1, 6):
        (settings.home / "logs" / f"nexuslims-logger.log.{number}" / "x").mkdir(parents=True)
    for number in range(10):
        _log.info("line %d of a file that is full", number)
    assert "line 9 of" in log_file(settings)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
def test_what_a_full_disk_does_not_take_is_left_out(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    (settings.home / "logs").mkdir(parents=True)
    (settings.home / "logs" / "nexuslims-logger.log").symlink_to("/dev/full")
    memory = logs.configure(settings, 0)
    _log.info("the disk is full")
    assert "the disk is full" in memory.lines()[-1]
    assert capsys.readouterr().err == ""


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "nexuslims").write_text("a file, where a folder should be", encoding="utf-8")
    memory = logs.configure(load_settings({"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}), 0)
    assert "No log file can be written" in memory.lines()[0]


SECRETS = [
    "mysql+pymysql://ada:S3CRET@host/db",
    "mysql://ada:S3CRET@x/S3CRET@host:3306/db",
    "Authorization: Bearer S3CRET.abc-_=",
    "token ya29.S3CRET-abc_def",
    "PUT https://storage/upload?name=a&upload_id=S3CRET&b=1",
    "{'password': 'S3CRET', 'user': 'ada'}",
    '"refresh_token": "S3CRET"',
    "connect(password=S3CRET)",
    "-----BEGIN PRIVATE KEY-----\nS3CRET\nS3CRET\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_taken_out(settings: Settings, text: str) -> None:
    memory = logs.configure(settings, 0)
    _log.warning("%s", text)
    _log.error("failed", exc_info=OSError(text))
    for found in (*memory.lines(), log_file(settings)):
        assert "S3CRET" not in found
        assert "***" in found


@pytest.mark.parametrize(
    "text", ["http://localhost:8080/x", "file:///data/a@b.tif", "12:30:10 ada@example.org", "C:\\data\\x@y"]
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert logs.without_secrets(text) == text


def test_the_memory_gives_the_lines_of_a_level(settings: Settings) -> None:
    memory = logs.configure(settings, 0)
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        memory.handle(logging.makeLogRecord({"name": "tests", "msg": logging.getLevelName(level), "levelno": level}))

    assert [len(memory.lines(level)) for level in (0, logging.WARNING, logging.ERROR)] == [3, 2, 1]
    assert memory.lines(logging.ERROR)[0].endswith("ERROR")

from __future__ import annotations

import argparse
import errno
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import nexuslims_logger
from nexuslims_logger import cli, logs
from nexuslims_logger.__main__ import main
from nexuslims_logger.admin.amend import LAST_ACTIVITY
from nexuslims_logger.cli_arguments import parser
from nexuslims_logger.db.grants import Role
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.gui import app
from nexuslims_logger.single_instance import SingleInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.config import Settings


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nexuslims_logger", *arguments],
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def commands(above: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Return every command that can be typed."""
    below = [action for action in above._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield " ".join(words)
    for action in below:
        for name, inner in action.choices.items():
            yield from commands(inner, (*words, name))


def test_every_command_is_answered() -> None:
    assert {*commands(parser()), "window"} == {*cli._COMMANDS, "doctor"}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", {"command": "window", "verbosity": 0}),
        ("-s", {"command": "window", "verbosity": -1}),
        ("-vv", {"command": "window", "verbosity": 2}),
        ("-v sync", {"command": "sync", "verbosity": 1}),
        ("sync -vv", {"command": "sync", "verbosity": 2, "confirm_clock": None}),
        ("sync --confirm-clock A", {"command": "sync", "confirm_clock": "A"}),
        ("headless", {"command": "headless", "seconds": None, "user": None, "note": None, "continue_": False}),
        ("headless --for 1.5 --user ada --note x --continue",
         {"seconds": 1.5, "user": "ada", "note": "x", "continue_": True}),
        ("demo", {"command": "demo", "headless": False}),
        ("demo --headless", {"headless": True}),
        ("doctor", {"command": "doctor", "json": False}),
        ("doctor --json -v", {"json": True, "verbosity": 1}),
        ("instruments list", {"command": "instruments list"}),
        ("instruments add --pid A --name B --filestore-path ./C --location D",
         {"instrument_pid": "A", "schema_name": "B", "filestore_path": "./C", "location": "D", "timezone": None}),
        ("instruments import a.csv", {"file": Path("a.csv")}),
        ("sessions", {"command": "sessions", "json": False, "limit": 20}),
        ("sessions --json --limit 3", {"json": True, "limit": 3}),
        ("manifest abc", {"session": "abc"}),
        ("db upgrade", {"command": "db upgrade"}),
        ("db current", {"command": "db current"}),
        ("db check", {"command": "db check"}),
        ("db grants a@b", {"command": "db grants", "user": "a@b", "role": "logger"}),
        *((f"db grants a --for {role}", {"role": role}) for role in Role),
        ("amend abc --reason x --user ada --skip-missing",
         {"session": "abc", "reason": "x", "user": "ada", "end": None, "skip_missing": True}),
        ("amend abc --reason x --end 2026-11-20T17:30+01:00", {"end": datetime(2026, 11, 20, 16, 30, tzinfo=UTC)}),
        ("amend abc --reason x --end last-activity", {"end": LAST_ACTIVITY}),
    ],
)  # fmt: skip
def test_what_is_typed_is_understood(typed: str, expected: dict[str, object]) -> None:
    found = vars(parser().parse_args(typed.split()))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["db"], "required: COMMAND"),
        (["nonsense"], "invalid choice"),
        (["sync", "-s", "-v"], "not allowed with"),
        (["headless", "--for", "0"], "no time to wait"),
        (["headless", "--for", "nan"], "no time to wait"),
        (["headless", "--for", "x"], "no time to wait"),
        (["headless", "--user", " "], "1 to 50 characters"),
        (["headless", "--user", "x" * 51], "1 to 50 characters"),
        (["headless", "--user", "a\nb"], "1 to 50 characters"),
        (["headless", "--note", "\N{MICROSCOPE}" * 20_000], "too long"),
        (["headless", "--note", "\udcff"], "not valid text"),
        (["amend", "abc", "--user", "ada"], "required: --reason"),
        (["amend", "abc", "--reason", "a\nb"], "on one line"),
        (["amend", "abc", "--reason", "x", "--end", "yesterday"], "is no time"),
        (["amend", "abc", "--reason", "x", "--end", "2026-11-20T17:30"], "has no zone"),
        (["db", "grants", "a", "--for", "everything"], "invalid choice"),
        (["sessions", "--limit", "0"], "no number of sessions"),
        (["instruments", "add", "--pid", "A"], "--name, --filestore-path"),
    ],
    ids=lambda value: str(value)[:30].encode(errors="backslashreplace").decode(),
)
def test_wrong_usage(typed: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(typed)
    assert stopped.value.code == ExitCode.USAGE
    assert said in capsys.readouterr().err


def test_version_and_help() -> None:
    assert run("--version").stdout == f"NexusLIMS-Logger {nexuslims_logger.__version__}\n"
    help_ = run("-h")
    assert help_.returncode == ExitCode.COMPLETE
    assert "exit codes:" in help_.stdout


def test_a_window_that_begins_anew_reads_the_settings_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NEXUSLIMSGUI_HOME", str(tmp_path))
    sizes: list[int] = []

    def opened(settings: Settings, *_: object) -> ExitCode | None:
        sizes.append(settings.text_size)
        monkeypatch.setenv("NEXUSLIMSGUI_TEXT_SIZE", "14")
        return None if len(sizes) == 1 else ExitCode.WAITING

    monkeypatch.setattr(app, "run", opened)

    assert cli.main([]) == ExitCode.WAITING
    assert sizes == [10, 14]


def test_a_wrong_setting_is_told_without_a_traceback() -> None:
    result = run("sessions", NEXUSLIMSGUI_THEME="blue")
    assert result.returncode == ExitCode.USAGE
    assert result.stderr == (
        "The configuration has to be changed: NEXUSLIMSGUI_THEME is 'blue' (environment):"
        " expected one of auto, light, dark.\n"
    )
    assert result.stdout == ""


def test_an_error_is_told_without_a_traceback() -> None:
    result = run("manifest", "unknown")
    assert result.returncode == ExitCode.FAILED
    assert result.stderr.startswith("There is no session unknown: ")
    assert "Traceback" not in result.stderr


def test_the_second_logger_is_told_apart(own_environment: Path) -> None:
    home = own_environment / "nexuslims" / "gui"
    first = SingleInstance(home)
    first.acquire()
    try:
        result = run("sync")
    finally:
        first.release()
    assert result.returncode == ExitCode.ALREADY_RUNNING
    assert result.stderr.startswith("NexusLIMS-Logger is already running: ")


def test_a_console_without_the_character() -> None:
    added = run("instruments", "add", "--pid", "A", "--name", "Ω", "--filestore-path", "./A", PYTHONIOENCODING="cp1252")
    assert added.returncode == ExitCode.COMPLETE
    listed = run("instruments", "list", PYTHONIOENCODING="cp1252")
    assert listed.returncode == ExitCode.COMPLETE
    assert "\\u03a9" in listed.stdout


def test_a_reader_who_has_seen_enough() -> None:
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-m", "nexuslims_logger", "sessions"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert result.returncode == ExitCode.FAILED
    assert result.stderr == b""


@pytest.mark.parametrize("without_output", [False, True])
def test_an_error_that_nobody_foresaw(
    without_output: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Also one that looks like a reader who has gone: Windows calls many things an invalid argument."""

    def fails(*_: object) -> ExitCode:
        raise OSError(errno.EINVAL, "a time out of range")

    monkeypatch.setenv("NEXUSLIMSGUI_HOME", os.fspath(tmp_path))
    monkeypatch.setattr(cli, "_COMMANDS", {"sessions": fails})
    if without_output:
        monkeypatch.setattr(sys, "stdout", None)
    try:
        assert cli.main(["sessions"]) == ExitCode.FAILED
    finally:
        logs.configure(None, 0)
    told = capfd.readouterr().err
    assert told.startswith("The command failed unexpectedly: OSError: ")
    assert "a time out of range" in told
    assert "Traceback" not in told
    assert "Traceback" in (tmp_path / "logs" / "nexuslims-logger.log").read_text(encoding="utf-8")


class _InterruptedWhileLoading:
    """Finds no module, and is interrupted when the program's own are looked for."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "nexuslims_logger.cli":
            raise KeyboardInterrupt


def test_an_interrupt_while_the_program_is_loaded_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "nexuslims_logger.cli")
    monkeypatch.delattr(nexuslims_logger, "cli")
    monkeypatch.setattr(sys, "meta_path", [_InterruptedWhileLoading(), *sys.meta_path])

    assert main() == ExitCode.FAILED
    assert capsys.readouterr() == ("", "")


def test_a_command_that_has_ended_does_not_promise_to_try_again(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        told = run(
            "sessions",
            HOME=str(tmp_path),
            NEXUSLIMSGUI_DATABASE_URL=f"mysql+pymysql://pc1@127.0.0.1:{taken.getsockname()[1]}/nexuslims",
        )
    assert told.returncode == ExitCode.FAILED
    assert "tried again" not in told.stderr
    assert "Repeat the command when it answers" in told.stderr

"""The real program without a window: processes, signals, kills, and what is left on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.storage.names import MANIFESTS_FOLDER
from tests.waiting import until
from tests.windows.linux_programs import run_linux
from tests.windows.signals import STARTED_WITH, interrupt, terminate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 60.0


class Pc:
    """A PC with a watch folder, on which the program is run."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.watch = folder / "watch"
        self.watch.mkdir()
        self.bucket = self.home / "bucket"
        self._started: list[subprocess.Popen[str]] = []
        self.program: tuple[str | Path, ...] = (sys.executable, "-m", "nexuslims_logger")
        self.environment = {
            **os.environ,
            "NEXUSLIMSGUI_HOME": str(self.home),
            "NEXUSLIMSGUI_FILESTORE_PATH": str(self.watch),
            "NEXUSLIMSGUI_SETTLE_SECONDS": "0.3",
            "NEXUSLIMSGUI_SYNC_INTERVAL_SECONDS": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [*self.program, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            creationflags=STARTED_WITH,
        )
        self._started.append(program)
        return program

    def headless(self, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """Start a session; return the process and the identifier that it prints when START is safe."""
        program = self.start("headless", *arguments)
        # A pipe has no time limit on Windows; the program's end closes it.
        late = threading.Timer(LIMIT_S, program.kill)
        late.start()
        assert program.stdout
        session = program.stdout.readline().strip()
        late.cancel()
        assert session, "no START within the limit"
        return program, session

    def finish(self, program: subprocess.Popen[str], ask: Callable[[subprocess.Popen[str]], None] = interrupt) -> int:
        ask(program)
        _, complaints = program.communicate(timeout=LIMIT_S)
        assert "Traceback" not in complaints, complaints
        return program.returncode

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.program, *arguments],
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )

    def sql(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "nexuslims.db")) as connection:
            return connection.execute(question).fetchall()

    def write(self, name: str, data: bytes) -> Path:
        path = self.watch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def stored(self) -> dict[str, str]:
        """Return MD5 by path below the instrument's folder, without the sessions' manifests."""
        found = {}
        for path in self.bucket.rglob("*"):
            below = path.relative_to(self.bucket)
            if path.is_file() and not below.parts[0].startswith(".") and MANIFESTS_FOLDER not in below.parts:
                found["/".join(below.parts[1:])] = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        return found

    def kill_all(self) -> None:
        for program in self._started:
            program.kill()
            program.communicate()


def checked_by_md5sum(manifest: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let md5sum compare a manifest with the files in `folder`."""
    return run_linux("md5sum", "-c", "--strict", cwd=folder, given=manifest)


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    machine = Pc(tmp_path)
    yield machine
    machine.kill_all()


def test_one_whole_session(pc: Pc) -> None:
    pc.write("stood-before.tif", b"old")
    until(lambda: time.time() > (pc.watch / "stood-before.tif").stat().st_ctime + 0.05)
    program, session = pc.headless("--user", "ada", "--note", "grid 7")
    first = pc.write(f"2026-11-23/a b é 😀 #1 100%{'' if os.name == 'nt' else '?'}.tif", b"first" * 1000)
    until(lambda: len(pc.stored()) == 1)
    replaced = pc.write("r.dm4", b"one")
    until(lambda: "r.dm4" in pc.stored())
    replaced.write_bytes(b"another one")
    with (pc.watch / "pieces.ser").open("wb") as pieces:
        for number in range(5):
            pieces.write(bytes([number]) * 100_000)
            pieces.flush()
            until(lambda: time.time() > os.fstat(pieces.fileno()).st_mtime + 0.15)
    assert pc.finish(program) == 0
    assert pc.sql("SELECT event_type, user, record_status, session_note FROM session_log ORDER BY id_session_log") == [
        ("START", "ada", "TO_BE_BUILT", "grid 7"),
        ("END", "ada", "TO_BE_BUILT", "grid 7"),
    ]
    expected = {path.relative_to(pc.watch).as_posix(): md5(path) for path in (first, replaced, pc.watch / "pieces.ser")}
    assert pc.stored() == expected
    for path in (first, replaced):
        below = next(pc.bucket.glob("[!.]*")) / path.relative_to(pc.watch)
        assert below.stat().st_mtime_ns == path.stat().st_mtime_ns
    manifest = pc.run("manifest", session)
    checked = checked_by_md5sum(manifest.stdout, pc.bucket)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("OK") == 3


@pytest.mark.parametrize("moment", ["at once", "while a file grows", "when the first is stored", "after the click"])
def test_a_killed_program_loses_and_doubles_nothing(pc: Pc, moment: str) -> None:
    program, first = pc.headless("--user", "ada", "--note", "of ada")
    kept = pc.write("kept.tif", b"kept" * 1000)
    if moment == "while a file grows":
        pc.write("grows.ser", b"half")
    if moment != "at once":
        until(lambda: "kept.tif" in pc.stored())
    if moment == "after the click":
        pc.write("late.tif", b"late")
        interrupt(program)
    program.kill()
    program.wait(LIMIT_S)
    if moment == "while a file grows":
        with (pc.watch / "grows.ser").open("ab") as file:
            file.write(b" and whole")
    last = max(path.stat().st_mtime for path in pc.watch.iterdir())
    before_second = time.time()
    program, second = pc.headless("--user", "bob")
    own = pc.write("own.tif", b"of bob")
    until(lambda: "own.tif" in pc.stored())
    assert pc.finish(program) == 0
    rows = pc.sql("SELECT session_identifier, event_type, user, record_status FROM session_log")
    assert sorted(rows) == sorted(
        (session, event, user, "TO_BE_BUILT")
        for session, user in ((first, "ada"), (second, "bob"))
        for event in ("START", "END")
    )
    assert pc.stored() == {path.name: md5(path) for path in pc.watch.iterdir()}
    owners = dict(pc.sql("SELECT object_name, session_identifier FROM file_manifest"))
    assert {name.rsplit("/", 1)[1]: session for name, session in owners.items()} == {
        path.name: second if path == own else first for path in pc.watch.iterdir()
    }
    assert kept.name in pc.stored()
    ended = pc.sql(
        f"SELECT (julianday(timestamp) - 2440587.5) * 86400 FROM session_log WHERE event_type = 'END' "
        f"AND session_identifier = '{first}'"
    )[0][0]
    if moment != "after the click":
        assert ended == pytest.approx(last, abs=0.01), "ended at its last activity, not now"
    assert ended < before_second + 0.01


def test_killed_and_continued_it_is_one_session(pc: Pc) -> None:
    program, first = pc.headless("--user", "ada")
    pc.write("one.tif", b"one")
    until(lambda: "one.tif" in pc.stored())
    program.kill()
    program.wait(LIMIT_S)
    pc.write("between.tif", b"between")
    program, second = pc.headless("--user", "ada", "--continue")
    pc.write("two.tif", b"two")
    assert second == first
    assert pc.finish(program) == 0
    assert pc.stored().keys() == {"one.tif", "between.tif", "two.tif"}
    assert pc.sql("SELECT COUNT(*), COUNT(DISTINCT session_identifier) FROM session_log") == [(2, 1)]


def test_sigterm_leaves_the_session_open_and_sync_leaves_it_alone(pc: Pc) -> None:
    program, session = pc.headless("--user", "ada")
    assert pc.finish(program, terminate) == 4
    assert pc.sql("SELECT event_type, record_status FROM session_log") == [("START", "WAITING_FOR_END")]
    assert pc.run("sync").returncode == 0
    program, again = pc.headless("--continue")
    assert again == session
    assert pc.finish(program) == 0


def test_sync_brings_what_a_second_interrupt_has_left(pc: Pc) -> None:
    pc.environment["NEXUSLIMSGUI_SETTLE_SECONDS"] = "20"
    program, _ = pc.headless("--user", "ada")
    pc.write("slow.tif", b"slow")
    interrupt(program)
    until(lambda: bool(pc.sql("SELECT 1 FROM session_log WHERE event_type = 'END'")))
    assert pc.finish(program) == 4
    assert pc.stored() == {}
    pc.environment["NEXUSLIMSGUI_SETTLE_SECONDS"] = "0.3"
    assert pc.run("sync").returncode == 0
    assert pc.stored().keys() == {"slow.tif"}
    assert pc.sql("SELECT DISTINCT record_status FROM session_log") == [("TO_BE_BUILT",)]


def test_sync_gives_way_to_who_wants_to_work(pc: Pc) -> None:
    pc.environment["NEXUSLIMSGUI_SETTLE_SECONDS"] = "20"
    program, _ = pc.headless("--user", "ada")
    pc.write("slow.tif", b"slow")
    interrupt(program)
    until(lambda: bool(pc.sql("SELECT 1 FROM session_log WHERE event_type = 'END'")))
    assert pc.finish(program) == 4
    sync = pc.start("sync")
    until((pc.home / "doorbell.json").exists)
    assert pc.run("sync").returncode == 3

    pc.environment["NEXUSLIMSGUI_SETTLE_SECONDS"] = "0.3"
    pc.headless("--user", "bob")
    assert "A session is to be started" in sync.communicate(timeout=LIMIT_S)[1]
    assert sync.returncode == 4
    until(lambda: pc.stored().keys() == {"slow.tif"})


def test_two_at_once_are_refused(pc: Pc) -> None:
    program, _ = pc.headless("--user", "ada")
    second = pc.run("headless", "--user", "bob")
    assert second.returncode == 3
    assert "already running" in second.stderr
    assert pc.finish(program) == 0


@pytest.mark.skipif(sys.platform not in {"linux", "win32"}, reason="nobody is kept out there")
def test_two_accounts_at_one_watch_folder_are_refused(pc: Pc) -> None:
    program, _ = pc.headless("--user", "ada")
    pc.environment["NEXUSLIMSGUI_HOME"] = str(pc.home.with_name("other account"))
    second = pc.run("headless", "--user", "bob")
    assert second.returncode == 3
    assert "under another account" in second.stderr
    assert not (pc.home.with_name("other account") / "facts.db").exists()
    # Another instrument's folder is another matter; so is the demonstration.
    pc.environment["NEXUSLIMSGUI_FILESTORE_PATH"] = str(pc.home.with_name("another watch folder"))
    pc.home.with_name("another watch folder").mkdir()
    assert pc.run("headless", "--user", "bob", "--for", "0.1").returncode == 0
    assert pc.finish(program) == 0


def test_a_store_that_is_away_leaves_the_session_waiting(pc: Pc) -> None:
    program, _ = pc.headless("--user", "ada")
    pc.write("a.tif", b"a")
    # Not as soon as the file is there: the store still writes its own record beside it.
    until(lambda: pc.sql("SELECT COUNT(*) FROM file_manifest") == [(1,)])
    aside = pc.bucket.with_name("aside")
    pc.bucket.rename(aside)
    pc.write("b.tif", b"b")
    interrupt(program)
    until(lambda: bool(pc.sql("SELECT 1 FROM session_log WHERE event_type = 'END'")))
    assert pc.finish(program) == 4
    assert pc.sql("SELECT DISTINCT record_status FROM session_log") == [("WAITING_FOR_END",)]
    with contextlib.suppress(FileNotFoundError):
        pc.bucket.rmdir()
    aside.rename(pc.bucket)
    assert pc.run("sync").returncode == 0
    assert pc.stored().keys() == {"a.tif", "b.tif"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEXUSLIMSGUI_SETTLE_SECONDS", "soon"),
        ("NEXUSLIMSGUI_SETLE_SECONDS", "1"),
        ("NEXUSLIMSGUI_DATA_BUCKET", "The Lab"),
    ],
)
def test_a_wrong_setting_is_told_without_a_traceback(pc: Pc, name: str, value: str) -> None:
    pc.environment[name] = value
    answer = pc.run("headless")
    assert answer.returncode == 2
    assert name in answer.stderr
    assert "Traceback" not in answer.stderr


def test_reports_read_with_sqlites_own_shell(pc: Pc) -> None:
    program, session = pc.headless("--user", "ada", "--note", "grid 7")
    pc.write("a.tif", b"a" * 1000)
    assert pc.finish(program) == 0
    question = "SELECT session_identifier, status, files, bytes_stored FROM session_summary"
    answer = run_linux("sqlite3", pc.home / "nexuslims.db", question)
    assert answer.stdout.strip() == f"{session}|TO_BE_BUILT|1|1000"
    listed = pc.run("sessions", "--json")
    assert session in listed.stdout


def test_the_manifest_of_an_earlier_session_finds_what_a_later_one_has_moved_aside(pc: Pc) -> None:
    program, first = pc.headless("--user", "ada")
    pc.write("same name.tif", b"of ada")
    assert pc.finish(program) == 0
    program, second = pc.headless("--user", "bob")
    pc.write("same name.tif", b"of bob")
    assert pc.finish(program) == 0
    for session, content in ((first, b"of ada"), (second, b"of bob")):
        manifest = pc.run("manifest", session).stdout
        checked = checked_by_md5sum(manifest, pc.bucket)
        assert checked.returncode == 0, checked.stdout
        assert manifest.startswith(hashlib.md5(content, usedforsecurity=False).hexdigest())


def test_where_names_are_asked_for_the_account_s_is_never_taken(pc: Pc) -> None:
    pc.environment["NEXUSLIMSGUI_ASK_USER"] = "true"
    refused = pc.run("headless", "--for", "0.1", "--user", "Unknown")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "headless --user NAME" in refused.stderr
    pc.run("headless", "--for", "0.1", "--user", "ada", "--project", "X-1")
    assert pc.sql('SELECT DISTINCT "user" FROM session_log') == [("ada",)]

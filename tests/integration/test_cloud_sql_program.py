"""The program in processes of its own, on Cloud SQL's stand-in: a session, its statements, and a frozen server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_headless import LIMIT_S, Pc
from tests.waiting import until
from tests.windows.signals import STARTED_WITH, interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cloud_sql_database import Cloud

TOP = Path(__file__).parents[2]


class CloudPc(Pc):
    """A PC whose logger reaches the stand-in in place of Google."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        super().__init__(folder)
        self.cloud = cloud
        self._complaints = folder / "complaints.txt"
        self.environment |= cloud.environ | {
            "NEXUSLIMSGUI_INSTRUMENT": "TITAN",
            "NEXUSLIMSGUI_HOME": os.fspath(self.home),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        # All details are more than a pipe of Windows holds (4 KiB) while nobody reads it.
        with self._complaints.open("a") as told:
            program = subprocess.Popen(
                [sys.executable, "-m", "tests.cloud_sql_program", str(self.cloud.standin.port), *arguments, "-vv"],
                cwd=TOP,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=told,
                encoding="utf-8",
                creationflags=STARTED_WITH,
            )
        self._started.append(program)
        return program

    def end(self, program: subprocess.Popen[str]) -> tuple[str, str]:
        """Wait for the end; return what it has said, and what all have said on the error stream."""
        said, _ = program.communicate(timeout=LIMIT_S)
        return said, self._complaints.read_text(encoding="utf-8")

    def rows(self, session: str) -> dict[str, str]:
        """Return the status of the session's rows, by event."""
        return dict(
            self.cloud.server.ask(
                f"SELECT event_type, record_status FROM {self.cloud.schema}.session_log"
                f" WHERE session_identifier = '{session}'"
            )
        )

    def leaks(self, shown: str) -> list[str]:
        """Return what of the secrets was shown or logged."""
        logged = "".join(path.read_text(encoding="utf-8") for path in (self.home / "logs").iterdir())
        return [secret for secret in self.cloud.standin.secrets if secret in shown + logged]


@pytest.fixture
def pc(tmp_path: Path, cloud: Cloud) -> Iterator[CloudPc]:
    machine = CloudPc(tmp_path, cloud)
    yield machine
    machine.kill_all()


@contextlib.contextmanager
def statements(cloud: Cloud) -> Iterator[list[str]]:
    """Collect what the logger's user sends, as the server itself wrote it down."""
    server, sent = cloud.server, list[str]()
    server.run("SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = ON")
    try:
        yield sent
        found = server.ask(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log"
            f" WHERE command_type IN ('Query', 'Execute') AND user_host LIKE '{cloud.user}[%' ORDER BY event_time"
        )
        sent.extend(str(row[0]) for row in found)
    finally:
        server.run("SET GLOBAL general_log = OFF")


def test_a_whole_session_with_the_least_rights(pc: CloudPc) -> None:
    with statements(pc.cloud) as sent:
        program, session = pc.headless("--user", "ada", "--note", "grid 7")
        for number in range(30):
            pc.write(f"{number}.tif", b"content %d" % number)
        until(lambda: len(pc.stored()) == 30)
        interrupt(program)
        out, complaints = pc.end(program)

    assert program.returncode == 0, complaints
    assert pc.rows(session) == {"START": "TO_BE_BUILT", "END": "TO_BE_BUILT"}
    stored = pc.cloud.server.ask(
        f"SELECT COUNT(*) FROM {pc.cloud.schema}.file_manifest WHERE session_identifier = '{session}'"
    )
    assert stored == ((30,),)
    assert pc.cloud.standin.logins == [pc.cloud.user], "one connection for a whole short session"
    work = [line for line in sent if line.split()[0] in {"SELECT", "INSERT", "UPDATE"}]
    assert {line.split()[0] for line in sent} <= {"SELECT", "INSERT", "UPDATE", "SET", "COMMIT", "ROLLBACK"}
    assert sum(line.startswith("INSERT INTO session_log") for line in work) == 2
    # Batches: fewer than one statement for each of the 30 files. The rest is a session's, however many there are.
    of_files = [line for line in work if "file_manifest." in line or "INTO file_manifest" in line]
    assert 2 <= len(of_files) <= 12
    assert len(work) - len(of_files) <= 30
    assert pc.leaks(out + complaints) == []


def test_a_frozen_server_holds_nobody_up(pc: CloudPc) -> None:
    program, session = pc.headless("--user", "ada")
    until(lambda: pc.rows(session).keys() == {"START"})
    assert pc.cloud.server.process
    pid = pc.cloud.server.process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        interrupt(program)
        out, complaints = pc.end(program)
        took = time.monotonic() - begun
    finally:
        os.kill(pid, signal.SIGCONT)

    assert program.returncode == 4, complaints
    assert took < 30
    assert pc.rows(session) == {"START": "WAITING_FOR_END"}
    assert pc.leaks(out + complaints) == []
    following, second = pc.headless("--user", "bob")
    until(lambda: pc.rows(session) == {"START": "TO_BE_BUILT", "END": "TO_BE_BUILT"})
    interrupt(following)
    _, complaints = pc.end(following)
    assert following.returncode == 0, complaints
    assert pc.rows(second) == {"START": "TO_BE_BUILT", "END": "TO_BE_BUILT"}


def test_a_refused_start_tells_nothing_secret(pc: CloudPc) -> None:
    pc.cloud.standin.weather.api_answer = (403, "Not authorized to access resource.")
    program = pc.start("headless", "--user", "ada")
    out, complaints = pc.end(program)

    assert program.returncode == 1
    assert out == ""
    assert "roles/cloudsql.client" in complaints
    assert "Traceback" not in complaints
    assert pc.cloud.standin.secrets
    assert pc.leaks(complaints) == []


@pytest.mark.parametrize(("what", "calls"), [("the Admin API", 1), ("the instance", 2)])
def test_the_process_ends_whatever_hangs(pc: CloudPc, what: str, calls: int) -> None:
    pc.cloud.standin.weather.api_hangs = calls == 1
    pc.cloud.standin.weather.proxy = "hangs before TLS"
    program = pc.start("headless", "--user", "ada")
    until(lambda: len(pc.cloud.standin.calls) >= calls)
    begun = time.monotonic()
    interrupt(program)
    pc.end(program)

    assert program.returncode == 1, f"nothing was recorded: {what} hung before the instrument was known"
    assert time.monotonic() - begun < 15

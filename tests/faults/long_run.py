"""Many days at a microscope, by seed: kills anywhere, the database's cable pulled, the store's share away."""

from __future__ import annotations

import random
import shutil
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql  # type: ignore[import-untyped]  # it has no types of its own

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.cable import Cable
from tests.faults.machine import Forks, Machine, Run, caught_up
from tests.faults.outside import FolderContents, Verdict, at_any_moment, in_the_end

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database_servers import Server

#: A session passes about so many points; a cut beyond its last one is none.
_POINTS = 400


class LongRun:
    """One PC, one MariaDB behind a cable, one folder store on a share."""

    def __init__(self, folder: Path, server: Server, seed: int, forks: Forks, cable: Cable) -> None:
        self._chance = random.Random(seed)
        self._server = server
        self._schema = f"faults_{seed}"
        self._cable = cable
        self._folder = folder
        self._sessions_files: dict[str, list[str]] = {}
        self._files = 0
        self.machine = Machine(
            folder,
            forks,
            NEXUSLIMSGUI_DATABASE_URL=f"mysql+pymysql://root@127.0.0.1:{cable.port}/{self._schema}",
            NEXUSLIMSGUI_DATA_BUCKET=str(folder / "share" / "bucket"),
            NEXUSLIMSGUI_INSTRUMENT="FEI-Titan-TEM",
        )
        self.machine.store = FolderContents(folder / "share" / "bucket")
        (folder / "share").mkdir()

    def prepare(self) -> None:
        """Make the schema, register the instrument, and use the store once: only then is its absence one."""
        self._server.run(f"CREATE DATABASE {self._schema}")
        for arguments in (
            ("db", "upgrade"),
            (
                "instruments", "add", "--pid", "FEI-Titan-TEM", "--name", "Titan",
                "--filestore-path", "./Titan", "--computer-name", "TITAN-PC",
            ),
        ):  # fmt: skip
            run = self.machine.start(*arguments)
            assert self.machine.finish(run) == ExitCode.COMPLETE, run.complaints.read_text()
        run = self.machine.start("headless", "--user", "First")
        session = self.machine.started(run)
        assert session, run.complaints.read_text()
        self.machine.write("first.tif", b"first", session)
        self.machine.tell(run, signal.SIGINT)
        assert self.machine.finish(run) == ExitCode.COMPLETE, run.complaints.read_text()

    def play(self, sessions: int) -> Verdict:
        """Run so many sessions (and a last, calm one); return what is wrong."""
        found = Verdict([], [], [])
        while len(set(self.machine.shown)) < sessions:
            self._one_start()
            found.add(at_any_moment(self.ask, self.machine.store))
        run = self.machine.start("headless", "--user", "Last", "--for", "0.1")
        assert self.machine.started(run), run.complaints.read_text()
        self.machine.finish(run)
        found.wrong += caught_up(self.machine)
        found.add(in_the_end(self.ask, self.machine))
        return found

    def _one_start(self) -> None:
        chance, machine = self._chance, self.machine
        self._weather(chance.choice(("calm", "calm", "no database", "no store", "no network")))
        cut = None if chance.random() < 0.4 else chance.randrange(1, _POINTS)
        arguments = ["headless", "--user", chance.choice(("Ada", "Bob"))]
        if chance.random() < 0.4:
            arguments.append("--continue")
        run = machine.start(*arguments, cut=cut)
        if session := machine.started(run):
            for _ in range(chance.randrange(6)):
                self._step(run, session)
            if chance.random() < 0.5:
                self._weather("calm")
            self._end(run)
        self._weather("calm")
        machine.finish(run)

    def _step(self, run: Run, session: str) -> None:
        chance, machine = self._chance, self.machine
        time.sleep(chance.choice((0.0, 0.05, 0.4)))  # not for anything: work comes when it comes, by the seed
        if not machine.alive(run):
            return
        own = self._sessions_files.setdefault(session, [])
        if own and chance.random() < 0.3:
            path = chance.choice(own)
        else:
            self._files += 1
            path = chance.choice(("scan_{}.ser", "Übersicht/Ring {}.dm3", "EDS/map_{}.raw")).format(self._files)
            own.append(path)
        machine.write(path, chance.randbytes(chance.randrange(1, 300_000)), session)
        if chance.random() < 0.15:
            self._weather(chance.choice(("calm", "no database", "no store")))

    def _end(self, run: Run) -> None:
        """Let the person, the power company, or the operating system end it."""
        how = self._chance.choice(("click", "click", "kill", "log-off", "click and kill"))
        if how.startswith("click"):
            self.machine.tell(run, signal.SIGINT)
        if how.endswith("kill"):
            time.sleep(self._chance.choice((0.0, 0.1, 0.5)))  # at any moment of the end, by the seed
            self.machine.tell(run, signal.SIGKILL)
        if how == "log-off":
            self.machine.tell(run, signal.SIGTERM)

    def _weather(self, weather: str) -> None:
        share, away = self._folder / "share", self._folder / "share.away"
        no_database, no_store = weather in {"no database", "no network"}, weather in {"no store", "no network"}
        if no_database:
            self._cable.pull()
        else:
            self._cable.put_back()
        if no_store and share.exists():
            share.rename(away)
        elif not no_store and away.exists():
            if share.exists():
                # A lock that was just being taken makes its folders anew; nothing else may stand at a mount point.
                left = [path for path in share.rglob("*") if path.is_file() and path.suffix != ".lock"]
                assert not left, left
                shutil.rmtree(share)
            away.rename(share)
        self.machine.faults += no_database + no_store

    def forget(self, session: str) -> None:
        """Put the database back to how it was before a session."""
        for table in ("file_manifest", "session_log"):
            self._server.run(f"DELETE FROM {self._schema}.{table} WHERE session_identifier = '{session}'")

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the server itself, past the cable."""
        with closing(
            pymysql.connect(host="127.0.0.1", port=self._server.port, user="root", database=self._schema)
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(question)
            return list(cursor.fetchall())


def long_run(folder: Path, server: Server, seed: int, sessions: int) -> tuple[Machine, Verdict]:
    """Play one PC's days; return it with what is wrong."""
    with Forks() as forks, Cable(server.port) as cable:
        run = LongRun(folder, server, seed, forks, cable)
        run.prepare()
        return run.machine, run.play(sessions)

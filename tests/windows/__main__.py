"""Run the tests with Windows' interpreter under Wine: ``python -m tests.windows [PYTEST'S ARGUMENTS]``.

The screens with their window managers, the database server and the emulators of Cloud Storage run here, outside.
Without arguments, those tests are run in which Windows most differs, in two shares at once, in the time that every
change can wait for; ``tests`` runs all that can run there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from tests.database_servers import running_mariadb
from tests.storage_emulators import EMULATORS, FAKE_VARIABLE, GCP_VARIABLE, fake_gcs_server, gcp_storage_emulator
from tests.windows import host
from tests.windows.left_out import TOLD_VARIABLE
from tests.windows.screen import DRIVE_C_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOP = Path(__file__).parents[2]
WINDOWS = TOP / ".windows"
#: The window with real clicks, consoles, processes, files, locks, paths, the journal; some of the simulator's seeds.
ON_THE_SCREEN = (
    "tests/windows",
    "tests/gui/test_window.py",
    "tests/gui/test_program.py",
    "tests/unit/storage/test_folder.py",
    "tests/unit/storage/test_windows_names.py",
    "tests/unit/transfer",
    "tests/unit/journal",
    "tests/unit/session/test_clock_steps.py",
    "tests/unit/db/test_types.py",
    "tests/unit/test_cli.py",
    "tests/unit/test_config.py",
    "tests/unit/test_doorbell.py",
    "tests/unit/test_logs.py",
    "tests/unit/test_priority.py",
    "tests/unit/test_single_instance.py",
    "tests/simulation/test_program.py",
    "tests/integration/test_headless.py::test_one_whole_session",
    "tests/integration/test_headless.py::test_killed_and_continued_it_is_one_session",
    "tests/integration/test_headless.py::test_two_at_once_are_refused",
    "tests/integration/test_admin_commands.py::test_md5sum_reads_the_manifest",
    "tests/integration/test_admin_commands.py::test_sessions",
)
#: The stores, and whole programs with a database server, Cloud SQL's stand-in and the emulators.
WITH_SERVERS = (
    "tests/contract",
    "tests/integration/test_bucket.py",
    "tests/integration/test_resume.py",
    "tests/integration/test_cloud_sql.py",
    "tests/integration/test_cloud_sql_program.py",
    "tests/integration/test_two_computers.py",
    "tests/integration/test_one_store.py",
    "tests/integration/test_report_logger.py",
    "tests/integration/test_verify.py",
)
#: One test that hangs says where, and ends its share.
HANG_S = 180
OPTIONS = (
    "-o",
    f"faulthandler_timeout={HANG_S}",
    "-o",
    "faulthandler_exit_on_timeout=true",
    "-rfE",
    "--show-capture=no",
)


@dataclass
class Share:
    """Tests that are run one after the other, on a screen and in a Windows of their own."""

    arguments: Sequence[str]
    prefix: Path
    #: Of pytest, from the last run.
    code: int = 0
    #: How often a test passed or failed; those that did not run, with the reason.
    passed: int = 0
    failed: int = 0
    left_out: dict[str, str] | None = None

    def run(self, folder: Path, servers: dict[str, str], output: int | None) -> None:
        """Run them; what fails is tried once more."""
        folder.mkdir()
        with VirtualScreen() as screen, host.serving(screen.environment) as port:
            told = folder / "told.json"
            environment = {
                **screen.environment,
                **servers,
                "WINEPREFIX": os.fspath(self.prefix),
                host.PORT_VARIABLE: str(port),
                DRIVE_C_VARIABLE: os.fspath(self.prefix / "drive_c"),
                TOLD_VARIABLE: os.fspath(told),
            }
            stop_wine(environment)  # one that was started on another screen shows no windows
            wine = os.fspath(TOP / "packaging" / "wine.sh")
            command = [wine, "python", "-m", "pytest", "-o", f"cache_dir={folder}/cache", *OPTIONS, *self.arguments]
            # On a busy machine Wine loses a key or a click at times. Seen in the output, and what fails twice is
            # broken; after a hang nothing was noted down, and nothing passes.
            for again in ((), ("--last-failed", "--last-failed-no-failures", "none")):
                done = subprocess.run([*command, *again], cwd=TOP, env=environment, check=False, stdout=output)
                self.code = done.returncode
                self._take(told, first=not again)
                if self.code != pytest.ExitCode.TESTS_FAILED:
                    break
            stop_wine(environment)

    def _take(self, told: Path, *, first: bool) -> None:
        """Add up what the run has told; after a hang it has told nothing."""
        if not told.exists():
            self.code = self.code or pytest.ExitCode.INTERNAL_ERROR
            return
        counted = json.loads(told.read_text(encoding="utf-8"))
        told.unlink()
        self.passed += counted["passed"]
        self.failed = counted["failed"]
        if first:
            self.left_out = counted["left_out"]


def main(arguments: list[str]) -> int:
    """Run them, and return pytest's exit code."""
    prefix = Path(os.environ.get("WINEPREFIX") or WINDOWS / "prefix")
    shares = [Share(arguments, prefix)]
    if not any(word.startswith("tests") for word in arguments):
        second = prefix.with_name(f"{prefix.name}-2")
        shares = [Share([*ON_THE_SCREEN, *arguments], prefix), Share([*WITH_SERVERS, *arguments], second)]
    with tempfile.TemporaryDirectory(prefix="nexuslims-windows-") as name, _servers(Path(name)) as servers:
        outputs = [Path(name) / f"output-{number}" for number in range(1, len(shares))]
        with ThreadPoolExecutor(len(shares)) as pool:
            under_way = [pool.submit(shares[0].run, Path(name) / "share", servers, None)]
            for share, output in zip(shares[1:], outputs, strict=True):
                under_way.append(pool.submit(_run_aside, share, output, servers))
            for one in under_way:
                one.result()
        for output in outputs:
            sys.stdout.write(output.read_text(encoding="utf-8", errors="replace"))
    _tell(shares)
    return max(share.code for share in shares)


def _run_aside(share: Share, output: Path, servers: dict[str, str]) -> None:
    with output.open("wb") as file:
        share.run(output.with_suffix(".d"), servers, file.fileno())


def _tell(shares: list[Share]) -> None:
    """Print the counts of all shares together, and what did not run on Windows."""
    left_out = {test: reason for share in shares for test, reason in (share.left_out or {}).items()}
    for test, reason in left_out.items():
        sys.stdout.write(f"{test}: {reason}\n")
    passed, failed = sum(share.passed for share in shares), sum(share.failed for share in shares)
    broken = "" if all(share.code in {0, 1} for share in shares) else "; NOT ALL WERE TRIED (see above)"
    sys.stdout.write(f"Windows: {passed} passed, {failed} failed, {len(left_out)} left out (above){broken}\n")
    sys.stdout.flush()


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, str]]:
    """Run the servers, and return where the tests find them."""
    with running_mariadb(folder / "mariadb") as mariadb, _emulators() as emulators:
        yield {**emulators, "NEXUSLIMS_TEST_MARIADB": str(mariadb.port)}


@contextmanager
def _emulators() -> Iterator[dict[str, str]]:
    """Run the emulators of Cloud Storage where they are to be had, and tell where they are."""
    if not EMULATORS:
        yield {}
        return
    with gcp_storage_emulator() as gcp, fake_gcs_server() as fake:
        yield {GCP_VARIABLE: gcp, FAKE_VARIABLE: fake}


def stop_wine(environment: dict[str, str]) -> None:
    """End every program of the prefix that `environment` names."""
    if not Path(environment["WINEPREFIX"]).exists():
        return
    server = Path("/usr/lib/wine/wineserver64")
    for option in ("-k", "-w"):
        subprocess.run([server, option], env=environment, check=False, capture_output=True, timeout=30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run the tests with Windows' interpreter under Wine: ``python -m tests.windows [PYTEST'S ARGUMENTS]``.

The screen with its window manager and the database server run here, outside. Without arguments, those tests are run
in which Windows most differs, in the time that every change can wait for; ``tests`` runs all that can run there.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from tests.database_servers import running_mariadb
from tests.storage_emulators import EMULATORS, FAKE_VARIABLE, GCP_VARIABLE, fake_gcs_server, gcp_storage_emulator
from tests.windows import host
from tests.windows.screen import DRIVE_C_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]
WINDOWS = TOP / ".windows"
#: Files, locks, paths, consoles, processes, the window, the journal and a server; a few of the simulator's seeds.
MOST_TELLING = [
    "tests/windows",
    "tests/contract",
    "tests/unit/storage/test_folder.py",
    "tests/unit/storage/test_windows_names.py",
    "tests/unit/transfer",
    "tests/unit/test_single_instance.py",
    "tests/unit/test_config.py",
    "tests/unit/test_logs.py",
    "tests/unit/journal",
    "tests/unit/db/test_types.py",
    "tests/gui/test_window.py",
    "tests/gui/test_program.py",
    "tests/simulation/test_program.py",
    "tests/integration/test_headless.py::test_one_whole_session",
    "tests/integration/test_headless.py::test_killed_and_continued_it_is_one_session",
    "tests/integration/test_headless.py::test_two_at_once_are_refused",
    "tests/integration/test_report_logger.py",
]
#: One test that hangs says where, and ends the run.
HANG_S = 90
OPTIONS = [
    "-o",
    f"faulthandler_timeout={HANG_S}",
    "-o",
    "faulthandler_exit_on_timeout=true",
    "-rfE",
    "--show-capture=no",
]


def main(arguments: list[str]) -> int:
    """Run them, and return pytest's exit code."""
    prefix = Path(os.environ.get("WINEPREFIX") or WINDOWS / "prefix")
    with (
        tempfile.TemporaryDirectory(prefix="nexuslims-windows-") as folder,
        VirtualScreen() as screen,
        running_mariadb(Path(folder)) as mariadb,
        host.serving(screen.environment) as port,
        _emulators() as emulators,
    ):
        environment = {
            **screen.environment,
            **emulators,
            "WINEPREFIX": os.fspath(prefix),
            host.PORT_VARIABLE: str(port),
            "NEXUSLIMS_TEST_MARIADB": str(mariadb.port),
            DRIVE_C_VARIABLE: os.fspath(prefix / "drive_c"),
        }
        stop_wine(environment)  # one that was started on another screen shows no windows
        wine, wanted = os.fspath(TOP / "packaging" / "wine.sh"), arguments
        if not any(word.startswith("tests") for word in arguments):
            wanted = [*MOST_TELLING, *arguments]
        command = [wine, "python", "-m", "pytest", "-o", f"cache_dir={folder}/cache", *OPTIONS, *wanted]
        code = subprocess.run(command, cwd=TOP, env=environment, check=False).returncode
        if code == pytest.ExitCode.TESTS_FAILED:
            # On a busy machine Wine loses a key or a click at times. Seen above, and what fails twice is broken;
            # after a hang nothing was noted down, and nothing passes.
            again = [*command, "--last-failed", "--last-failed-no-failures", "none"]
            code = subprocess.run(again, cwd=TOP, env=environment, check=False).returncode
        stop_wine(environment)
    return code


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
    server = Path("/usr/lib/wine/wineserver64")
    for option in ("-k", "-w"):
        subprocess.run([server, option], env=environment, check=False, capture_output=True, timeout=30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

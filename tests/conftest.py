"""What every test gets: an environment of its own; and which databases the tests were run on, said plainly."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.database_servers import KINDS, MYSQLD
from tests.storage_emulators import EMULATORS, fake_gcs_server, gcp_storage_emulator
from tests.storage_proxy import StorageProxy
from tests.windows import left_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home and forget every setting, also for the programs that a test starts."""
    for name in os.environ:
        if name.startswith(("NEXUSLIMSGUI_", "XDG_")) or name == "STORAGE_EMULATOR_HOST":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "PROGRAMDATA"):
        monkeypatch.setenv(name, os.fspath(home))
    return home


if sys.platform == "win32":
    # Wine is slow at times.
    hypothesis.settings.register_profile("wine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("wine")

    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        left_out.mark(items)

    def pytest_runtest_logreport(report: pytest.TestReport) -> None:
        """Tell a failure at once: when a later test hangs, pytest comes to no summary."""
        if report.failed:
            told = f"\n{report.nodeid} ({report.when}) failed:\n{report.longreprtext}"
            print(told.encode("ascii", "backslashreplace").decode(), flush=True)  # noqa: T201 - pytest captures nothing here


@pytest.fixture(scope="session")
def gcp_url() -> Iterator[str]:
    """Run one of the emulators of Cloud Storage."""
    with gcp_storage_emulator() as url:
        yield url


@pytest.fixture(scope="session")
def fake_url() -> Iterator[str]:
    """Run the other one."""
    with fake_gcs_server() as url:
        yield url


@pytest.fixture
def proxy(gcp_url: str) -> Iterator[StorageProxy]:
    """Return a proxy before gcp-storage-emulator, with what that lacks."""
    proxy = StorageProxy(gcp_url).start()
    yield proxy
    proxy.stop()


def pytest_report_header() -> list[str]:
    without = "" if MYSQLD else "; no MySQL here: `make mysql` unpacks one into .mysql"
    stores = "emulators of Cloud Storage are here" if EMULATORS else "no emulators of Cloud Storage: `make emulators`"
    return [f"databases: {', '.join(KINDS)}{without}", f"stores: {stores}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the tests that ran on each kind of database, by the parameter in their names."""
    if sys.platform == "win32":
        left_out.tell(terminalreporter)
    ran: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            nodeid = getattr(report, "nodeid", "")
            if nodeid.startswith("tests/integration") and (
                named := re.search(rf"[\[-]({'|'.join(KINDS)})[\]-]", nodeid)
            ):
                ran[named[1]] += 1
    if ran:
        told = ", ".join(f"{ran[kind]} on {kind}" for kind in KINDS)
        mysql = "" if MYSQLD else "; NONE on mysql, which is not here (`make mysql`)"
        terminalreporter.write_line(f"database tests: {told}{mysql}")

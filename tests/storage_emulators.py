"""Cloud Storage on this machine: two emulators (`packaging/emulators.sh`), each a process of its own.

Under Wine they are Linux's, which runs them outside and names their addresses.

`gcp-storage-emulator` refuses a wrong MD5 and can go on with an interrupted upload; `fake-gcs-server` knows
preconditions and pages. Neither is enough alone: `tests.storage_proxy` adds to the first what it lacks.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config import Settings, load_settings
from nexuslims_logger.ports import nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.storage.gcs import GcsStore
    from nexuslims_logger.storage.gcs_line import Limits

FOLDER = Path(__file__).parent.parent / ".emulators"
_GCP = FOLDER / "bin" / "gcp-storage-emulator"
_FAKE = next(
    FOLDER.glob(f"lib/*/site-packages/fake_gcs*/vendor/*/bin/*-{platform.system().lower()}-*"), FOLDER / "none"
)
_START_S = 20.0

_QUICK = {"connect_s": 10.0, "answer_s": 20.0, "retry_s": 1.5, "first_delay_s": 0.02, "longest_delay_s": 0.1}

#: Where they are, when somebody else runs them.
GCP_VARIABLE, FAKE_VARIABLE = "NEXUSLIMS_TEST_GCP_STORAGE_EMULATOR", "NEXUSLIMS_TEST_FAKE_GCS_SERVER"

#: Whether they are here.
EMULATORS = GCP_VARIABLE in os.environ or (_GCP.exists() and _FAKE.exists())
needs_emulators = pytest.mark.skipif(
    not EMULATORS, reason="no emulators of Cloud Storage here: `make emulators` installs them"
)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def gcp_storage_emulator() -> Iterator[str]:
    """Run gcp-storage-emulator, unless it is there, and return its address."""
    if url := os.environ.get(GCP_VARIABLE):
        yield url
        return
    port = free_port()
    with _running([_GCP, "start", "--quiet", "--host", "127.0.0.1", "--port", str(port), "--in-memory"], port) as url:
        yield url


@contextmanager
def fake_gcs_server() -> Iterator[str]:
    """Run fake-gcs-server, unless it is there, and return its address."""
    if url := os.environ.get(FAKE_VARIABLE):
        yield url
        return
    port = free_port()
    where = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    external = ["-external-url", f"http://127.0.0.1:{port}", "-log-level", "error"]
    with _running([_FAKE, *where, *external], port) as url:
        yield url


def make_bucket(url: str) -> str:
    """Make a new bucket, and return its name."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    request = urllib.request.Request(  # noqa: S310 - http alone
        f"{url}/storage/v1/b?project=test",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - http alone
        return name


def settings_for(url: str, bucket: str, home: Path, **more: str) -> Settings:
    """Return settings that lead to the bucket at that address."""
    return load_settings(
        {
            "HOME": os.fspath(home),
            "STORAGE_EMULATOR_HOST": url,
            "NEXUSLIMSGUI_DATA_BUCKET": bucket,
            **{f"NEXUSLIMSGUI_{key}": value for key, value in more.items()},
        }
    )


def store_at(url: str, bucket: str, home: Path, step: Callable[[], None] = nothing, **limits: float) -> GcsStore:
    """Return a store of that bucket, with short limits of time."""
    # Not at the top: most tests need nothing of Google's libraries.
    from nexuslims_logger.storage.gcs import GcsStore

    return GcsStore(settings_for(url, bucket, home), quick(**limits), step)


def quick(**limits: float) -> Limits:
    """Return limits of time for tests; real ones would make every test of a fault wait."""
    from nexuslims_logger.storage.gcs_line import Limits

    return Limits(**(_QUICK | limits))


@contextmanager
def _running(command: list[str | Path], port: int) -> Iterator[str]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + _START_S
        while True:
            with suppress(OSError), urllib.request.urlopen(f"{url}/storage/v1/b?project=test", timeout=5):  # noqa: S310 - http
                break
            assert process.poll() is None, f"{command[0]} ended by itself"
            assert time.monotonic() < until, f"{command[0]} does not answer"
            time.sleep(0.02)
        yield url
    finally:
        process.kill()
        process.wait()

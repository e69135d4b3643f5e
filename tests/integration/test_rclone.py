"""An independent client of Cloud Storage sees what we have sent as we have sent it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.storage import gcs_upload
from tests.bucket_transfer import BucketTransfer
from tests.storage_emulators import make_bucket, needs_emulators
from tests.unit.transfer.conftest import md5

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    needs_emulators,
    pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed (packaging/system.sh does)"),
]

PART = 1 << 18
FILES = {
    "plain.tif": b"plain",
    "empty.dm3": b"",
    "with some spaces.tif": b"spaces",
    "dépôt échantillon 试样.ser": b"letters",
    "#1 50%41?x=1&y=2.emi": b"marks",
    "in parts.mrc": bytes(range(251)) * (3 * PART // 251),
}


def listed(url: str, bucket: str, home: Path) -> dict[str, tuple[int, str, str]]:
    """Return size, MD5 and modification time of each object, as rclone tells them."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.fspath(home),
        "RCLONE_CONFIG": os.fspath(home / "rclone.conf"),
        "RCLONE_CONFIG_BUCKET_TYPE": "google cloud storage",
        "RCLONE_CONFIG_BUCKET_ANONYMOUS": "true",
        "RCLONE_CONFIG_BUCKET_ENDPOINT": f"{url}/storage/v1/",
    }
    command = ["rclone", "lsjson", "--recursive", "--files-only", "--hash", "--hash-type", "MD5", f"bucket:{bucket}"]
    result = subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    return {
        one["Path"]: (one["Size"], one["Hashes"]["md5"], one["ModTime"])
        for one in json.loads(result.stdout)
        if ".manifests/" not in one["Path"]
    }


@pytest.mark.parametrize("emulator", ["gcp_url", "fake_url"])
def test_rclone_agrees_on_every_file(
    emulator: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs_upload, "PART_BYTES", PART)
    monkeypatch.setattr(gcs_upload, "SMALL_BYTES", PART)
    url: str = request.getfixturevalue(emulator)
    watch, home = tmp_path / "watch", tmp_path / "home"
    watch.mkdir()
    home.mkdir()
    bucket = make_bucket(url)
    transfer = BucketTransfer(watch, bucket, home, url, url)
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    for number, (name, data) in enumerate(FILES.items()):
        path = transfer.write(name, data)
        os.utime(path, ns=(0, path.stat().st_mtime_ns // 10**9 * 10**9 + 123_456_700 + number))
    transfer.until_all_is_there()
    expected = {}
    for path in watch.iterdir():
        seconds, rest = divmod(path.stat().st_mtime_ns, 10**9)
        time = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
        expected[f"Titan/{path.name}"] = (path.stat().st_size, md5(path.read_bytes()), time)
    assert listed(url, bucket, home) == expected
    rows = {row.object_name: (row.size_bytes, row.md5) for row in transfer.database.rows}
    assert rows == {name: one[:2] for name, one in expected.items()}

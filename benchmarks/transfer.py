"""What a transfer costs: 2,000 small files and one of 512 MB, by the real program, to a folder and to a bucket.

Prints seconds until all is in the store, processor seconds and peak memory of the program. The bucket is that of an
emulator on this machine (`make emulators`), which is slower than any line; without one it is left out.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# From the top folder: the emulators belong to the tests.
sys.path.insert(0, os.fspath(Path(__file__).parent.parent))

from tests.storage_emulators import gcp_storage_emulator, make_bucket, needs_emulators

SMALL, LARGE_MB = 2000, 512
_LIMIT_S = 900.0


def main(small: int, large_mb: int) -> None:
    """Measure both stores, where they can be had."""
    with tempfile.TemporaryDirectory(prefix="nexuslims-bench-") as name:
        bucket = Path(name) / "bucket"
        settings = {"NEXUSLIMSGUI_DATA_BUCKET": os.fspath(bucket)}
        _measure("folder", Path(name) / "folder", settings, small, large_mb)
        if needs_emulators.args[0]:
            return
        with gcp_storage_emulator() as url:
            place = make_bucket(url)
            settings = {"NEXUSLIMSGUI_DATA_BUCKET": place, "STORAGE_EMULATOR_HOST": url}
            _measure("bucket", Path(name) / "bucket on an emulator", settings, small, large_mb)


def _measure(what: str, base: Path, settings: dict[str, str], small: int, large_mb: int) -> None:
    watch = base / "watch"
    watch.mkdir(parents=True)
    environment = {
        **os.environ,
        "NEXUSLIMSGUI_HOME": os.fspath(base / "home"),
        "NEXUSLIMSGUI_FILESTORE_PATH": os.fspath(watch),
        "NEXUSLIMSGUI_SETTLE_SECONDS": "1",
        **settings,
    }
    command = [sys.executable, "-m", "nexuslims_logger", "headless"]
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        late = threading.Timer(_LIMIT_S, program.kill)
        late.start()
        try:
            assert program.stdout  # noqa: S101 - they were asked for
            assert program.stderr  # noqa: S101
            program.stdout.readline()
            _write_files(watch, small, large_mb)
            begun = time.monotonic()
            # The program says so itself: to list an emulator's bucket all the time would measure that.
            for line in program.stderr:
                if f"{small + 1} of {small + 1} files stored." in line:
                    break
            seconds = time.monotonic() - begun
            program.send_signal(signal.SIGINT)
            for _ in program.stderr:
                pass
            _, status, used = os.wait4(program.pid, 0)
        finally:
            late.cancel()
            program.kill()
    print(
        f"{what}: {small} small files and one of {large_mb} MB: {seconds:.1f} s after the last byte was written, "
        f"{used.ru_utime + used.ru_stime:.1f} s of CPU, peak {used.ru_maxrss / 1024:.0f} MB, "
        f"exit code {os.waitstatus_to_exitcode(status)}"
    )


def _write_files(watch: Path, small: int, large_mb: int) -> None:
    chance = random.Random(1)
    for number in range(small):
        (watch / f"{number:04d}.tif").write_bytes(chance.randbytes(chance.randrange(1, 40_000)))
    with (watch / "large.tif").open("wb") as large:
        for _ in range(large_mb):
            large.write(chance.randbytes(1 << 20))


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:]] or [SMALL, LARGE_MB])

"""Kill, cut and starve the real program for as long as it takes, and count what was lost (``make faults``)."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.database_servers import running_mariadb
from tests.faults.long_run import long_run
from tests.faults.sweep import Sweep, Tally
from tests.storage_emulators import EMULATORS, gcp_storage_emulator
from tests.storage_proxy import StorageProxy


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--sessions", type=int, default=240, help="length of the random runs, all together")
    parser.add_argument("--pcs", type=int, default=4, help="random runs beside each other")
    parser.add_argument("--seed", type=int, default=round(time.time()), help="of the first random run")
    parser.add_argument("--every", type=int, default=1, help="cut at every n-th point only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nexuslims-faults-") as folder:
        swept = _swept(Sweep(Path(folder) / "folder", arguments.pcs), arguments.every)
        _say(f"cut at every point, with a folder as the store: {swept}")
        bucket = _bucket_swept(Path(folder) / "bucket", arguments.pcs, arguments.every)
        _say(f"cut at every point, with a bucket: {bucket}")
        swept.join(bucket)
        random_runs = _random_runs(Path(folder), arguments.pcs, arguments.sessions // arguments.pcs, arguments.seed)
        _say(f"random runs from seed {arguments.seed} on: {random_runs}")
    swept.join(random_runs)
    for what in (*swept.verdict.lost, *swept.verdict.wrong, *swept.verdict.duplicated):
        _say(what)
    _say(str(swept))
    return 0 if swept.verdict.is_kept() else 1


def _bucket_swept(folder: Path, beside: int, every: int) -> Tally:
    if not EMULATORS:
        _say("No emulators of Cloud Storage here (make emulators): nothing was cut on the way to a bucket.")
        return Tally()
    with gcp_storage_emulator() as url:
        proxy = StorageProxy(url).start()
        try:
            return _swept(Sweep(folder, beside, (proxy.url, url)), every)
        finally:
            proxy.stop()


def _swept(sweep: Sweep, every: int) -> Tally:
    points = range(1, len(sweep.points()) + 1, every)
    sweep.cut(points)
    sweep.cut(points, recovery=True)
    return sweep.tally


def _random_runs(folder: Path, pcs: int, sessions: int, seed: int) -> Tally:
    tally = Tally()
    data = folder / "mariadb"
    data.mkdir()
    with running_mariadb(data) as server, ThreadPoolExecutor(pcs) as pool:
        started = [pool.submit(long_run, folder / f"pc{one}", server, seed + one, sessions) for one in range(pcs)]
        for one in started:
            tally.add(*one.result())
    return tally


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

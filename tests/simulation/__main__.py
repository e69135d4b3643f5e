"""Replay one seed with its trace, search through many, or show that defects are found."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import RunFailed, run
from tests.simulation.searching import search_bites

#: Seeds that a process is given at a time.
_CHUNK = 10


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed")
    parser.add_argument("-v", action="store_true", help="show the whole trace")
    parser.add_argument("--seeds", type=int, default=1000, help="search through so many seeds")
    parser.add_argument("--first", type=int, default=0, help="begin the search here")
    parser.add_argument("--bites", nargs="*", metavar="NAME", help="find anew which seed shows each defect of bites.py")
    parser.add_argument("--jobs", type=int, default=1, help="search in so many processes")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many failures")
    arguments = parser.parse_args()
    if arguments.bites is not None:
        return 0 if search_bites(arguments.bites, _say) else 1
    if arguments.seed is not None:
        return _replay(arguments.seed, verbose=arguments.v)
    return _search(range(arguments.first, arguments.first + arguments.seeds), arguments.failures, arguments.jobs)


def _replay(seed: int, *, verbose: bool) -> int:
    try:
        scheduler = run(seed, lines=None if verbose else 200)
    except RunFailed as failed:
        _say(str(failed))
        return 1
    if verbose:
        _say("\n".join(scheduler.trace()))
    _say(f"seed {seed}: {scheduler.steps} turns, {scheduler.now_ns / 1e9:.0f} virtual seconds, all promises kept")
    return 0


def _search(seeds: range, failures: int, jobs: int) -> int:
    began, turns, failed = time.monotonic(), 0, 0
    with ProcessPoolExecutor(jobs) as pool:
        for number, (seed, steps, failure) in enumerate(pool.map(_run_one, seeds, chunksize=_CHUNK), 1):
            turns += steps
            if failure is not None:
                failed += 1
                _say(f"seed {seed}: {failure}\nreplay with: python -m tests.simulation --seed {seed}")
                if failed >= failures:
                    pool.shutdown(cancel_futures=True)
                    break
            if number % 100 == 0:
                _say(f"{number} seeds, {turns} turns, {time.monotonic() - began:.0f} s, {failed} failures")
    return 1 if failed else 0


def _run_one(seed: int) -> tuple[int, int, str | None]:
    """Return the seed, its turns, and what went wrong."""
    try:
        return seed, run(seed).steps, None
    except RunFailed as failed:
        return seed, 0, str(failed.failure)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

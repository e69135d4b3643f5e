"""Replay one seed with its trace, search through many, or show that defects are found."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.run import RunFailed, run
from tests.simulation.searching import search_bites


def main() -> int:
    """Return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed")
    parser.add_argument("-v", action="store_true", help="show the whole trace")
    parser.add_argument("--seeds", type=int, default=1000, help="search through so many seeds")
    parser.add_argument("--first", type=int, default=0, help="begin the search here")
    parser.add_argument("--bites", nargs="*", metavar="NAME", help="find anew which seed shows each defect of bites.py")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many failures")
    arguments = parser.parse_args()
    if arguments.bites is not None:
        return 0 if search_bites(arguments.bites, _say) else 1
    if arguments.seed is not None:
        return _replay(arguments.seed, verbose=arguments.v)
    return _search(range(arguments.first, arguments.first + arguments.seeds), arguments.failures)


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


def _search(seeds: range, failures: int) -> int:
    began, turns, failed = time.monotonic(), 0, []
    for number, seed in enumerate(seeds, 1):
        try:
            turns += run(seed).steps
        except RunFailed as failure:
            failed.append(seed)
            _say(f"seed {seed}: {failure.failure}")
            if len(failed) >= failures:
                break
        if number % 100 == 0:
            _say(f"{number} seeds, {turns} turns, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Wait for files that are still being written: until size and time have stood still for long enough."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileProblem, FileVanished
from nexuslims_logger.journal.seen import Owed, Seen
from nexuslims_logger.storage.names import printable
from nexuslims_logger.transfer.state import Changing, Delay

if TYPE_CHECKING:
    from nexuslims_logger.journal.seen import FileKey
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

#: How many unsettled files are waited for at a time; the others follow.
MOST_CHANGING = 20_000
#: How many are looked at in one round, so that what has arrived meanwhile need not wait.
_BATCH = 500
#: How long a file that cannot be read or named waits before it is tried again, at first and at most.
FILE_DELAY_S, FILE_DELAY_MOST_S = 5.0, 300.0


def remember_changing(ports: TransferPorts, state: PassState) -> None:
    """Take the unsettled files from the journal; for those that stand as before, time goes on."""
    now = ports.clock.monotonic()
    changing: dict[FileKey, Changing] = {}
    state.more_changing = False
    for session in state.sessions:
        room = MOST_CHANGING - len(changing)
        found = ports.files.unsettled(session.identifier, room + 1)
        state.more_changing |= len(found) > room
        for seen in found[:room]:
            known = state.changing.get(seen.key)
            same = known is not None and known.stat == seen.stat
            changing[seen.key] = known if known and same else Changing(seen.stat, now, seen.owner)
            changing[seen.key].owner = seen.owner
    state.changing = changing
    _set_settle_at(ports, state)


def files_changed(ports: TransferPorts, state: PassState) -> None:
    """Take in that files have changed hands: count anew what is owed and may still change."""
    state.lanes.look_again()
    state.unrecorded = True
    state.tallies.clear()
    remember_changing(ports, state)


def add_changing(ports: TransferPorts, state: PassState, seen: Seen) -> None:
    """Wait for one more file, which has just changed."""
    if len(state.changing) >= MOST_CHANGING and seen.key not in state.changing:
        state.more_changing = True
        return
    now = ports.clock.monotonic()
    state.changing[seen.key] = Changing(seen.stat, now, seen.owner)
    state.settle_at = min(state.settle_at, now + ports.rules.settle_s)


def settle(ports: TransferPorts, state: PassState) -> None:
    """Look again, through a handle, at the files that have stood still for long enough."""
    now = ports.clock.monotonic()
    if now < state.settle_at:
        return
    due = (key for key, changing in state.changing.items() if changing.since + ports.rules.settle_s <= now)
    batch = list(islice(due, _BATCH))
    with ports.files.transaction():
        for key in batch:
            _settle_one(ports, state, key, now)
    if state.more_changing and len(state.changing) <= MOST_CHANGING // 2:
        remember_changing(ports, state)
    else:
        _set_settle_at(ports, state)


def _set_settle_at(ports: TransferPorts, state: PassState) -> None:
    first = min((changing.since for changing in state.changing.values()), default=math.inf)
    state.settle_at = first + ports.rules.settle_s


def _settle_one(ports: TransferPorts, state: PassState, key: FileKey, now: float) -> None:
    before = ports.files.get(key)
    if before is None or before.settled:
        del state.changing[key]
        return
    changing = state.changing[key]
    owner = before.owner or ""
    try:
        handle = ports.file_system.open(key.root, key.path)
        try:
            stat = handle.stat()
        finally:
            handle.close()
    except FileVanished:
        # It is gone, or its whole watch folder is for a while: only a scan can tell.
        changing.since = now
        state.scan_at = now
    except FileProblem as problem:
        delay = put_off(state, owner, key, now, problem.message, ports.rules.settle_s)
        changing.since = delay.until - ports.rules.settle_s
    else:
        state.delays.pop((owner, key), None)
        seen = Seen(key, stat, stat == before.stat, before.owner)
        ports.files.put(seen)
        if seen.settled:
            del state.changing[key]
            earlier = ports.results.get(owner, key)
            object_name, generation = (earlier.object_name, earlier.generation) if earlier else (None, None)
            if owner and ports.files.is_owed(seen):
                state.lanes.push(Owed(seen, owner, object_name, generation))
        else:
            state.changing[key] = Changing(stat, now, before.owner)
            state.recount.add(owner)


def put_off(  # noqa: PLR0913 - one line each at its callers
    state: PassState, session: str, key: FileKey, now: float, reason: str, least_s: float
) -> Delay:
    """Let a file wait that cannot be handled now: longer each time."""
    known = state.delays.get((session, key))
    attempts = known.attempts + 1 if known else 1
    # The exponent ends early: a file may stay locked for days, and a float does not.
    delay_s = max(least_s, min(FILE_DELAY_S * 2 ** min(attempts - 1, 10), FILE_DELAY_MOST_S))
    # Wherever the reason is shown, the file's name stands before it.
    delay = Delay(reason.removeprefix(f"{printable(key.path)}: "), now + delay_s, attempts)
    state.delay(session, key, delay)
    return delay

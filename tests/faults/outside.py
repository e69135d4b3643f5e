"""The promises P1 to P4, seen from outside: plain SQL, MD5 of what stands in the store, and the files themselves."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.faults.machine import Machine

    #: Asks the database in plain SQL.
    Ask = Callable[[str], Iterable[tuple[Any, ...]]]


@dataclass
class Verdict:
    """What was found to be wrong, in words."""

    lost: list[str]
    wrong: list[str]
    duplicated: list[str]

    def add(self, other: Verdict) -> None:
        """Take over what another look has found."""
        self.lost += other.lost
        self.wrong += other.wrong
        self.duplicated += other.duplicated

    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.wrong or self.duplicated)

    def counts(self) -> str:
        """Say it in figures."""
        return f"lost {len(self.lost)}, wrong {len(self.wrong)}, duplicated {len(self.duplicated)}"


def at_any_moment(ask: Ask, bucket: Path) -> Verdict:
    """Look at a database and a store whose logger has just been killed.

    The record builder pairs START and END rows that are ``TO_BE_BUILT``; a lone START stops it for everybody.
    What a ready session's manifest names stands in the store. (A session that goes on may just have replaced a file
    of its own, and be about to say so.)
    """
    events = list(ask("SELECT session_identifier, event_type, user, record_status FROM session_log"))
    ready = {(session, kind) for session, kind, _, status in events if status == "TO_BE_BUILT"}
    wrong = [
        f"a lone ready START: {session}" for session, kind in ready if kind == "START" and (session, "END") not in ready
    ]
    counted = Counter((session, kind) for session, kind, *_ in events)
    twice = [f"{number} x {kind} of {session}" for (session, kind), number in counted.items() if number > 1]
    users: dict[str, set[str]] = {}
    for session, _, user, _ in events:
        users.setdefault(session, set()).add(user)
    wrong += [f"two users of {session}: {names}" for session, names in users.items() if len(names) > 1]
    manifest = list(ask("SELECT session_identifier, object_name, state, md5, generation FROM file_manifest"))
    wrong += [
        f"not in the store as recorded: {name} of {session}"
        for session, name, state, md5, generation in manifest
        if state == "UPLOADED" and (session, "START") in ready and not _stands(bucket, name, md5, generation)
    ]
    objects = Counter((session, name) for session, name, *_ in manifest)
    twice += [f"{number} rows of {name} of {session}" for (session, name), number in objects.items() if number > 1]
    return Verdict([], wrong, twice)


def in_the_end(ask: Ask, machine: Machine) -> Verdict:
    """Look at everything when all is calm: every session that was shown is whole, and every file is in the store."""
    verdict = at_any_moment(ask, machine.bucket)
    statuses: dict[str, list[tuple[str, str]]] = {}
    for session, kind, status in ask("SELECT session_identifier, event_type, record_status FROM session_log"):
        statuses.setdefault(session, []).append((kind, status))
    verdict.lost += [f"session {session}" for session in set(machine.shown) - statuses.keys()]
    whole = [("END", "TO_BE_BUILT"), ("START", "TO_BE_BUILT")]
    verdict.wrong += [f"{session} is {found}" for session, found in statuses.items() if sorted(found) != whole]
    rows = {
        (session, name.partition("/")[2], md5)
        for session, name, md5 in ask(
            "SELECT session_identifier, object_name, md5 FROM file_manifest WHERE state = 'UPLOADED'"
        )
    }
    for path, md5 in machine.written.md5.items():
        if _md5(machine.watch / path) != md5:
            verdict.wrong.append(f"{path} was changed on the PC")
        if (machine.written.owner[path], path, md5) not in rows:
            verdict.lost.append(f"{path} of {machine.written.owner[path]}")
    return verdict


def _stands(bucket: Path, name: str, md5: str, generation: int) -> bool:
    return any(_md5(place) == md5 for place in (bucket / name, bucket / ".versions" / name / str(generation)))


def _md5(path: Path) -> str | None:
    try:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except FileNotFoundError:
        return None

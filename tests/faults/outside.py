"""The promises P1 to P4, seen from outside: plain SQL, MD5 of what stands in the store, and the files themselves."""

from __future__ import annotations

import base64
import hashlib
import http
import json
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.faults.machine import Machine

    #: Asks the database in plain SQL.
    Ask = Callable[[str], Iterable[tuple[Any, ...]]]


class Store(Protocol):
    """What stands in a store, seen without the program."""

    def names(self) -> set[str]:
        """Return the names of all objects."""

    def md5(self, name: str) -> str | None:
        """Return the MD5 of an object, None for none."""


@dataclass
class FolderContents:
    """A folder, read as `ls` and `md5sum` do."""

    folder: Path

    def names(self) -> set[str]:
        """As `Store.names`."""
        found = self.folder.rglob("*") if self.folder.exists() else ()
        return {path.relative_to(self.folder).as_posix() for path in found if path.is_file()}

    def md5(self, name: str) -> str | None:
        """As `Store.md5`."""
        return _md5(self.folder / name)


@dataclass
class BucketContents:
    """A bucket, asked over HTTP.

    Attributes
    ----------
    url
        Of the server itself, where nothing is cut or added.
    """

    url: str
    bucket: str

    def names(self) -> set[str]:
        """As `Store.names`."""
        return {item["name"] for item in (self._ask("") or {}).get("items", ())}

    def md5(self, name: str) -> str | None:
        """As `Store.md5`."""
        found = self._ask(f"/{quote(name, safe='')}")
        return base64.b64decode(found["md5Hash"]).hex() if found else None

    def _ask(self, what: str) -> dict[str, Any] | None:
        address = f"{self.url}/storage/v1/b/{self.bucket}/o{what}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http alone
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                return None
            raise


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


def at_any_moment(ask: Ask, store: Store) -> Verdict:
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
        if state == "UPLOADED" and (session, "START") in ready and not _stands(store, name, md5, generation)
    ]
    objects = Counter((session, name) for session, name, *_ in manifest)
    twice += [f"{number} rows of {name} of {session}" for (session, name), number in objects.items() if number > 1]
    return Verdict([], wrong, twice)


def in_the_end(ask: Ask, machine: Machine) -> Verdict:
    """Look at everything when all is calm: every session that was shown is whole, and every file is in the store."""
    verdict = at_any_moment(ask, machine.store)
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


def _stands(store: Store, name: str, md5: str, generation: int) -> bool:
    return md5 in {store.md5(name), store.md5(f".versions/{name}/{generation}")}


def _md5(path: Path) -> str | None:
    try:
        return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    except FileNotFoundError:
        return None

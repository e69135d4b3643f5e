"""The one object store of a simulated world, reached over a bad line."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.errors import AccessDenied, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.storage.contract import Content, ObjectStore, Origin, StoredObject, UploadWatch
    from tests.contract.memory_store import MemoryStore
    from tests.simulation.program import Program

_PIECE = 1 << 20
#: From this size on an upload can be taken up again after an interruption, bytes.
_RESUMABLE_BYTES = 8


@dataclass
class Begun:
    """An upload that was begun: the server's side of it, which outlives the program.

    As with a bucket, everything was announced at its beginning, and nobody asks for it again.
    """

    name: str
    size: int
    md5: str
    mtime_ns: int
    origin: Origin
    if_generation: int
    data: bytearray = field(default_factory=bytearray)
    stored: StoredObject | None = None


@dataclass
class Bucket:
    """A store as it is, all that ever came into it, and the uploads that were begun, by address."""

    store: MemoryStore
    history: list[StoredObject] = field(default_factory=list)
    begun: dict[str, Begun] = field(default_factory=dict)


class SimStore:
    """One program's line to the store: each call may fail before, or lose its answer after.

    Parameters
    ----------
    real
        The store behind; it takes one step, in which nobody else runs.
    history
        All contents that ever came into the store, for the checks.
    begun
        The uploads that can be taken up again, by address.
    """

    def __init__(
        self,
        program: Program,
        real: ObjectStore,
        history: list[StoredObject],
        begun: dict[str, Begun] | None = None,
    ) -> None:
        self._begun = {} if begun is None else begun
        self._program = program
        self._real = real
        self._history = history

    @property
    def url(self) -> str:
        return self._real.url

    @property
    def is_cloud(self) -> bool:
        return self._real.is_cloud

    def stat(self, name: str) -> StoredObject | None:
        self._send("stat", name)
        found = self._real.stat(name)
        self._answer("stat", name, f"-> {found.generation}" if found else "-> nothing")
        return found

    def put(
        self,
        name: str,
        content: Content,
        *,
        size: int,
        md5: str,
        mtime_ns: int,
        origin: Origin,
        if_generation: int,
        resume: str | None = None,
        watch: UploadWatch | None = None,
    ) -> StoredObject:
        self._send("put", name, md5[:6], f"if {if_generation}")
        if size >= _RESUMABLE_BYTES and watch is not None:
            announced = Begun(name, size, md5, mtime_ns, origin, if_generation)
            return self._put_in_pieces(content, announced, resume, watch)
        body = self._receive(content)
        if self._program.faults.strikes("store.sent twice"):
            self._program.scheduler.note("!!! sent twice", name)
            content.seek(0)
            body = self._receive(content)
        if body and self._program.faults.strikes("store.corrupted"):
            self._program.scheduler.note("!!! corrupted", name)
            body = bytes([body[0] ^ 1]) + body[1:]
        # A slow line: whatever becomes of the file meanwhile, its bytes are on their way.
        self._program.pause(self._program.scheduler.random.choice((0.0, 0.0, 0.5, 8.0)))
        self._program.step("store.put arrived", name)
        stored = self._real.put(
            name,
            io.BytesIO(body),
            size=size,
            md5=md5,
            mtime_ns=mtime_ns,
            origin=origin,
            if_generation=if_generation,
        )
        self._history.append(stored)
        self._answer("put", name, f"-> {stored.generation}")
        return stored

    def _put_in_pieces(
        self, content: Content, announced: Begun, resume: str | None, watch: UploadWatch
    ) -> StoredObject:
        program, random = self._program, self._program.scheduler.random
        upload = self._begun.get(resume or "")
        if resume is not None and program.faults.strikes("store.upload expired"):
            program.scheduler.note("!!! upload expired", announced.name)
            upload = None
        if upload is None:
            upload, address = announced, f"upload {len(self._begun) + 1}"
            self._begun[address] = upload
            watch.began(address)
        else:
            program.step("store.put goes on", upload.name, f"at {len(upload.data)} of {upload.size}")
            if upload.stored is not None:
                return upload.stored
            watch.sent(len(upload.data))
        content.seek(len(upload.data))
        while len(upload.data) <= upload.size and (piece := content.read(1 + random.randrange(8))):
            self._send("put a piece", upload.name)
            if program.faults.strikes("store.corrupted"):
                program.scheduler.note("!!! corrupted", upload.name)
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            upload.data += piece
            watch.sent(len(upload.data))
            program.pause(random.choice((0.0, 0.0, 0.5, 8.0)))
        program.step("store.put arrived", upload.name)
        stored = upload.stored = self._real.put(
            upload.name,
            io.BytesIO(upload.data),
            size=upload.size,
            md5=upload.md5,
            mtime_ns=upload.mtime_ns,
            origin=upload.origin,
            if_generation=upload.if_generation,
        )
        self._history.append(stored)
        self._answer("put", upload.name, f"-> {stored.generation}")
        return stored

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        self._send("copy", name, "to", to)
        stored = self._real.copy(name, to, if_generation=if_generation)
        self._history.append(stored)
        self._answer("copy", name, "to", to)
        return stored

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        self._send("set_metadata", name)
        stored = self._real.set_metadata(name, mtime_ns=mtime_ns, origin=origin, if_generation=if_generation)
        self._answer("set_metadata", name)
        return stored

    def list(self, prefix: str) -> Iterator[StoredObject]:
        self._send("list", prefix)
        for stored in list(self._real.list(prefix)):
            self._program.step("store.list", stored.name)
            yield stored

    def _receive(self, content: Content) -> bytes:
        pieces = []
        while piece := content.read(_PIECE):
            pieces.append(piece)
        return b"".join(pieces)

    def _send(self, call: str, *detail: object) -> None:
        program = self._program
        program.step(f"store.{call}", *detail)
        if program.faults.strikes("store.away"):
            program.scheduler.note("!!! store away", call, *detail)
            # A line that is dead is noticed late.
            program.pause(program.scheduler.random.choice((0.01, 3.0, 60.0)))
            raise StoreUnavailable("The store does not answer", f"{call} timed out.")
        if program.faults.strikes("store.denied"):
            program.scheduler.note("!!! store denies", call, *detail)
            raise AccessDenied("The store says no", f"{call} needs a right.")
        program.pause(program.scheduler.random.random() * 0.2)

    def _answer(self, call: str, *detail: object) -> None:
        program = self._program
        program.last_chance("commit is the last")
        if program.faults.strikes("store.answer lost"):
            program.scheduler.note("!!! answer lost", call, *detail)
            program.pause(program.scheduler.random.choice((0.01, 30.0)))
            raise StoreUnavailable("The store does not answer", f"the answer to {call} was lost.")
        program.step(f"store.{call} answered", *detail)

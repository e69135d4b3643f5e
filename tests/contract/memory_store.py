"""An object store in memory: the same promises, and nothing that waits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ChecksumMismatch, PreconditionFailed
from nexuslims_logger.storage.contract import ABSENT, Content, Origin, StoredObject, UploadWatch
from nexuslims_logger.storage.names import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BUFFER = 1 << 20


@dataclass(frozen=True)
class _Kept:
    stored: StoredObject
    data: bytes


class MemoryStore:
    """An `ObjectStore` that behaves; each method is one step, so nothing can come between.

    Parameters
    ----------
    url
        What the manifest shall say.
    now_ns
        From which generations are made; without it they count 1, 2, 3.
    """

    def __init__(self, url: str = "memory", now_ns: Callable[[], int] | None = None) -> None:
        self._url = url
        self._now_ns = now_ns
        self._kept: dict[str, _Kept] = {}
        self._last_generation = 0

    @property
    def url(self) -> str:
        return self._url

    @property
    def is_cloud(self) -> bool:
        return False

    def stat(self, name: str) -> StoredObject | None:
        check_name(name)
        kept = self._kept.get(name)
        return kept.stored if kept else None

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
        check_name(name)
        self._expect(name, if_generation)
        data = bytearray()
        while len(data) <= size and (block := content.read(_BUFFER)):
            data += block
            if watch is not None:
                watch.sent(len(data))
        if len(data) != size or _md5(data) != md5:
            raise ChecksumMismatch("The content is not what was announced", f"{name}: it is sent again.")
        # Reading may have let others run.
        self._expect(name, if_generation)
        stored = StoredObject(name, size, md5, self._next_generation(), mtime_ns, origin)
        self._kept[name] = _Kept(stored, bytes(data))
        return stored

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        check_name(name)
        check_name(to)
        source = self._expect(name, if_generation)
        if source is None:
            raise PreconditionFailed("Nothing to copy", f"{name} is not in the store.")
        there = self._kept.get(to)
        if there is None:
            stored = replace(source.stored, name=to, generation=self._next_generation())
            there = self._kept[to] = _Kept(stored, source.data)
        elif there.stored.md5 != source.stored.md5:
            raise PreconditionFailed("The name is taken", f"{to} has other content.")
        return there.stored

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        check_name(name)
        kept = self._expect(name, if_generation)
        if kept is None:
            raise PreconditionFailed("Nothing to change", f"{name} is not in the store.")
        stored = replace(kept.stored, mtime_ns=mtime_ns, origin=origin)
        self._kept[name] = replace(kept, stored=stored)
        return stored

    def list(self, prefix: str) -> Iterator[StoredObject]:
        for name in sorted(self._kept):
            if name.startswith(prefix):
                yield self._kept[name].stored

    def content(self, name: str) -> bytes:
        """Return an object's bytes, for whoever checks from the outside."""
        return self._kept[name].data

    def overwrite(self, name: str, data: bytes) -> None:
        """Do what an unknown writer does."""
        stored = StoredObject(name, len(data), _md5(data), self._next_generation(), None, None)
        self._kept[name] = _Kept(stored, data)

    def _expect(self, name: str, if_generation: int) -> _Kept | None:
        kept = self._kept.get(name)
        if (kept.stored.generation if kept else ABSENT) != if_generation:
            raise PreconditionFailed("The object is another one", f"{name} was changed in the store.")
        return kept

    def _next_generation(self) -> int:
        now_ns = self._now_ns() if self._now_ns else 0
        self._last_generation = max(now_ns, self._last_generation + 1)
        return self._last_generation


def _md5(data: bytes | bytearray) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()

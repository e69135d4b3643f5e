"""A session's manifest as an object of its own beside the data, in md5sum's format.

It is no file of the session: it stands in no row, is not counted, and carries START's time, so that the record
builder, which takes the files with START < mtime <= END, passes it over. Each computer of a session stores its own.
"""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from nexuslims_logger.errors import (
    ChecksumMismatch,
    FileProblem,
    JournalUnavailable,
    PreconditionFailed,
    ReplacingDenied,
    StoreUnavailable,
)
from nexuslims_logger.storage.contract import ABSENT, Origin
from nexuslims_logger.storage.names import MANIFESTS_FOLDER, object_name, second_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nexuslims_logger.journal.results import Results
    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.storage.contract import ObjectStore

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_COMPUTER_CHARACTERS = 64
#: A session of a million files has a manifest of 100 MB: beyond this it is written on the disk.
_IN_MEMORY_BYTES = 4 << 20
_PAGE = 2000


@dataclass(frozen=True)
class SessionManifest:
    """A manifest on its way to the store; `content` is closed by whoever stores it."""

    name: str
    content: BinaryIO
    size: int
    md5: str
    mtime_ns: int
    origin: Origin


def md5sum_line(md5: str | None, name: str) -> str:
    r"""Return the line of a file that stands at `name`, as GNU md5sum writes it, without the line break.

    A name with a backslash or a line break is escaped, and a backslash before the checksum says so
    (GNU coreutils manual, "md5sum invocation").
    """
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{md5}  {escaped}"


def manifest_name(session: TrackedSession) -> str:
    """Name the manifest of this computer's part of a session: by START, so that a folder of them reads in order.

    Raises
    ------
    NameRefused
        The name cannot be stored.
    """
    computer = _NOT_IN_A_NAME.sub("_", session.computer_name)[:_COMPUTER_CHARACTERS]
    start = f"{session.started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return object_name(session.filestore_path, "", f"{MANIFESTS_FOLDER}/{start}_{computer}_{session.identifier}.md5")


def write_manifest(results: Results, session: TrackedSession, moved: Mapping[str, str]) -> SessionManifest | None:
    """Write down what the session has put into the store, by name; None when it is nothing.

    Parameters
    ----------
    results
        The journal's.
    session
        Which.
    moved
        Where the store holds what a later session has moved aside, by object name.

    Raises
    ------
    NameRefused
        There can be no manifest under its name.
    JournalUnavailable
        This PC's disk is full.
    """
    name = manifest_name(session)
    content: BinaryIO = io.BytesIO()
    digest, last = hashlib.md5(usedforsecurity=False), ""
    try:
        while page := results.uploaded_after(session.identifier, last, _PAGE):
            last = page[-1].object_name
            lines = (md5sum_line(one.md5, moved.get(one.object_name, one.object_name)) for one in page)
            block = "".join(f"{line}\n" for line in lines).encode()
            digest.update(block)
            content.write(block)
            if isinstance(content, io.BytesIO) and content.tell() > _IN_MEMORY_BYTES:
                content = _on_the_disk(content)
    except OSError as error:
        message = f"The session's manifest cannot be written on this PC ({error.strerror or error}); it is tried again."
        raise JournalUnavailable("There is no room for temporary files", message) from error
    size = content.tell()
    if not size:
        return None
    return SessionManifest(
        name=name,
        content=content,
        size=size,
        md5=digest.hexdigest(),
        mtime_ns=(session.started_at - _EPOCH) // timedelta(microseconds=1) * 1000,
        origin=Origin(session.identifier, session.computer_name, session.instrument_pid),
    )


def _on_the_disk(content: io.BytesIO) -> BinaryIO:
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever stores it
    file.write(content.getbuffer())
    return file


def store_manifest(store: ObjectStore, manifest: SessionManifest) -> None:
    """Bring the manifest into the store, or find it there: a leaf, run by the pool. May be repeated.

    An earlier one of the same session and computer is replaced; where that may not be, or something else stands
    there, it goes to a second name.

    Raises
    ------
    FileProblem
        There is no name for it.
    TryLater, AccessDenied
        The store cannot take anything now; or it was damaged on its way, and is sent again.
    """
    second = second_name(manifest.name, manifest.origin.computer_name, manifest.md5)
    with manifest.content as content:
        for name in (manifest.name, manifest.name, second):
            try:
                present = store.stat(name)
                if present is not None and present.md5 == manifest.md5:
                    return
                if present is not None and present.origin != manifest.origin:
                    continue
                content.seek(0)
                store.put(
                    name,
                    content,
                    size=manifest.size,
                    md5=manifest.md5,
                    mtime_ns=manifest.mtime_ns,
                    origin=manifest.origin,
                    if_generation=ABSENT if present is None else present.generation,
                )
            except (PreconditionFailed, ReplacingDenied):
                # A lost answer of our own, mostly: the next look tells.
                continue
            except ChecksumMismatch as error:
                raise StoreUnavailable(error.title, error.message) from error
            return
    raise FileProblem("The session's manifest is not stored", f"Something else stands at {manifest.name} in the store.")

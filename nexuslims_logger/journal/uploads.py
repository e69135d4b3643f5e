"""Where the store can go on with an upload that was interrupted, also after a restart."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nexuslims_logger.journal.seen import FileKey

if TYPE_CHECKING:
    from nexuslims_logger.journal.files import FilesJournal


@dataclass(frozen=True)
class Upload:
    """An upload that was begun: what the store was told of it, which cannot be changed any more.

    Attributes
    ----------
    size, mtime_ns, md5
        Of the content: the upload is worth nothing for any other.
    object_name, generation
        Where it goes, and the generation that it replaces (`ABSENT`: none).
    address
        Whoever has it can go on with the upload: a secret.
    """

    session: str
    key: FileKey
    size: int
    mtime_ns: int
    md5: str
    object_name: str
    generation: int
    address: str = field(repr=False)


class Uploads:
    """The uploads beside `FilesJournal`, in its file and its transactions; at most one of a session's file."""

    def __init__(self, files: FilesJournal) -> None:
        self._files = files

    def put(self, upload: Upload) -> None:
        """Keep where an upload can be taken up again; an earlier one of the file is forgotten."""
        self._files.execute(
            "INSERT OR REPLACE INTO upload VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                upload.session,
                *upload.key.blobs(),
                upload.size,
                upload.mtime_ns,
                upload.md5,
                upload.object_name,
                upload.generation,
                upload.address,
            ],
        )

    def get(self, session: str, key: FileKey) -> Upload | None:
        """Return the upload of a session's file that was begun and not finished, None when there is none."""
        rows = self._files.execute(
            "SELECT root, folder, name, size, mtime_ns, md5, object, generation, address FROM upload "
            "WHERE session = ? AND root = ? AND folder = ? AND name = ?",
            [session, *key.blobs()],
        )
        if not rows:
            return None
        root, folder, name, *rest = rows[0]
        return Upload(session, FileKey(os.fsdecode(root), os.fsdecode(folder), os.fsdecode(name)), *rest)

    def drop(self, session: str, key: FileKey) -> None:
        """Forget a file's upload: it is done, or worth nothing."""
        self._files.execute(
            "DELETE FROM upload WHERE session = ? AND root = ? AND folder = ? AND name = ?", [session, *key.blobs()]
        )

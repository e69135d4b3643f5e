"""The contract of an object store, in words. ``tests/contract`` holds every store to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

#: As `if_generation`: there must be no object of this name yet.
ABSENT = 0


@dataclass(frozen=True)
class Origin:
    """Who brought an object. Never the user's name."""

    session_identifier: str
    computer_name: str
    instrument_pid: str


@dataclass(frozen=True)
class StoredObject:
    """An object as the store has it now.

    Attributes
    ----------
    name
        Forward slashes, at most 1,024 bytes of UTF-8.
    size
        Bytes.
    md5
        Of the content, 32 lower-case hexadecimal digits; None where an unknown writer's object has none (a bucket
        knows none of a composed one). None equals nothing: whoever needs to know has to treat it as other content.
    generation
        The store's version number of this content; above 0, another one for each new content.
    mtime_ns
        Modification time of the file it was made from (nanoseconds since 1970 UTC), None when nobody said.
    origin
        Who brought it, None for an unknown writer.
    """

    name: str
    size: int
    md5: str | None
    generation: int
    mtime_ns: int | None
    origin: Origin | None


class Content(Protocol):
    """Bytes to be sent, positioned at the first one."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; b"" at the end."""

    def seek(self, position: int, /) -> object:
        """Go on reading at this byte, counted from 0 (a store may have to send again, or not from the beginning)."""


class UploadWatch(Protocol):
    """Is told how one upload goes, on the thread that called `put`; must not block for long."""

    def began(self, address: str) -> None:
        """Hear where the upload can be taken up again after an interruption: a secret, never to be logged or shown.

        Told once for each upload that can be resumed, again when it has to begin anew; never for small ones.
        """

    def sent(self, size_bytes: int) -> None:
        """Hear that the store has so many bytes from the first; fewer than before when it has to begin anew."""


class ObjectStore(Protocol):
    """Named, immutable contents, each replaced as a whole or not at all.

    Every method blocks, with a time limit, may be called from several threads at once, and raises

    - `StoreUnavailable` when trying the same call later may help (permanent for this pass),
    - `AccessDenied` when a person has to grant something first, `ConfigurationError` when a setting names what is
      not there,
    - `NameRefused` for a name that is empty, absolute, escapes (``..``, ``.``, an empty part), has a NUL or a
      backslash, is no valid UTF-8, is longer than 1,024 bytes, begins with the store's own
      folder, or cannot be written down in this store,
    - `ReplacingDenied` when the store lets us add objects but not replace them: the content can be stored
      under another name. Once the store has learned it, it says so without asking again,
    - `PreconditionFailed` when the object is not of the generation asked for. Nothing has changed then. After
      a lost answer it may be our own object that is met: compare the MD5.

    Reading never sees half an object: before, the old content; after, the new one.
    """

    @property
    def url(self) -> str:
        """Name the store in the manifest: a bucket, or a folder's ``file:`` URL; at most 255 characters."""

    @property
    def is_cloud(self) -> bool:
        """Whether a person may call it "the cloud"."""

    def stat(self, name: str) -> StoredObject | None:
        """Return what the store itself has at `name`, None for nothing; sees what others wrote, too."""

    def put(  # noqa: PLR0913 - one call is one request, and each part of it is needed
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
        """Store exactly `size` bytes of `content` under `name`, atomically and durably.

        Parameters
        ----------
        name, size, md5, mtime_ns, origin
            As in `StoredObject`; they are what `stat` answers afterwards.
        content
            The bytes. One that is shorter or longer than `size`, or of another MD5, is refused.
        if_generation
            The generation to be replaced; `ABSENT` when there must be none.
        resume
            What `watch` was told by `began` in an earlier call, also of an earlier run of the program: what
            arrived then is not sent again. The call must be for the same name, size, MD5, time, origin and
            generation; an address that does not fit, or has expired, is passed over, and the upload begins anew.
        watch
            Is told how it goes.

        Raises
        ------
        ChecksumMismatch
            The bytes that arrived are not those announced. Nothing has changed.

        Notes
        -----
        Not idempotent by itself: a second call with `ABSENT` raises `PreconditionFailed`.
        """

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        """Copy the object of that generation within the store to `to`, with its MD5, time and origin.

        Raises `PreconditionFailed` when `name` is not of that generation, or `to` exists with other
        content; `to` with equal content is success, so that the call may be repeated.
        """

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        """Change time and origin and leave the content, and its generation, alone. Idempotent.

        Raises `FileProblem` where the store lets us add objects but not describe them anew.
        """

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """List the objects whose names begin with `prefix`, by name; without the store's own files."""

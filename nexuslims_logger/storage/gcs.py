"""The bucket: an `ObjectStore` on Google Cloud Storage. Imported only where one is configured."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Forbidden, NotFound
from google.api_core.exceptions import PreconditionFailed as Refused

from nexuslims_logger.errors import (
    AccessDenied,
    ChecksumMismatch,
    FileProblem,
    NameRefused,
    PreconditionFailed,
    ReplacingDenied,
)
from nexuslims_logger.ports import nothing
from nexuslims_logger.storage.contract import ABSENT, Content, Origin, StoredObject, UploadWatch
from nexuslims_logger.storage.gcs_errors import CALLING_ERRORS, is_missing_bucket, lacks_delete, translate
from nexuslims_logger.storage.gcs_line import Limits, Line
from nexuslims_logger.storage.gcs_metadata import stored_object, to_metadata
from nexuslims_logger.storage.gcs_names import check_gcs_name
from nexuslims_logger.storage.gcs_upload import Announced, upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.config import Settings

_PAGE = 1000
_LISTED = "items(name,size,md5Hash,generation,metadata),nextPageToken"


class GcsStore:
    """An `ObjectStore` in a bucket; several PCs may write to it. Nothing is asked before the first call.

    Parameters
    ----------
    settings
        With a bucket's name in ``DATA_BUCKET``; its ``CREDENTIALS_FILE``, ``GCP_PROJECT`` and ``UPLOAD_WORKERS``
        (so many connections are kept open), and ``STORAGE_EMULATOR_HOST``.
    limits
        Of time: no single request waits for longer, and no call tries again for longer.
    step
        As `Line`'s.
    """

    def __init__(self, settings: Settings, limits: Limits | None = None, step: Callable[[], None] = nothing) -> None:
        self._line = Line(settings, limits or Limits(), step)
        self._may_replace = True

    @property
    def url(self) -> str:
        """``gs://`` and the bucket's name."""
        return f"gs://{self._line.place.bucket}"

    @property
    def is_cloud(self) -> bool:
        """True, also on an emulator, which stands in for it."""
        return True

    def stat(self, name: str) -> StoredObject | None:
        """As `ObjectStore.stat`; one request, which needs ``storage.objects.get``."""
        check_gcs_name(name)
        with self._explained(name):
            try:
                return self._look(name)
            except NotFound as error:
                if is_missing_bucket(error):
                    raise
                return None

    def put(  # noqa: PLR0913 - see ObjectStore
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
        """As `ObjectStore.put`; large contents are sent in parts and can be resumed for a week."""
        check_gcs_name(name)
        if if_generation != ABSENT and not self._may_replace:
            raise self._denied(name)
        what = Announced(name, size, md5, mtime_ns, origin, if_generation)
        with self._explained(name):
            try:
                stored = _of_resource(upload(self._line, what, content, resume, watch))
            except Forbidden as error:
                if not lacks_delete(error):
                    raise
                if if_generation == ABSENT:
                    raise _changed(name) from error  # only where something is can a right to replace be missing
                self._may_replace = False
                raise self._denied(name) from error
        if stored.md5 != md5:
            raise ChecksumMismatch(
                "The content is not what was announced",
                f"{self.url} answered that it has stored something else as {name}; it is compared and sent again.",
            )
        return stored

    def copy(self, name: str, to: str, *, if_generation: int) -> StoredObject:
        """As `ObjectStore.copy`; within the bucket: no byte comes by this PC."""
        check_gcs_name(name)
        check_gcs_name(to)
        with self._explained(name):
            source = self._blob(name)
            with _missing_is_changed(name):
                source.reload(timeout=self._line.timeout, retry=self._line.retry)
            if if_generation == ABSENT or source.generation != if_generation:
                raise _changed(name)
            copied = self._blob(to)
            # Whatever is said of the copy replaces everything that is known of the source.
            copied.metadata, copied.content_type = source.metadata, source.content_type
            token = None
            try:
                while True:
                    token, _, _ = copied.rewrite(
                        source,
                        token=token,
                        if_generation_match=ABSENT,
                        if_source_generation_match=if_generation,
                        timeout=self._line.timeout,
                        retry=self._line.retry,
                    )
                    if token is None:
                        return _of_blob(copied)
            except (Refused, Forbidden) as error:
                if isinstance(error, Forbidden) and not lacks_delete(error):
                    raise
                there = self.stat(to)
                if there is None or there.md5 is None or there.md5 != _of_blob(source).md5:
                    raise _changed(to) from error
                return there

    def set_metadata(self, name: str, *, mtime_ns: int, origin: Origin | None, if_generation: int) -> StoredObject:
        """As `ObjectStore.set_metadata`; without ``storage.objects.update`` it is one file's problem."""
        check_gcs_name(name)
        if if_generation == ABSENT:
            raise _changed(name)
        with self._explained(name), _missing_is_changed(name):
            # The library's own would ask for the access list, too, for which another right is needed.
            try:
                answer = self._line.retry(
                    lambda: self._line.request(
                        "PATCH",
                        f"{self._line.client.api_endpoint}/storage/v1{self._blob(name).path}",
                        query={"ifGenerationMatch": str(if_generation)},
                        body=json.dumps({"metadata": to_metadata(mtime_ns, origin)}).encode(),
                        headers={"Content-Type": "application/json; charset=UTF-8"},
                    )
                )()
            except Forbidden as error:
                denied = translate(error, self._line.place, name)
                if not isinstance(denied, AccessDenied):
                    raise
                # The others can be sent all the same.
                raise FileProblem(denied.title, f"The time of {name}: {denied.message}") from error
            return _of_resource(answer.json())

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """As `ObjectStore.list`, a page of a thousand at a time; objects of impossible names are left out."""
        with self._explained(prefix):
            blobs = self._line.client.list_blobs(
                self._line.place.bucket,
                prefix=prefix,
                fields=_LISTED,
                page_size=_PAGE,
                timeout=self._line.timeout,
                retry=self._line.retry,
            )
            for blob in blobs:
                with contextlib.suppress(NameRefused):
                    check_gcs_name(blob.name)
                    yield _of_blob(blob)

    def _blob(self, name: str) -> Any:
        return self._line.bucket.blob(name)

    def _look(self, name: str) -> StoredObject:
        blob = self._blob(name)
        blob.reload(timeout=self._line.timeout, retry=self._line.retry)
        return _of_blob(blob)

    def _denied(self, name: str) -> ReplacingDenied:
        return ReplacingDenied(
            "No right to replace in the bucket",
            f"{name}: the account has no storage.objects.delete in {self.url}; the content goes to a second name.",
        )

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Translate what the libraries raise meanwhile."""
        try:
            yield
        except CALLING_ERRORS as error:
            raise translate(error, self._line.place, name) from error


@contextlib.contextmanager
def _missing_is_changed(name: str) -> Iterator[None]:
    """Take an object that is not there for one of another generation."""
    try:
        yield
    except NotFound as error:
        if is_missing_bucket(error):
            raise
        raise _changed(name) from error


def _changed(name: str) -> PreconditionFailed:
    return PreconditionFailed(
        "The store has something else",
        f"{name} is not in the bucket as it was expected; it is compared and tried again.",
    )


def _of_blob(blob: Any) -> StoredObject:
    return stored_object(blob.name, blob.size, blob.md5_hash, blob.generation, blob.metadata)


def _of_resource(said: dict[str, Any]) -> StoredObject:
    return stored_object(
        said["name"], int(said["size"]), said.get("md5Hash"), int(said["generation"]), said.get("metadata")
    )

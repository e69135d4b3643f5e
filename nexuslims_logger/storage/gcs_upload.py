"""Bytes on their way to Cloud Storage: small contents in one request, large ones in parts that can be gone on with.

The requests are our own, so that a content goes out in small blocks and is never in memory as a whole, a slow line
is told from a dead one, and an interrupted upload can be taken up by its address after a restart; the client
library can do none of it. https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError, ServiceUnavailable

from nexuslims_logger.errors import ChecksumMismatch
from nexuslims_logger.storage.gcs_errors import is_damage
from nexuslims_logger.storage.gcs_metadata import to_base64, to_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from nexuslims_logger.storage.contract import Content, Origin, UploadWatch
    from nexuslims_logger.storage.gcs_line import Line

#: Up to here a content is sent in one request: a second one would cost more than it saves.
SMALL_BYTES = 8 << 20
#: What is lost at most when a line breaks; a multiple of 256 KiB, as Cloud Storage wants it.
PART_BYTES = 8 << 20
#: Each has its own time limit on the line.
_BLOCK_BYTES = 1 << 18

_TYPE = "application/octet-stream"
_JSON_TYPE = "application/json; charset=UTF-8"
#: An upload of which Cloud Storage knows nothing any more.
_FORGOTTEN = frozenset({404, 410})
#: One that cannot be gone on with, for whatever reason.
_UNUSABLE = _FORGOTTEN | {400, 416}
_GO_ON = 308


@dataclass(frozen=True)
class Announced:
    """What is going to be sent, under which condition."""

    name: str
    size: int
    md5: str
    mtime_ns: int
    origin: Origin
    if_generation: int

    def resource(self) -> dict[str, Any]:
        """Return what Cloud Storage is told of the object. It refuses a content of another MD5."""
        return {
            "name": self.name,
            "contentType": _TYPE,
            "md5Hash": to_base64(self.md5),
            "metadata": to_metadata(self.mtime_ns, self.origin),
        }

    def fingerprint(self, place: str) -> str:
        """Return digits that tell this upload to that place from every other one."""
        return hashlib.sha256(json.dumps([place, asdict(self)]).encode()).hexdigest()


def upload(
    line: Line, what: Announced, content: Content, resume: str | None, watch: UploadWatch | None
) -> dict[str, Any]:
    """Send a content and return what Cloud Storage says of the object. Tries again what is transient.

    Raises
    ------
    ChecksumMismatch
        The content is shorter or longer than was announced.
    gcs_errors.CALLING_ERRORS
        As `Line.request`.
    """
    if what.size <= SMALL_BYTES:
        answer: requests.Response = line.retry(lambda: _send_small(line, what, content))()
        if watch is not None:
            watch.sent(what.size)
        return _resource(answer)
    return _Resumable(line, what, content, watch).run(resume)


def _send_small(line: Line, what: Announced, content: Content) -> requests.Response:
    boundary = what.fingerprint(line.place.bucket)
    head = (
        f"--{boundary}\r\ncontent-type: {_JSON_TYPE}\r\n\r\n{json.dumps(what.resource())}\r\n"
        f"--{boundary}\r\ncontent-type: {_TYPE}\r\n\r\n"
    )
    body = _Body(content, 0, what.size, is_last=True, head=head.encode(), tail=f"\r\n--{boundary}--".encode())
    headers = {"Content-Type": f'multipart/related; boundary="{boundary}"'}
    return line.request("POST", _begin_url(line), query=_query("multipart", what), body=body, headers=headers)


class _Resumable:
    """One large upload: knows its address, and how much has arrived for certain."""

    def __init__(self, line: Line, what: Announced, content: Content, watch: UploadWatch | None) -> None:
        self._line = line
        self._what = what
        self._content = content
        self._watch = watch
        self._fingerprint = what.fingerprint(f"{line.place.endpoint}/{line.place.bucket}")
        self._url = ""
        self._arrived = 0
        self._is_sure = False
        self._resource: dict[str, Any] | None = None

    def run(self, resume: str | None) -> dict[str, Any]:
        """Go on where `resume` says, or begin; send part after part."""
        fingerprint, _, url = (resume or "").partition(" ")
        if fingerprint == self._fingerprint:
            self._url = url
            try:
                return self._go_on()
            except GoogleAPICallError as error:
                if error.code not in _UNUSABLE or is_damage(error):
                    raise
        self._begin()
        try:
            return self._go_on()
        except GoogleAPICallError as error:
            if error.code in _FORGOTTEN:
                raise ServiceUnavailable("The upload was forgotten on the way.") from error  # type: ignore[no-untyped-call]
            raise

    def _begin(self) -> None:
        what = self._what
        headers = {
            "Content-Type": _JSON_TYPE,
            "X-Upload-Content-Type": _TYPE,
            "X-Upload-Content-Length": str(what.size),
        }
        answer = self._line.retry(
            lambda: self._line.request(
                "POST",
                _begin_url(self._line),
                query=_query("resumable", what),
                body=json.dumps(what.resource()).encode(),
                headers=headers,
            )
        )()
        self._url = answer.headers.get("Location", "")
        if not self._url:
            raise ServiceUnavailable("The upload was given no address.")  # type: ignore[no-untyped-call]
        self._is_sure = True
        if self._watch is not None:
            self._watch.began(f"{self._fingerprint} {self._url}")
        self._knows(0)

    def _go_on(self) -> dict[str, Any]:
        step = self._line.retry(self._step)
        while self._resource is None:
            step()
        return self._resource

    def _step(self) -> None:
        """Send the next part; after an interruption ask first how much has arrived."""
        if not self._is_sure:
            self._learn(self._put(f"bytes */{self._what.size}", b""))
            if self._resource is not None:
                return
        start, size = self._arrived, self._what.size
        end = min(start + PART_BYTES, size)
        body = _Body(self._content, start, end - start, is_last=end == size)
        self._is_sure = False
        self._learn(self._put(f"bytes {start}-{end - 1}/{size}", body))
        if self._arrived <= start:
            raise ServiceUnavailable("Nothing of a part has arrived.")  # type: ignore[no-untyped-call]
        self._is_sure = True

    def _put(self, content_range: str, body: _Body | bytes) -> requests.Response:
        return self._line.request("PUT", self._url, body=body, headers={"Content-Range": content_range})

    def _learn(self, answer: requests.Response) -> None:
        if answer.status_code == _GO_ON:
            found = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
            self._knows(int(found[1]) + 1 if found else 0)
        else:
            self._resource = _resource(answer)
            self._knows(self._what.size)

    def _knows(self, arrived: int) -> None:
        self._arrived = arrived
        if self._watch is not None:
            self._watch.sent(arrived)


class _Body:
    """A piece of a content, as a request's body: begins from its first byte whenever a request is made of it."""

    def __init__(  # noqa: PLR0913 - the piece, and what stands around it
        self, content: Content, start: int, size: int, *, is_last: bool, head: bytes = b"", tail: bytes = b""
    ) -> None:
        self._content = content
        self._start = start
        self._size = size
        self._is_last = is_last
        self._head = head
        self._tail = tail

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        if self._head:
            yield self._head
        self._content.seek(self._start)
        left, block = self._size, b""
        while left:
            block = self._content.read(min(left, _BLOCK_BYTES))
            if not block:
                raise _other_size()
            left -= len(block)
            if left:
                yield block
        # Before the last byte goes out: without it nothing is stored.
        if self._is_last and self._content.read(1):
            raise _other_size()
        if block + self._tail:
            yield block + self._tail


def _other_size() -> ChecksumMismatch:
    return ChecksumMismatch(
        "The content is not what was announced",
        "The file became longer or shorter while it was sent; it is sent again.",
    )


def _begin_url(line: Line) -> str:
    return f"{line.client.api_endpoint}/upload/storage/v1/b/{line.place.bucket}/o"


def _query(kind: str, what: Announced) -> dict[str, str]:
    return {"uploadType": kind, "ifGenerationMatch": str(what.if_generation)}


def _resource(answer: requests.Response) -> dict[str, Any]:
    resource: dict[str, Any] = answer.json()
    return resource

"""A proxy between the store and an emulator of Cloud Storage: it sees every request, does harm on demand, and adds
what the emulator lacks.

What it adds to gcp-storage-emulator, each as Google documents it, because without it the emulator would accept what
Google refuses, and a test would prove nothing:

- ``ifGenerationMatch`` and ``ifSourceGenerationMatch`` (ignored there) are compared with the object as it is, while no
  other write is let through; of a resumable upload when its last part comes, as Google does.
- A resumable upload that is complete answers its status with the object (404 there), and one without a single
  byte has no ``Range`` (``bytes=0-0`` there).
- A 404 says whether the bucket is missing or the object (no words there).
- `denied` permissions are refused in Google's words (everything is allowed there), and with `login` whoever has no
  token that is valid now.

It never invents an object or a checksum: these are the emulator's.
"""

from __future__ import annotations

import enum
import http.client
import http.server
import json
import re
import secrets
import socket
import struct
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_OBJECT = re.compile(r"/storage/v1/b/([^/]+)/o/([^/]+)(/rewriteTo/b/[^/]+/o/([^/]+))?")
_BUCKET = re.compile(r"/storage/v1/b/([^/]+)(/o)?")
_UPLOAD = re.compile(r"/upload/storage/v1/b/([^/]+)/o")
_PASSED_ON = ("Content-Type", "Content-Range", "X-Upload-Content-Type", "X-Upload-Content-Length")


class Harm(enum.Enum):
    """What may happen to a request."""

    STATUS = enum.auto()  # answered with an error; the emulator never sees it
    RESET = enum.auto()  # the connection is reset before anything was read
    BROKEN_STREAM = enum.auto()  # reset in the middle of the body
    STALL = enum.auto()  # no answer, until the client gives up
    ANSWER_LOST = enum.auto()  # done, but the connection is reset before the answer
    ANSWER_CUT = enum.auto()  # done, but half of the answer is missing
    CORRUPTED = enum.auto()  # a byte of the content arrives as another one


@dataclass
class Fault:
    """A harm that strikes the next `times` requests whose method, path and query match.

    Attributes
    ----------
    status, said, reason
        For `Harm.STATUS`.
    skip
        So many matching requests are spared first.
    """

    harm: Harm
    match: str = ""
    times: int = 1
    skip: int = 0
    status: int = 503
    said: str = "We encountered an internal error. Please try again."
    reason: str = "backendError"

    def strikes(self, request: str) -> bool:
        if not self.times or not re.search(self.match, request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Seen:
    """A request that came, and how it was answered (0: not at all)."""

    request: str
    status: int


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class _Begun:
    """A resumable upload under way."""

    bucket: str
    name: str
    if_generation: str | None
    done: _Answer | None = None


@dataclass
class StorageProxy:
    """See the module; `start` and `stop`.

    Attributes
    ----------
    upstream
        The emulator's address.
    faults
        What goes wrong; the first that strikes wins.
    denied
        Permissions that the account lacks.
    seen
        Every request, in order of its answer.
    secrets
        Addresses of uploads and tokens; nothing of them may be shown or logged.
    login
        Ask for a token, as ``/token`` gives them.
    """

    upstream: str
    faults: list[Fault] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    login: bool = False

    def __post_init__(self) -> None:
        self._begun: dict[str, _Begun] = {}
        self._token = ""
        self._writing = threading.Lock()
        # The emulator's queue is short, and who finds it full waits for a second.
        self._upstream = threading.Semaphore(4)
        self._over = threading.Event()
        self._port = 0
        self._server: _Server | None = None

    # --- life ------------------------------------------------------------------------------------------------

    def start(self) -> StorageProxy:
        """Listen (again, at the same port)."""
        server = _Server(("127.0.0.1", self._port), self._handler())
        self._port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def refuse(self) -> None:
        """Refuse connections, until `start`."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def stop(self) -> None:
        self._over.set()
        self.refuse()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def forget_uploads(self) -> None:
        """Forget what was begun, as Cloud Storage does after a week."""
        self._begun.clear()

    def forget_token(self) -> None:
        """Let the present token be invalid."""
        self._token = ""

    def count(self, match: str, *, ok: bool = True) -> int:
        """Count the requests that match, by default those that were granted."""
        return sum(1 for one in self.seen if re.search(match, one.request) and (not ok or 200 <= one.status < 400))

    # --- one request -----------------------------------------------------------------------------------------

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
                pass

            def _serve(self) -> None:
                with suppress(ConnectionError):
                    proxy._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - as above

        return Handler

    def _serve(self, client: http.server.BaseHTTPRequestHandler) -> None:
        request = f"{client.command} {unquote(client.path)}"
        length = int(client.headers.get("Content-Length") or 0)
        fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        harm = fault.harm if fault else None
        answer: _Answer | None = None
        if harm is Harm.BROKEN_STREAM:
            client.rfile.read(length // 2)
        elif harm is not Harm.RESET:
            body = client.rfile.read(length)
            # One that the client has broken off has asked for nothing.
            if len(body) == length:
                answer = self._harmed(client, fault, body)
        self.seen.append(Seen(request, answer.status if answer else 0))
        if answer is not None:
            client.send_response(answer.status)
            for name, value in answer.headers.items():
                client.send_header(name, value)
            client.send_header("Content-Length", str(len(answer.body)))
            client.end_headers()
            client.wfile.write(answer.body[: len(answer.body) // 2] if harm is Harm.ANSWER_CUT else answer.body)
        if answer is None or harm is Harm.ANSWER_CUT:
            _reset(client)

    def _harmed(self, client: http.server.BaseHTTPRequestHandler, fault: Fault | None, body: bytes) -> _Answer | None:
        """Return the answer to a request that has arrived; None when the client gets none."""
        harm = fault.harm if fault else None
        if fault is not None and harm is Harm.STATUS:
            return _refusal(fault.status, fault.said, fault.reason)
        if harm is Harm.STALL:
            # Until the client hangs up, or the test is over.
            while not self._over.is_set() and not _hung_up(client.connection):
                self._over.wait(0.02)
            return None
        answer = self._answer(client, _corrupted(body) if harm is Harm.CORRUPTED else body)
        return None if harm is Harm.ANSWER_LOST else answer

    # --- what the emulator lacks -----------------------------------------------------------------------------

    def _answer(self, client: http.server.BaseHTTPRequestHandler, body: bytes) -> _Answer:
        method, parts = client.command, urlsplit(client.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name: client.headers[name] for name in _PASSED_ON if name in client.headers}
        if parts.path == "/token":
            self._token = f"ya29.{secrets.token_urlsafe(32)}"
            self.secrets.append(self._token)
            return _json({"access_token": self._token, "expires_in": 3600, "token_type": "Bearer"})
        if self.login and client.headers.get("Authorization") != f"Bearer {self._token}":
            return _refusal(401, "Invalid Credentials", "authError")
        if parts.path.endswith("/iam/testPermissions"):
            asked = parse_qs(parts.query).get("permissions", [])
            granted = [one for one in asked if one not in self.denied]
            return _json({"kind": "storage#testIamPermissionsResponse", "permissions": granted})

        def send() -> _Answer:
            return self._forward(method, client.path, body, headers)

        if method == "GET":
            return self._denial(_needed(parts.path)) or self._in_words(parts.path, send())
        with self._writing:
            if found := _UPLOAD.fullmatch(parts.path):
                return self._uploaded(found[1], query, headers, body, send)
            return self._changed(method, parts.path, query, send)

    def _uploaded(self, bucket: str, query: dict[str, str], headers: dict[str, str], body: bytes, send: Any) -> _Answer:
        if upload_id := query.get("upload_id"):
            return self._part(upload_id, headers["Content-Range"], send)
        name = _name_of(query["uploadType"], body)
        condition = query.get("ifGenerationMatch")
        if query["uploadType"] == "resumable":
            answer: _Answer = self._denial("storage.objects.create") or self._in_words(
                f"/storage/v1/b/{bucket}/o", send()
            )
            if location := answer.headers.get("Location"):
                parsed = urlsplit(location)
                answer.headers["Location"] = parsed._replace(netloc=urlsplit(self.url).netloc).geturl()
                self.secrets.append(parse_qs(parsed.query)["upload_id"][0])
                self._begun[self.secrets[-1]] = _Begun(bucket, name, condition)
            return answer
        return self._written(bucket, name, condition, send)

    def _part(self, upload_id: str, content_range: str, send: Any) -> _Answer:
        begun = self._begun.get(upload_id)
        if begun is None:
            return _refusal(410, "Gone", "gone")
        if begun.done is not None:
            return begun.done
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", content_range)
        if found and int(found[2]) + 1 == int(found[3]):
            answer: _Answer = self._written(begun.bucket, begun.name, begun.if_generation, send)
            if answer.status < 300:
                begun.done = answer
            return answer
        answer = send()
        if answer.headers.get("Range") == "bytes=0-0":
            del answer.headers["Range"]
        return answer

    def _written(self, bucket: str, name: str, condition: str | None, send: Any) -> _Answer:
        """Let a content become an object, if it may."""
        there = self._generation(bucket, name)
        if condition is not None and condition != there:
            return _refusal(412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet")
        if denial := self._denial("storage.objects.create", "storage.objects.delete" if there != "0" else None):
            return denial
        return self._in_words(f"/storage/v1/b/{bucket}/o", send())

    def _changed(self, method: str, path: str, query: dict[str, str], send: Any) -> _Answer:
        found = _OBJECT.fullmatch(path)
        if found is None:
            answer: _Answer = send()
            return answer
        bucket, name, to = unquote(found[1]), unquote(found[2]), unquote(found[4] or "")
        conditions = [(name, query.get("ifSourceGenerationMatch" if to else "ifGenerationMatch"))]
        if to:
            conditions.append((to, query.get("ifGenerationMatch")))
        for which, condition in conditions:
            there = self._generation(bucket, which)
            if which == name and there == "0":
                break
            if condition is not None and condition != there:
                return _refusal(
                    412, "At least one of the pre-conditions you specified did not hold.", "conditionNotMet"
                )
        denial = self._denial("storage.objects.create" if to else _needed(path, method))
        return denial or self._in_words(path, send())

    def _denial(self, *needed: str | None) -> _Answer | None:
        for permission in needed:
            if permission in self.denied:
                said = (
                    f"tem1@lab.iam.gserviceaccount.com does not have {permission} access to the Google Cloud Storage "
                    f"object. Permission '{permission}' denied on resource (or it may not exist)."
                )
                return _refusal(403, said, "forbidden")
        return None

    def _in_words(self, path: str, answer: _Answer) -> _Answer:
        if answer.status != http.HTTPStatus.NOT_FOUND:
            return answer
        bucket = (_BUCKET.match(path) or ["", ""])[1]
        if self._forward("GET", f"/storage/v1/b/{bucket}", b"", {}).status == http.HTTPStatus.NOT_FOUND:
            return _refusal(404, "The specified bucket does not exist.", "notFound")
        return _refusal(404, f"No such object: {path}", "notFound")

    def _generation(self, bucket: str, name: str) -> str:
        answer = self._forward("GET", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}", b"", {})
        return str(json.loads(answer.body)["generation"]) if answer.status == http.HTTPStatus.OK else "0"

    def _forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> _Answer:
        line = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        with self._upstream, closing(line):
            line.request(method, path, body, {**headers, "Host": urlsplit(self.url).netloc})
            answer = line.getresponse()
            kept = {
                name: value for name in ("Content-Type", "Location", "Range") if (value := answer.headers.get(name))
            }
            return _Answer(answer.status, kept, answer.read())


class _Server(http.server.ThreadingHTTPServer):
    """Knows its connections, so that they can be cut."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *arguments: Any) -> None:
        self._lines: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._lines.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that hangs up is what these tests are about


def _reset(client: http.server.BaseHTTPRequestHandler) -> None:
    """Close the connection with a reset, as a broken network does."""
    with suppress(OSError):
        client.wfile.flush()
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.connection.close()
    client.close_connection = True


def _hung_up(line: socket.socket) -> bool:
    try:
        return line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _needed(path: str, method: str = "GET") -> str:
    if method == "PATCH":
        return "storage.objects.update"
    if _OBJECT.fullmatch(path):
        return "storage.objects.get"
    return "storage.objects.list" if path.endswith("/o") else "storage.buckets.get"


def _name_of(kind: str, body: bytes) -> str:
    told = body if kind == "resumable" else body.split(b"\r\n\r\n", 1)[1].split(b"\r\n", 1)[0]
    name: str = json.loads(told)["name"]
    return name


def _corrupted(body: bytes) -> bytes:
    """Change one bit of a content: of a part its first byte, of a whole one its last."""
    at = body.rfind(b"\r\n--") - 1 if body.startswith(b"--") else 0
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def _json(said: dict[str, Any], status: int = 200) -> _Answer:
    return _Answer(status, {"Content-Type": "application/json"}, json.dumps(said).encode())


def _refusal(status: int, said: str, reason: str) -> _Answer:
    part = {"message": said, "domain": "global", "reason": reason}
    return _json({"error": {"code": status, "message": said, "errors": [part]}}, status)

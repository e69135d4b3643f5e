"""A slow line is no dead one, and a dead one is noticed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.ports import nothing
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from tests.storage_emulators import store_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    #: Its address, and how it is told to treat its one client.
    Server = tuple[str, Callable[[Callable[[socket.socket], None]], None]]

ORIGIN = Origin("0a1b2c3d-4444-4555-8666-777788889999", "TEM-PC", "FEI")
DATA = bytes(6 << 20)
MD5 = hashlib.md5(DATA, usedforsecurity=False)
LIMIT_S = 0.5


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server with small buffers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def serve(treat: Callable[[socket.socket], None]) -> None:
        def work() -> None:
            with suppress(OSError), closing(listener.accept()[0]) as client:
                treat(client)

        threading.Thread(target=work, daemon=True).start()

    with closing(listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", serve


def put(url: str, home: Path, step: Callable[[], None] = nothing) -> StoredObject:
    # What the system has taken and not yet sent counts as waiting for the answer.
    store = store_at(url, "micro", home, step, connect_s=LIMIT_S, answer_s=20.0, retry_s=0.0)
    return store.put(
        "a", io.BytesIO(DATA), size=len(DATA), md5=MD5.hexdigest(), mtime_ns=0, origin=ORIGIN, if_generation=ABSENT
    )


def test_a_line_that_needs_longer_than_any_limit_for_all_of_it(server: Server, tmp_path: Path) -> None:
    url, serve = server
    told = {"name": "a", "size": str(len(DATA)), "md5Hash": base64.b64encode(MD5.digest()).decode(), "generation": "1"}
    received = 0

    def slowly(client: socket.socket) -> None:
        nonlocal received
        began = time.monotonic()
        tail = b""
        while not tail.endswith(b"--"):
            block = client.recv(1 << 16)
            received += len(block)
            tail = (tail + block)[-2:]
            # As fast as four megabytes a second.
            if (early := received / (4 << 20) - (time.monotonic() - began)) > 0:
                threading.Event().wait(early)
        body = json.dumps(told).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    serve(slowly)
    began, steps = time.monotonic(), []
    assert put(url, tmp_path, lambda: steps.append(1)).md5 == MD5.hexdigest()
    assert steps, "an answer is no step"
    assert time.monotonic() - began > 2 * LIMIT_S
    assert received > len(DATA)


def test_a_line_on_which_nothing_moves_any_more(server: Server, tmp_path: Path) -> None:
    url, serve = server
    over = threading.Event()
    serve(lambda client: (client.recv(1 << 16), over.wait(20), None)[-1])
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        put(url, tmp_path)
    over.set()
    assert time.monotonic() - began < 10, "it waited for an answer to what could not be sent"


def test_what_answers_is_not_cloud_storage(server: Server, tmp_path: Path) -> None:
    url, serve = server

    def login_page(client: socket.socket) -> None:
        client.recv(1 << 16)
        page = b"<html>Please accept the terms of this network</html>"
        client.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page)
        )

    serve(login_page)
    with pytest.raises(StoreUnavailable, match="login page"):
        store_at(url, "micro", tmp_path, retry_s=0.0).stat("a")

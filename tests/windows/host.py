"""What Linux does for the tests that run under Wine: the mouse, the keyboard, and its own programs.

A Windows program cannot run a Linux one and wait for it. So the tests ask over a socket on loopback; a question and
its answer are one line of JSON each.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import threading
from base64 import b64decode, b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Where the tests find the host's port.
PORT_VARIABLE: Final = "NEXUSLIMS_TEST_HOST"
#: What the host runs for them, and nothing else.
PROGRAMS: Final = ("xdotool", "wmctrl", "import", "sqlite3", "md5sum", "mariadb", "ln", "unlink")
_PATIENCE_S: Final = 30.0


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    environment: dict[str, str]


class _Asked(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        question = json.loads(self.rfile.readline())
        assert isinstance(self.server, _Server)
        words: list[str] = question["words"]
        assert words[0] in PROGRAMS, words
        done = subprocess.run(
            words,
            input=b64decode(question["input"]),
            cwd=question["folder"],
            env=self.server.environment,
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
        answer = {
            "code": done.returncode,
            "out": b64encode(done.stdout).decode(),
            "error": b64encode(done.stderr).decode(),
        }
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """Answer on a port of loopback's, which is yielded; the programs get `environment`."""
    with _Server(("127.0.0.1", 0), _Asked) as server:
        server.environment = environment
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def run_there(words: list[str], folder: str | None = None, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Ask the host to run a program (from Windows). `folder` is one of Linux's own paths."""
    question: dict[str, Any] = {"words": words, "folder": folder, "input": b64encode(given).decode()}
    address = ("127.0.0.1", int(os.environ[PORT_VARIABLE]))
    with socket.create_connection(address, _PATIENCE_S) as connection, connection.makefile("rwb") as stream:
        stream.write(json.dumps(question).encode() + b"\n")
        stream.flush()
        answer = json.loads(stream.readline())
    return subprocess.CompletedProcess(words, answer["code"], b64decode(answer["out"]), b64decode(answer["error"]))

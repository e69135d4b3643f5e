"""How a start of the program calls the one that is already running: a loopback port and a token.

The lock of `single_instance` decides who runs. A window that is rung at comes to the front; a catch-up without one
gives way to who wants to work.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FILE: Final = "doorbell.json"
_LOOPBACK: Final = "127.0.0.1"
_ANSWER: Final = b"coming"
_PATIENCE_S: Final = 2.0
#: So many callers may stand at the door at once.
_CALLERS: Final = 4
_ANY_PROCESS: Final = 0xFFFFFFFF  # ASFW_ANY


class Inside(StrEnum):
    """Who opens: what a ring is for."""

    WINDOW = "window"
    CATCH_UP = "catch-up"


#: Who starts a session under another account may ask a catch-up to give way; at a window only its own account rings.
_RIGHTS: Final = {Inside.WINDOW: 0o600, Inside.CATCH_UP: 0o644}


class Doorbell:
    """Listens on a free port of this PC alone; asked now and then, it never blocks.

    Parameters
    ----------
    folder
        The program's folder, where the port and the token are left for the next start.
    inside
        Who listens.
    """

    def __init__(self, folder: Path, inside: Inside = Inside.WINDOW) -> None:
        self._file = folder / _FILE
        self._token = secrets.token_hex(16).encode()
        self._callers: list[socket.socket] = []
        self._socket = socket.create_server((_LOOPBACK, 0), backlog=_CALLERS)
        self._socket.setblocking(False)
        port = self._socket.getsockname()[1]
        # Without it the second start says where to look, and nothing else is lost.
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            opened = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _RIGHTS[inside])
            with os.fdopen(opened, "w", encoding="ascii") as file:
                json.dump({"inside": inside, "port": port, "token": self._token.decode()}, file)

    def rang(self) -> bool:
        """Whether somebody who knows the token has rung since the last time."""
        with contextlib.suppress(OSError):
            caller, _ = self._socket.accept()
            caller.setblocking(False)
            self._callers = [*self._callers, caller][-_CALLERS:]
        heard = [self._heard(caller) for caller in tuple(self._callers)]  # all of them, not up to the first
        return any(heard)

    def close(self) -> None:
        """Take it down, and the file with it."""
        for listening in (self._socket, *self._callers):
            listening.close()
        self._callers.clear()
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _heard(self, caller: socket.socket) -> bool:
        """Read what a caller has said, answer who knows the token, and send everybody away."""
        try:
            said = caller.recv(len(self._token))
        except BlockingIOError:
            return False  # nothing yet
        except OSError:
            said = b""
        known = hmac.compare_digest(said, self._token)
        with contextlib.suppress(OSError):
            if known:
                caller.sendall(_ANSWER)
        caller.close()
        self._callers.remove(caller)
        return known


def ring(folder: Path, inside: Inside = Inside.WINDOW) -> bool:
    """Ring where this is the program's folder, and say whether `inside` answered. Blocks for seconds at most."""
    try:
        told = json.loads((folder / _FILE).read_bytes())
        if told["inside"] != inside:
            return False
        _let_others_come_forward()
        with socket.create_connection((_LOOPBACK, int(told["port"])), timeout=_PATIENCE_S) as line:
            line.sendall(str(told["token"]).encode())
            return line.recv(len(_ANSWER)) == _ANSWER
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _let_others_come_forward() -> None:
    """Give away the right to come to the front, which on Windows only a program just started has: others blink."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(_ANY_PROCESS)

"""Ctrl+C for another process, on every system."""

from __future__ import annotations

import signal
import subprocess
import sys

#: How a program has to be started on Windows, so that it alone can be interrupted.
STARTED_WITH: int = getattr(subprocess, "CREATE_NEW_CONSOLE", 0)

# In a process of its own: who leaves his console loses his standard streams with it. Everything in the other
# console is interrupted, and by then that process is in it.
_PRESS = """
import ctypes, sys
kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
kernel32.FreeConsole()
for done in (
    kernel32.AttachConsole(int(sys.argv[1])),
    kernel32.SetConsoleCtrlHandler(None, True),
    kernel32.GenerateConsoleCtrlEvent(0, 0),
):
    assert done, ctypes.get_last_error()
"""


def interrupt(program: subprocess.Popen[str]) -> None:
    """Press Ctrl+C in the console of `program`."""
    if sys.platform == "win32":
        subprocess.run([sys.executable, "-c", _PRESS, str(program.pid)], check=True, capture_output=True, timeout=60)
    else:
        program.send_signal(signal.SIGINT)


def terminate(program: subprocess.Popen[str]) -> None:
    """Ask `program` to go, as the end of a log-on does. Windows has no such signal, and kills."""
    program.terminate()

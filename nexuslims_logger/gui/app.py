"""Brings window, presenter and workers together.

Imports Tk and the standard library alone: what is heavy comes after the first paint.
"""

from __future__ import annotations

import logging
import signal
import tkinter as tk
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from nexuslims_logger.errors import Defect, LoggerError, StopAndTell
from nexuslims_logger.exit_codes import ExitCode, exit_code_of
from nexuslims_logger.gui import dpi, palette, wording
from nexuslims_logger.gui.dialogs import open_dialog, open_message
from nexuslims_logger.gui.log_window import LogWindow, kept_lines
from nexuslims_logger.gui.main_window import MainWindow
from nexuslims_logger.gui.presenter import Presenter
from nexuslims_logger.gui.theme import Look

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from nexuslims_logger.config import Settings
    from nexuslims_logger.events import Event
    from nexuslims_logger.gui.dialogs import ModalDialog
    from nexuslims_logger.gui.view import View
    from nexuslims_logger.session.service import SessionService

_log = logging.getLogger(__name__)

_POLL_MS: Final = 100
_SECOND_MS: Final = 1000
#: For the threads to end after the window has gone; what they leave is caught up next time.
_JOIN_S: Final = 5.0


class EventQueue(Protocol):
    """Where the workers put events."""

    def empty(self) -> bool:
        """Whether nothing is there."""

    def get_nowait(self) -> Event:
        """Take the oldest one."""


class Running(Protocol):
    """The workers, as `bootstrap.start` hands them out."""

    @property
    def service(self) -> SessionService:
        """Where commands go."""

    @property
    def events(self) -> EventQueue:
        """Where events come from."""

    def stop(self, timeout_s: float) -> None:
        """Put everything down, and wait that long at most."""


class Starter(Protocol):
    """Starts the workers; raises a `LoggerError` when that is impossible."""

    def __call__(self, settings: Settings, *, launched_at: datetime) -> Running:
        """Begin the start of a session at `launched_at`."""


def run(settings: Settings) -> ExitCode:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    settings
        All settings.

    Returns
    -------
    ExitCode
        COMPLETE when the session is ready, WAITING when something is caught up later.

    Raises
    ------
    StopAndTell
        When there is no screen.
    """
    try:
        app = App(settings)
    except tk.TclError as error:
        message = f"{error}. On a PC without a screen, use: nexuslims-logger headless."
        raise StopAndTell("The window cannot be opened", message) from error
    return app.run()


class App:
    """One window from its first paint to its end. Everything here runs on the Tk thread.

    Parameters
    ----------
    settings
        As in `run`.
    start
        Starts the workers, after the first paint.
    now
        Returns the present time, aware, in UTC.
    """

    def __init__(
        self, settings: Settings, start: Starter | None = None, now: Callable[[], datetime] | None = None
    ) -> None:
        self._settings = settings
        self._start = start or _start_workers
        dpi.announce_awareness()
        self.root = tk.Tk(className="nexuslims-logger")
        dpi.take_icon(self.root)
        #: Returns the present time, aware, in UTC.
        self.now = now or self._tk_now
        self._launched_at = self.now()
        self.root.report_callback_exception = self._report
        self.presenter = Presenter(this_pc_only=settings.is_embedded, interval_s=settings.sync_interval_seconds)
        self._look = Look(self.root, palette.choose(settings.theme), settings.text_size)
        self.window = MainWindow(self.root, self._look, self.presenter, self._act, self._open_log)
        self.dialog: ModalDialog | None = None
        self.log_window: LogWindow | None = None
        self.view: View | None = None
        self._running: Running | None = None
        self._terminated = False
        self._failed_with: ExitCode | None = None
        # A log-off under X11; the session stays open.
        self.root.protocol("WM_SAVE_YOURSELF", self._terminate)

    def run(self) -> ExitCode:
        """Stay until the window is closed."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.open()
            self.root.mainloop()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return self.close()

    def open(self) -> None:
        """Paint the first screen, and go on from there when Tk is idle."""
        self._paint()
        self.root.update()
        self.root.after(1, self._begin)

    def close(self) -> ExitCode:
        """Take everything down and say how it went; the workers' last words count."""
        for timer in self.root.tk.splitlist(self.root.tk.call("after", "info")):
            self.root.after_cancel(timer)
        self.root.destroy()
        if self._running:
            self._running.stop(_JOIN_S)
            self._drain()
        return self._failed_with if self._failed_with is not None else self.presenter.exit_code()

    def _begin(self) -> None:
        try:
            self._running = self._start(self._settings, launched_at=self._launched_at)
        except LoggerError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - this thread's outermost frame; a window that cannot close is worse
            message = f"{type(error).__name__}: {error}. Nothing was started; please report it with the log."
            self._fail(Defect("The logger could not be started", message))
        else:
            self.presenter.connect(self._running.service)
        self._poll()
        self.root.after(_SECOND_MS, self._second)

    def _fail(self, error: LoggerError) -> None:
        _log.error("%s: %s", error.title, error.message)
        _log.debug("The start failed", exc_info=True)
        self._failed_with = exit_code_of(error)
        self.presenter.fail(error)

    def _poll(self) -> None:
        if self._terminated:
            self.presenter.stop()
        self._drain()
        self._paint()
        if self.view and self.view.finished:
            self.root.quit()
        else:
            self.root.after(_POLL_MS, self._poll)

    def _second(self) -> None:
        self.presenter.second_passed()
        if self.log_window and self.log_window.is_open:
            self.log_window.refresh()
        self.root.after(_SECOND_MS, self._second)

    def _drain(self) -> None:
        while self._running and not self._running.events.empty():
            self.presenter.receive(self._running.events.get_nowait())

    def _act(self, do: Callable[[], None]) -> None:
        """Do what was clicked, and show at once that it was."""
        do()
        self._paint()

    def _paint(self) -> None:
        before, view = self.view, self.presenter.view(self.now())
        self.view = view
        self.window.show(view)
        if view.dialog is not (before.dialog if before else None):
            if self.dialog:
                self.dialog.close()
            self.dialog = open_dialog(self.root, self._look, view, self.presenter, self._act)

    def _open_log(self) -> None:
        if self.log_window and self.log_window.is_open:
            self.log_window.raise_up()
        else:
            self.log_window = LogWindow(self.root, self._look, kept_lines)

    def _tk_now(self) -> datetime:
        """Return the present time from Tk: the workers' clock comes only with them."""
        return datetime.fromtimestamp(self.root.tk.getint(self.root.tk.call("clock", "milliseconds")) / 1000, UTC)

    def _terminate(self) -> None:
        self._terminated = True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Python runs this between two callbacks of Tk, within a tenth of a second: `_poll` does the rest.
        self._terminate()

    def _report(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """Log and show what went wrong in a callback; without this it would go unseen."""
        _log.error("A callback of the window failed", exc_info=(kind, error, traceback))
        open_message(
            self.root,
            self._look,
            wording.UNEXPECTED,
            wording.UNEXPECTED_TEXT.format(error=f"{kind.__name__}: {error}"),
        )


def _start_workers(settings: Settings, *, launched_at: datetime) -> Any:
    from nexuslims_logger import bootstrap

    return bootstrap.start(settings, launched_at=launched_at)

"""Brings window, presenter and workers together.

Imports Tk and the standard library alone: what is heavy is loaded on a thread beside, behind the first paint.
"""

from __future__ import annotations

import gc
import logging
import signal
import tkinter as tk
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.errors import Defect, LoggerError, StopAndTell
from nexuslims_logger.exit_codes import ExitCode, exit_code_of
from nexuslims_logger.gui import dialog_wording, dpi, palette, standing
from nexuslims_logger.gui.dialogs import open_message
from nexuslims_logger.gui.hands import Hands
from nexuslims_logger.gui.icon import Icons
from nexuslims_logger.gui.in_front import InFront
from nexuslims_logger.gui.main_window import MainWindow, Windows
from nexuslims_logger.gui.presenter import Presenter
from nexuslims_logger.gui.side_windows import SideWindows
from nexuslims_logger.gui.start_up import bring_up, start_workers
from nexuslims_logger.gui.theme import Look

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    from nexuslims_logger.config import Settings
    from nexuslims_logger.doorbell import Doorbell
    from nexuslims_logger.gui.first_paint import FirstPaint
    from nexuslims_logger.gui.modal import ModalDialog
    from nexuslims_logger.gui.start_up import BroughtUp, Running, SaveBundle, Starter
    from nexuslims_logger.gui.view import Tone, View

_log = logging.getLogger(__name__)

_POLL_MS: Final = 100
_SECOND_MS: Final = 1000
#: For the threads to end after the window has gone; what they leave is caught up next time.
_JOIN_S: Final = 5.0


def run(
    settings: Settings, painted: FirstPaint | None = None, save_bundle: SaveBundle | None = None
) -> ExitCode | None:
    """Open the window and stay until it is closed.

    Parameters
    ----------
    settings
        All settings.
    painted
        The window, where it is to be seen already.
    save_bundle
        Behind the button of that name.

    Returns
    -------
    ExitCode or None
        COMPLETE when the session is ready, WAITING when something is caught up later; None when the start has failed
        and somebody wants it tried again, settings and all.

    Raises
    ------
    StopAndTell
        When there is no screen.
    """
    try:
        app = App(settings, painted=painted, save_bundle=save_bundle)
    except tk.TclError as error:
        message = f"{error}. On a PC without a screen, use: nexuslims-logger headless."
        raise StopAndTell("The window cannot be opened", message) from error
    code = app.run()
    anew = app.presenter.begins_anew
    # Here and now: a collection on another thread must not find the interpreter of Tk.
    del app
    gc.collect()
    return None if anew else code


class App:
    """One window from its first paint to its end. Everything here runs on the Tk thread.

    Parameters
    ----------
    settings, painted, save_bundle
        As in `run`.
    start
        Starts the workers, after the first paint.
    now
        Returns the present time, aware, in UTC.
    """

    def __init__(
        self,
        settings: Settings,
        start: Starter | None = None,
        now: Callable[[], datetime] | None = None,
        painted: FirstPaint | None = None,
        save_bundle: SaveBundle | None = None,
    ) -> None:
        self._settings = settings
        self._start = start or start_workers
        if painted is None:
            dpi.announce_awareness()
        self._painted = painted
        self.root = painted.root if painted else tk.Tk(className="nexuslims-logger")
        #: Returns the present time, aware, in UTC.
        self.now = now or self._tk_now
        self._launched_at = self.now()
        self.root.report_callback_exception = self._report
        self.presenter = Presenter(this_pc_only=settings.is_embedded, interval_s=settings.sync_interval_seconds)
        self._look = Look(self.root, palette.choose(settings.theme), settings.text_size)
        self._icons = Icons(self.root, self._look.palette)
        self.beside = SideWindows(
            self.root,
            self._look,
            self.presenter,
            self.now,
            (lambda: Aside(lambda: save_bundle(settings))) if save_bundle else None,
        )
        windows = Windows(note=self.beside.open_note, files=self.beside.open_files, log=self.beside.open_log)
        self.window = MainWindow(self.root, self._look, self.presenter, self._act, windows)
        self._in_front = InFront(self.root, self._look, self.window, self.presenter, self._act, self.now)
        self._hands = Hands(self.root)
        for event in ("<KeyRelease>", "<ButtonPress>"):  # a press of Tab or Alt has its own binding, which comes first
            self.root.bind_all(event, lambda _event: self.presenter.is_read(), add="+")
        self.root.geometry(standing.first_geometry(self.root, settings, self.window.usual_size))
        self.view: View | None = None
        self._coming: Aside[BroughtUp] | None = None
        self._bell: Doorbell | None = None
        self._running: Running | None = None
        self._terminated = False
        self._failed_with: ExitCode | None = None
        self._stale = True
        self._icon_shows: Tone | None = None
        # A log-off: X11's message, which Tk also makes of WM_QUERYENDSESSION on Windows. The session stays open.
        self.root.protocol("WM_SAVE_YOURSELF", self._log_off)

    @property
    def dialog(self) -> ModalDialog | None:
        """What stands in front of the window."""
        return self._in_front.dialog

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
        if self._painted:
            self.root.update()  # a breath between building and painting
            self._painted.give_way()
        self._paint()
        self.root.update()
        self.root.after(1, self._begin)

    def close(self) -> ExitCode:
        """Take everything down and say how it went; the workers' last words count."""
        for timer in self.root.tk.splitlist(self.root.tk.call("after", "info")):
            self.root.after_cancel(timer)
        standing.remember(self.root, self._settings, self._look.palette)
        self.presenter.draft.close()  # the workers' last words must not look for an editor that has gone
        self.root.destroy()
        if self._coming and self._coming.wait(_JOIN_S):
            self._take_over()
        if self._bell:
            self._bell.close()
        if self._running:
            self._running.stop(_JOIN_S)
            self._drain()
        return self._failed_with if self._failed_with is not None else self.presenter.exit_code()

    def _begin(self) -> None:
        self._coming = Aside(lambda: bring_up(self._start, self._settings, self._launched_at))
        self._poll()
        self.root.after(_SECOND_MS, self._second)

    def _take_over(self) -> None:
        """Go on with what the thread of the start hands over."""
        if self._coming is None or not self._coming.done:
            return
        coming, self._coming = self._coming, None
        try:
            self._running, self._bell = coming.result()
        except LoggerError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - that thread's outermost frame; a window that cannot close is worse
            message = f"{type(error).__name__}: {error}. Nothing was started; please report it with the log."
            self._fail(Defect("The logger could not be started", message))
        else:
            if self._running:
                self.presenter.connect(self._running.service)
            else:
                self._failed_with = ExitCode.ALREADY_RUNNING
                self.presenter.stop()
        self._stale = True

    def _fail(self, error: LoggerError) -> None:
        _log.error("%s: %s", error.title, error.message)
        _log.debug("The start failed", exc_info=error)
        self._failed_with = exit_code_of(error)
        self.presenter.fail(error)

    def _poll(self) -> None:
        self._take_over()
        if self._terminated:
            self.presenter.stop()
            self._stale = True
        # What nobody has changed is not put into words again: an idle window costs next to nothing.
        if self._drain() or self._stale:
            self._paint()
        if self.view and self.view.finished:
            self.root.quit()
        else:
            self.root.after(_POLL_MS, self._poll)

    def _second(self) -> None:
        self.presenter.second_passed()
        if self._hands.moved_lately():
            self.presenter.hands_moved()
        if self._bell and self._bell.rang():
            self._come_forward()
        if self.beside.second_passed():
            self.presenter.is_read()
        self._stale = True
        self.root.after(_SECOND_MS, self._second)

    def _drain(self) -> bool:
        """Take in what the workers tell; False when they had nothing to say."""
        heard = False
        while self._running and not self._running.events.empty():
            self.presenter.receive(self._running.events.get_nowait())
            heard = True
        return heard

    def _act(self, do: Callable[[], None]) -> None:
        """Do what was clicked, and show at once that it was."""
        do()
        self._paint(asked_for=True)

    def _paint(self, *, asked_for: bool = False) -> None:
        self._stale = False
        view = self.presenter.view(self.now())
        if view.shrunk and not (self.view and self.view.shrunk):
            self.root.iconify()
        self.view = view
        self.window.show(view)
        self.beside.show()
        if self._icon_shows is not view.state.tone:
            self._icon_shows = view.state.tone
            self.root.after_idle(self._icons.show, view.state.tone)
        self._in_front.show(view, asked_for=asked_for)

    def _come_forward(self) -> None:
        """Show the window to who has started the program a second time, and ask what is meant."""
        self.root.deiconify()
        self.root.lift()
        self.root.focus_force()
        self._act(self.presenter.summoned)

    def _tk_now(self) -> datetime:
        """Return the present time from Tk: the workers' clock comes only with them."""
        return datetime.fromtimestamp(self.root.tk.getint(self.root.tk.call("clock", "milliseconds")) / 1000, UTC)

    def _log_off(self) -> None:
        # At once: the system gives little time.
        self.presenter.stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Python runs this between two callbacks of Tk, within a tenth of a second: `_poll` does the rest.
        self._terminated = True

    def _report(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """Log and show what went wrong in a callback; without this it would go unseen."""
        _log.error("A callback of the window failed", exc_info=(kind, error, traceback))
        open_message(
            self.root,
            self._look,
            dialog_wording.UNEXPECTED,
            dialog_wording.UNEXPECTED_TEXT.format(error=f"{kind.__name__}: {error}"),
        )

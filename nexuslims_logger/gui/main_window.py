"""The main window: paints a `View`, and passes clicks to the presenter."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import theme, wording
from nexuslims_logger.gui.buttons import enable, make_button
from nexuslims_logger.gui.panels import Banner, ProgressCard, StepList, show_text, wrap_to_width
from nexuslims_logger.gui.view import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import View

#: In units of the look: 440 x 360 pixels at 96 dpi, and 700 at most.
_WIDTH: Final = 55
_HEIGHT: Final = 45
_MAX_HEIGHT: Final = 87

#: The buttons below the body: the wide one, then the row.
_BUTTONS: Final[dict[Screen, tuple[str | None, tuple[str, ...]]]] = {
    Screen.STARTING: (None, ()),
    Screen.UNKNOWN_COMPUTER: ("try_again", ("log", "close")),
    Screen.RUNNING: ("end", ("note", "sync_now", "log")),
    Screen.ENDING: (None, ("leave", "log")),
    Screen.DONE: ("done", ("log",)),
    Screen.FAILED: ("done", ("copy_message", "log")),
}

#: What has the keyboard at first: where Return does no harm.
_FIRST: Final[dict[Screen, str]] = {
    Screen.UNKNOWN_COMPUTER: "try_again",
    Screen.RUNNING: "note",
    Screen.ENDING: "log",
    Screen.DONE: "done",
    Screen.FAILED: "done",
}

#: What may be pressed although an answer is still awaited.
_ALWAYS_ENABLED: Final = frozenset({"log", "copy_message", "close", "done"})


class MainWindow:
    """The widgets of the window.

    Parameters
    ----------
    root
        Tk's root window, still empty.
    look
        Its colours, fonts and distances.
    presenter
        Where clicks go.
    act
        Runs a click's method and then paints.
    open_log
        Opens the log.
    """

    def __init__(
        self,
        root: tk.Tk,
        look: Look,
        presenter: Presenter,
        act: Callable[[Callable[[], None]], None],
        open_log: Callable[[], object],
    ) -> None:
        self._root = root
        self._look = look
        self._unit = look.unit
        self._shown: View | None = None
        self._frame = ttk.Frame(root, padding=2 * self._unit)
        self._frame.pack(fill="both", expand=True)
        self._frame.columnconfigure(0, weight=1)
        self._build_header()
        self._banner = Banner(self._frame, look)
        self._card = ProgressCard(self._frame, look)
        self._steps = StepList(self._frame, look)
        self._computer = self._build_computer()
        self._row = ttk.Frame(self._frame)
        self.buttons: dict[str, ttk.Button] = {}
        self._build_buttons(presenter, act, open_log)
        self._countdown = ttk.Label(self._frame, style=theme.MUTED)
        self._record = ttk.Label(self._frame)
        # Whatever is left over goes between the buttons and the last line.
        self._frame.rowconfigure(6, weight=1)
        self._record.grid(row=8, sticky="w", pady=(self._unit, 0))
        root.geometry(f"{_WIDTH * self._unit}x{_HEIGHT * self._unit}")
        root.protocol("WM_DELETE_WINDOW", lambda: act(presenter.wants_to_close))

    def show(self, view: View) -> None:
        """Paint `view`; what has not changed is left alone."""
        before, self._shown = self._shown, view
        if view == before:
            return
        if before is None or before.title != view.title:
            self._root.title(view.title)
        self._heading.configure(text=view.heading)
        show_text(self._who, view.who)
        show_text(self._elapsed, view.elapsed)
        show_text(self._note, view.note)
        self._banner.show(view.state)
        show_text(self._countdown, view.countdown)
        self._record.configure(
            text=f"{view.record.tone.symbol}  {view.record.text}",
            style=self._look.line_text(view.record.tone),
        )
        if view.screen in {Screen.RUNNING, Screen.ENDING}:
            self._card.show(view)
        self._steps.show(view)
        if view.computer_name != self._name.get():
            self._name.configure(state="normal")
            self._name.delete(0, "end")
            self._name.insert(0, view.computer_name)
            self._name.configure(state="readonly")
        if before is None or before.screen is not view.screen:
            self._arrange(view.screen)
        for name, button in self.buttons.items():
            enable(button, on=not view.busy or name in _ALWAYS_ENABLED)
        self._fit()

    def _build_header(self) -> None:
        header = ttk.Frame(self._frame)
        header.columnconfigure(0, weight=1)
        self._heading = ttk.Label(header, style=theme.HEADING)
        self._heading.grid(row=0, column=0, columnspan=2, sticky="ew")
        self._who = ttk.Label(header)
        self._who.grid(row=1, column=0, sticky="w")
        self._elapsed = ttk.Label(header, style=theme.STRONG)
        self._elapsed.grid(row=1, column=1, sticky="e")
        self._note = ttk.Label(header, style=theme.MUTED)
        self._note.grid(row=2, column=0, columnspan=2, sticky="w")
        header.grid(row=0, sticky="ew", pady=(0, self._unit))
        wrap_to_width(self._heading, 40 * self._unit)

    def _build_computer(self) -> ttk.Frame:
        """Build the computer's name in a field one can copy from."""
        frame = ttk.Frame(self._frame)
        frame.columnconfigure(0, weight=1)
        ttk.Label(frame, text=wording.UNKNOWN_NAME).grid(row=0, column=0, columnspan=2, sticky="w")
        # No StringVar: one that the garbage collector finds on a worker's thread calls Tk from there.
        self._name = tk.Entry(frame, font=theme.STRONG_FONT, width=8)
        self._name.configure(self._look.text_options())
        self._name.configure(state="readonly", readonlybackground=self._look.palette.field)
        self._name.grid(row=1, column=0, sticky="nsew", padx=(0, self._unit))
        copy = make_button(frame, wording.COPY, lambda: self._copy(self._name.get()))
        copy.grid(row=1, column=1)
        return frame

    def _build_buttons(
        self,
        presenter: Presenter,
        act: Callable[[Callable[[], None]], None],
        open_log: Callable[[], object],
    ) -> None:
        wide: tuple[tuple[str, str, Callable[[], None], str], ...] = (
            ("end", wording.END, presenter.end, theme.DANGER),
            ("try_again", wording.TRY_AGAIN, presenter.try_again, theme.PRIMARY),
            ("done", wording.CLOSE, presenter.stop, theme.PRIMARY),
        )
        for name, words, do, style in wide:
            self.buttons[name] = make_button(self._frame, words, lambda do=do: act(do), style)  # type: ignore[misc]  # a default argument binds the loop's value
        row: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("note", wording.NOTE, lambda: act(presenter.open_note)),
            ("sync_now", wording.SYNC_NOW, lambda: act(presenter.sync_now)),
            ("leave", wording.LEAVE, lambda: act(presenter.wants_to_close)),
            ("copy_message", wording.COPY, self._copy_message),
            ("log", wording.LOG, open_log),
            ("close", wording.CLOSE, lambda: act(presenter.wants_to_close)),
        )
        for name, words, command in row:
            self.buttons[name] = make_button(self._row, words, command)

    def _arrange(self, screen: Screen) -> None:
        """Put the parts of that screen on the grid, and give the keyboard to its harmless button."""
        unit = self._unit
        for part in (self._card.frame, self._steps.frame, self._computer, *self.buttons.values()):
            part.grid_remove()
        self._banner.frame.grid(row=1, sticky="ew")
        body = {
            Screen.STARTING: self._steps.frame,
            Screen.UNKNOWN_COMPUTER: self._computer,
            Screen.RUNNING: self._card.frame,
            Screen.ENDING: self._card.frame,
        }.get(screen)
        if body:
            body.grid(row=2, sticky="ew", pady=(2 * unit, 0))
        wide, row = _BUTTONS[screen]
        if wide:
            self.buttons[wide].grid(in_=self._frame, row=3, sticky="ew", pady=(2 * unit, 0))
        self._row.grid(row=4, sticky="ew", pady=(unit if wide else 2 * unit, 0))
        for column in range(3):
            used = column < len(row)
            self._row.columnconfigure(column, weight=int(used), uniform="row" if used else "")
        for column, name in enumerate(row):
            self.buttons[name].grid(row=0, column=column, sticky="ew", padx=(0 if column == 0 else unit, 0))
        self._countdown.grid(row=5, sticky="w", pady=(unit, 0))
        if first := _FIRST.get(screen):
            self.buttons[first].focus_set()

    def _fit(self) -> None:
        """Grow when something would be cut off; never shrink what a person has made large."""
        root = self._root
        root.update_idletasks()
        most = min(_MAX_HEIGHT * self._unit, root.winfo_screenheight() - 8 * self._unit)
        width = min(max(root.winfo_reqwidth(), _WIDTH * self._unit), root.winfo_screenwidth())
        height = min(max(root.winfo_reqheight(), _HEIGHT * self._unit), most)
        root.minsize(width, height)
        root.maxsize(root.winfo_screenwidth(), most)

    def _copy_message(self) -> None:
        if self._shown:
            state = self._shown.state
            self._copy(f"{self._shown.heading}\n{state.text}\n{state.detail}")

    def _copy(self, text: str) -> None:
        self._root.clipboard_clear()
        self._root.clipboard_append(text)

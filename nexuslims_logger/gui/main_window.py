"""The main window: paints a `View`, and passes clicks to the presenter."""

from __future__ import annotations

from tkinter import ttk
from typing import TYPE_CHECKING, Final, NamedTuple

from nexuslims_logger.gui import theme, wording
from nexuslims_logger.gui.buttons import enable, make_button, split_mnemonic
from nexuslims_logger.gui.click_shield import ClickShield
from nexuslims_logger.gui.panels import Banner, CopyField, OneLine, ProgressCard, StepList, show_text, wrap_to_width
from nexuslims_logger.gui.view import Screen

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable

    from nexuslims_logger.gui.presenter import Presenter
    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import View

#: In units of the look: 440 x 360 pixels at 96 dpi, and 700 at most.
_WIDTH: Final = 55
_HEIGHT: Final = 45
_MAX_HEIGHT: Final = 87

#: The buttons below the body: the wide one, then the row. *Log* stands at the bottom of every screen.
_BUTTONS: Final[dict[Screen, tuple[str | None, tuple[str, ...]]]] = {
    Screen.STARTING: (None, ()),
    Screen.UNKNOWN_COMPUTER: ("try_again", ("close",)),
    Screen.NO_DATABASE: ("try_again", ("close",)),
    Screen.RUNNING: ("end", ("note", "files", "change_user")),
    Screen.ENDING: (None, ("files", "next_session", "leave")),
    Screen.DONE: ("done", ("files", "next_session")),
    Screen.FAILED: ("try_again", ("copy_message", "close")),
}

#: What has the keyboard at first: where Return does no harm.
_FIRST: Final[dict[Screen, str]] = {
    Screen.UNKNOWN_COMPUTER: "try_again",
    Screen.NO_DATABASE: "try_again",
    Screen.RUNNING: "note",
    Screen.ENDING: "files",
    Screen.DONE: "done",
    Screen.FAILED: "try_again",
}

#: What may be pressed although an answer is still awaited.
_ALWAYS_ENABLED: Final = frozenset({"log", "files", "copy_message", "close", "done"})


class Windows(NamedTuple):
    """Opens the windows that stand beside the main one."""

    note: Callable[[], object]
    files: Callable[[], object]
    log: Callable[[], object]


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
    windows
        Opens the others.
    """

    def __init__(
        self,
        root: tk.Tk,
        look: Look,
        presenter: Presenter,
        act: Callable[[Callable[[], None]], None],
        windows: Windows,
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
        self._banner.frame.grid(row=1, sticky="nsew")
        self._card = ProgressCard(self._frame, look, lambda: act(presenter.sync_now))
        self._steps = StepList(self._frame, look)
        self._to_copy = CopyField(self._frame, look, self._copy)
        self._countdown = ttk.Label(self._frame, style=theme.MUTED)
        self._countdown.grid(row=5, sticky="w", pady=(self._unit, 0))
        #: By name; `tests` press them.
        self.buttons: dict[str, ttk.Button] = {"sync_now": self._card.sync_now}
        self.buttons["question"] = make_button(
            self._banner.frame, wording.ANSWER, lambda: act(presenter.answer_question)
        )
        self.buttons["question"].grid(row=0, column=2, rowspan=4, padx=(self._unit, 0))
        self._build_buttons(presenter, act, windows)
        self._build_footer(windows)
        # Whatever is left over goes to the line of state: the buttons stand at the bottom, whatever it says.
        self._frame.rowconfigure(1, weight=1, minsize=self._banner.usual_height)
        #: Against a click that was meant for what stood there before.
        self.shield = ClickShield(root, (self._card.frame, self._row, *self.buttons.values()))
        root.protocol("WM_DELETE_WINDOW", lambda: act(presenter.wants_to_close))

    @property
    def usual_size(self) -> tuple[int, int]:
        """Width and height, in pixels, for who has not chosen another size."""
        return _WIDTH * self._unit, _HEIGHT * self._unit

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
        self._note.show(view.note)
        self._banner.show(view.state)
        self._show_question(view.question)
        show_text(self._countdown, view.countdown)
        self._record.configure(
            text=f"{view.record.tone.symbol}  {view.record.text}",
            style=self._look.line_text(view.record.tone),
        )
        if view.screen in {Screen.RUNNING, Screen.ENDING}:
            self._card.show(view)
        self._steps.show(view)
        self._to_copy.show(view.to_copy_label, view.to_copy)
        if before is None or before.screen is not view.screen:
            self._arrange(view)
        for name, button in self.buttons.items():
            allowed = name != "note" or view.may_write
            enable(button, on=allowed and (not view.busy or name in _ALWAYS_ENABLED))
        if before is None or _shape(before) != _shape(view):
            self._fit()
            self._root.after_idle(self._fit)  # once more: broken lines know their height only now

    def _build_header(self) -> None:
        header = ttk.Frame(self._frame)
        header.columnconfigure(0, weight=1)
        self._heading = ttk.Label(header, style=theme.HEADING)
        self._heading.grid(row=0, column=0, sticky="ew")
        self._elapsed = ttk.Label(header, style=theme.HEADING)
        self._elapsed.grid(row=0, column=1, sticky="ne", padx=(self._unit, 0))
        self._who = ttk.Label(header)
        self._who.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(self._unit // 4, 0))
        self._note = OneLine(header, theme.MUTED, 40 * self._unit)
        self._note.label.grid(row=2, column=0, columnspan=2, sticky="ew")
        header.grid(row=0, sticky="ew", pady=(0, self._unit + self._unit // 2))
        wrap_to_width(self._heading, 30 * self._unit)
        wrap_to_width(self._who, 40 * self._unit)

    def _build_footer(self, windows: Windows) -> None:
        footer = ttk.Frame(self._frame)
        footer.columnconfigure(0, weight=1)
        self._record = ttk.Label(footer)
        self._record.grid(row=0, column=0, sticky="w")
        self.buttons["log"] = make_button(footer, wording.LOG, windows.log, theme.QUIET)
        self.buttons["log"].grid(row=0, column=1, sticky="e")
        footer.grid(row=7, sticky="ew", pady=(self._unit, 0))

    def _build_buttons(
        self,
        presenter: Presenter,
        act: Callable[[Callable[[], None]], None],
        windows: Windows,
    ) -> None:
        wide: tuple[tuple[str, str, Callable[[], None], str], ...] = (
            ("end", wording.END, presenter.end, theme.DANGER),
            ("try_again", wording.TRY_AGAIN, presenter.try_again, theme.PRIMARY),
            ("done", wording.CLOSE, presenter.stop, theme.PRIMARY),
        )
        for name, words, do, style in wide:
            self.buttons[name] = make_button(self._frame, words, lambda do=do: act(do), style)  # type: ignore[misc]  # a default argument binds the loop's value
        self._row = ttk.Frame(self._frame)  # made here: Tab goes in the order in which things are made
        row: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("note", wording.NOTE, windows.note),
            ("files", wording.FILES, windows.files),
            ("change_user", wording.CHANGE_USER, lambda: act(presenter.open_change_user)),
            ("next_session", wording.NEXT_SESSION, lambda: act(presenter.open_change_user)),
            ("leave", wording.LEAVE, lambda: act(presenter.wants_to_close)),
            ("copy_message", wording.COPY, self._copy_message),
            ("close", wording.CLOSE, lambda: act(presenter.wants_to_close)),
        )
        for name, words, command in row:
            self.buttons[name] = make_button(self._row, words, command)

    def _show_question(self, words: str) -> None:
        """Show the button beside the line of state when something was put off."""
        button = self.buttons["question"]
        if words:
            text, place = split_mnemonic(words)
            button.configure(text=text, underline=place)
            button.grid()
        else:
            button.grid_remove()

    def _arrange(self, view: View) -> None:
        """Put the parts of that screen on the grid, and give the keyboard to its harmless button."""
        screen, unit = view.screen, self._unit
        for name, button in self.buttons.items():
            if name not in {"log", "sync_now", "question"}:
                button.grid_remove()
        bodies = {
            Screen.STARTING: self._steps.frame,
            Screen.UNKNOWN_COMPUTER: self._to_copy.frame,
            Screen.DONE: self._to_copy.frame,
            Screen.RUNNING: self._card.frame,
            Screen.ENDING: self._card.frame,
        }
        for body in bodies.values():
            body.grid_remove()
        if screen in bodies and (view.to_copy or bodies[screen] is not self._to_copy.frame):
            bodies[screen].grid(row=2, sticky="ew", pady=(unit + unit // 2, 0))
        wide, row = _BUTTONS[screen]
        if wide:
            self.buttons[wide].grid(in_=self._frame, row=3, sticky="ew", pady=(2 * unit, 0))
        self._row.grid(row=4, sticky="ew", pady=(unit if wide else 2 * unit, 0))
        for column in range(3):
            self._row.columnconfigure(column, weight=int(column < len(row)))
        for column, name in enumerate(row):
            self.buttons[name].grid(row=0, column=column, sticky="ew", padx=(0 if column == 0 else unit, 0))
        self._give_keyboard(view)

    def take_keyboard_back(self) -> None:
        """After a dialog: where no button has the ring, because none had it before, the harmless one gets it."""
        if self._shown and self._root.focus_lastfor() is self._root:
            self._give_keyboard(self._shown)

    def _give_keyboard(self, view: View) -> None:
        if first := _FIRST.get(view.screen):
            self.buttons["files" if first == "note" and not view.may_write else first].focus_set()

    def _fit(self) -> None:
        """Grow when something would be cut off; never shrink what a person has made large."""
        root = self._root
        root.update_idletasks()
        most = min(_MAX_HEIGHT * self._unit, root.winfo_screenheight() - 5 * self._unit)
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


def _shape(view: View) -> tuple[object, ...]:
    """Return what the window's least size depends on: all but the numbers that run."""
    return view.screen, view.heading, view.who, view.note, view.state, view.question, view.record, view.countdown == ""

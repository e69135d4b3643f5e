"""A dialog that must be answered first: its frame, its rows, and where it stands."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Final, NamedTuple

from nexuslims_logger.gui import theme, wording
from nexuslims_logger.gui.buttons import make_button
from nexuslims_logger.gui.panels import wrap_to_width
from nexuslims_logger.gui.view import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import View

#: In letters.
_WIDTH: Final = 50
#: What an answer means has at least so much room.
_NARROW: Final = 20


class Choice(NamedTuple):
    """One answer: the button's words, what it means, and what it does."""

    words: str
    meaning: str
    command: Callable[[], None]
    style: str = "TButton"


class ModalDialog:
    """A dialog that must be answered first.

    Parameters
    ----------
    parent
        The main window.
    look
        Its colours, fonts and distances.
    title
        The heading.
    dismiss
        What its cross and Escape do.
    columns
        How many buttons stand beside each other.
    """

    def __init__(self, parent: tk.Tk, look: Look, title: str, dismiss: Callable[[], None], *, columns: int = 3) -> None:
        self._columns = columns
        self._look = look
        self._parent = parent
        self._unit = look.unit
        self._letter = look.letter
        self.window = tk.Toplevel(parent, background=look.palette.ground)
        self.window.withdraw()
        self.window.title(wording.PROGRAM)
        self.window.transient(parent)
        self.window.protocol("WM_DELETE_WINDOW", dismiss)
        self.window.bind("<Escape>", lambda _event: dismiss())
        self.frame = ttk.Frame(self.window, padding=2 * self._unit)
        self.frame.pack(fill="both", expand=True)
        self.frame.columnconfigure(0, weight=1)
        heading = ttk.Label(self.frame, text=title, style=theme.STRONG)
        heading.grid(row=0, column=0, sticky="ew")
        wrap_to_width(heading, (_WIDTH - 4) * self._letter)
        self.buttons: list[ttk.Button] = []
        #: Shows what has changed since it was opened.
        self.refresh: Callable[[View], None] = lambda _view: None
        self._wrong: ttk.Label | None = None
        self._buttons = ttk.Frame(self.frame)

    def add_text(self, text: str, row: int, style: str = "TLabel") -> ttk.Label:
        """Add a paragraph; return its label."""
        label = ttk.Label(self.frame, text=text, style=style)
        label.grid(row=row, column=0, sticky="ew", pady=(self._unit, 0))
        wrap_to_width(label, (_WIDTH - 4) * self._letter)
        return label

    def add_complaint(self, *fields: tk.Misc) -> None:
        """Keep a line free for what is wrong with the answer; the next key or click in one of `fields` clears it."""
        self._wrong = self.add_text("", 8, self._look.line_text(Tone.PROBLEM))
        for field in fields:
            for event in ("<Key>", "<Button-1>"):
                field.bind(event, lambda _event: self.complain(""), add="+")

    def complain(self, wrong: str) -> None:
        """Say what is wrong with the answer, "" for nothing; a dialog that was answered is gone."""
        if self._wrong and self._wrong.winfo_exists():
            self._wrong.configure(text=f"{Tone.PROBLEM.symbol}  {wrong}" if wrong else "")
            self.window.update_idletasks()
            self._fit()

    def add_table(self, facts: Sequence[tuple[str, str]], row: int) -> None:
        """Add pairs of a label and what it says."""
        table = ttk.Frame(self.frame)
        table.grid(row=row, column=0, sticky="ew", pady=(self._unit, 0))
        table.columnconfigure(1, weight=1)
        for number, (label, text) in enumerate(facts):
            name = ttk.Label(table, text=label, style=theme.MUTED)
            name.grid(row=number, column=0, sticky="nw", padx=(0, 2 * self._unit))
            value = ttk.Label(table, text=text)
            value.grid(row=number, column=1, sticky="ew", pady=(0, self._unit // 2))
            wrap_to_width(value, (_WIDTH - 16) * self._letter)

    def add_choices(self, choices: Sequence[Choice], row: int) -> list[ttk.Button]:
        """Add answers below each other, each with what it means beside it; return their buttons."""
        table = ttk.Frame(self.frame)
        table.grid(row=row, column=0, sticky="ew", pady=(self._unit, 0))
        table.columnconfigure(1, weight=1)
        buttons = [make_button(table, choice.words, choice.command, choice.style) for choice in choices]
        room = (_WIDTH - 6) * self._letter - max(button.winfo_reqwidth() for button in buttons)
        for number, (button, choice) in enumerate(zip(buttons, choices, strict=True)):
            button.grid(row=number, column=0, sticky="ew", pady=(self._unit, 0))
            meaning = ttk.Label(table, text=choice.meaning)
            meaning.grid(row=number, column=1, sticky="ew", padx=(2 * self._unit, 0), pady=(self._unit, 0))
            wrap_to_width(meaning, max(room, _NARROW * self._letter))
        return buttons

    def add_button(self, words: str, command: Callable[[], None], style: str = "TButton") -> ttk.Button:
        """Add a button to those at the bottom."""
        self._buttons.grid(row=9, column=0, sticky="ew", pady=(2 * self._unit, 0))
        row, column = divmod(len(self.buttons), self._columns)
        self._buttons.columnconfigure(column, weight=1)
        button = make_button(self._buttons, words, command, style)
        apart = (self._unit if column else 0, 0), (self._unit if row else 0, 0)
        button.grid(row=row, column=column, sticky="nsew", padx=apart[0], pady=apart[1])
        self.buttons.append(button)
        return button

    def open(self, focus: tk.Misc) -> None:
        """Show the dialog over its parent, and give it the keyboard."""
        window = self.window
        if len(self.buttons) > self._columns and len(self.buttons) % self._columns == 1:
            self.buttons[-1].grid(columnspan=self._columns)
        window.update_idletasks()
        self._fit()
        # A grab fails before the window is on the screen.
        window.bind("<Map>", lambda _event: window.grab_set())
        window.deiconify()
        focus.focus_set()

    def _fit(self) -> None:
        """Have room for everything, on the screen; a dialog that fits already stays where it is."""
        window, parent = self.window, self._parent
        width = max(_WIDTH * self._letter, window.winfo_reqwidth())
        height = window.winfo_reqheight()
        least_width, least_height = window.minsize()
        if width <= least_width and height <= least_height:
            return
        x = parent.winfo_rootx() + (parent.winfo_width() - width) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - height) // 3
        x = min(max(x, 0), max(0, window.winfo_screenwidth() - width))
        y = min(max(y, 0), max(0, window.winfo_screenheight() - height))
        window.geometry(f"{width}x{height}+{x}+{y}")
        window.minsize(width, height)

    def close(self) -> None:
        """Take the dialog down."""
        self.window.destroy()

"""The parts of the main window: the line of state, the transfer, the steps of the start."""

from __future__ import annotations

import tkinter as tk
from tkinter import font, ttk
from typing import TYPE_CHECKING, Final

from nexuslims_logger.gui import theme, wording
from nexuslims_logger.gui.buttons import make_button
from nexuslims_logger.gui.fitting import shorten, shorten_words
from nexuslims_logger.gui.view import StepState, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import Line, View

_STEP_TONES: Final = {
    StepState.DONE: Tone.GOOD,
    StepState.ACTIVE: Tone.BUSY,
    StepState.OPEN: Tone.CALM,
}

_LEAD_LINES: Final = 2
_DETAIL_LINES: Final = 3
#: Of the edges of the banner and of its two texts.
_BANNER_UNITS: Final = 4.5


def wrap_to_width(label: ttk.Label, narrow: int) -> None:
    """Break `label`'s lines at the width it is given; until then at `narrow`, lest it widens the window."""
    label.configure(wraplength=narrow)
    label.bind("<Configure>", lambda event: label.configure(wraplength=max(1, event.width - 4)))


class OneLine:
    """A label that keeps to one line, as wide as it is given: what is too long loses its middle."""

    def __init__(self, parent: tk.Misc, style: str, narrow: int) -> None:
        self.label = ttk.Label(parent, style=style)
        self._measure = font.nametofont(theme.BASE_FONT, parent).measure
        self._text, self._room = "", narrow
        self.label.bind("<Configure>", self._resized)

    def show(self, text: str) -> None:
        """Show that text."""
        self._text = text
        self.label.configure(text=shorten(text, self._room, self._measure))

    def _resized(self, event: tk.Event[tk.Misc]) -> None:
        self._room = max(1, event.width - 2)
        self.show(self._text)


def show_text(label: ttk.Label, text: str) -> None:
    """Show a label that takes no room while it is empty."""
    label.configure(text=text)
    if text:
        label.grid()
    else:
        label.grid_remove()


class Banner:
    """The one line of state, to be read from two metres: symbol, sentence, and what to do below it."""

    def __init__(self, parent: tk.Misc, look: Look) -> None:
        self._look = look
        unit = look.unit
        self.frame = ttk.Frame(parent, padding=(unit, unit + unit // 2))
        self.frame.columnconfigure(1, weight=1)
        for edge in (0, 3):  # what is said stands in the middle of the room that is kept
            self.frame.rowconfigure(edge, weight=1)
        self._symbol = ttk.Label(self.frame, width=2, anchor="center")
        self._symbol.grid(row=1, column=0, sticky="n", padx=(0, unit // 2))
        self._text = ttk.Label(self.frame)
        self._text.grid(row=1, column=1, sticky="ew")
        self._detail = ttk.Label(self.frame)
        self._detail.grid(row=2, column=1, sticky="ew", pady=(unit // 2, 0))
        for label in (self._text, self._detail):
            wrap_to_width(label, 40 * unit)
        self._words = ""
        self._lead = font.nametofont(theme.LEAD_FONT, self.frame)
        self._text.bind("<Configure>", lambda _event: self._show_words(), add="+")
        lines = self._lead.metrics("linespace"), font.nametofont(theme.BASE_FONT, self.frame).metrics("linespace")
        #: Of what is usually said, in pixels: so much room is kept, lest the buttons below it move.
        self.usual_height = _LEAD_LINES * lines[0] + _DETAIL_LINES * lines[1] + round(_BANNER_UNITS * unit)

    def show(self, line: Line) -> None:
        """Paint the line in its tone."""
        look = self._look
        self.frame.configure(style=look.banner(line.tone))
        strong = look.banner_text(line.tone, strong=True)
        self._symbol.configure(text=line.tone.symbol, style=strong)
        self._text.configure(style=strong)
        self._words = line.text
        self._show_words()
        self._detail.configure(style=look.banner_text(line.tone))
        show_text(self._detail, line.detail)

    def _show_words(self) -> None:
        """Show the sentence; a name that is wider than the line is shortened, not broken."""
        room = int(str(self._text.cget("wraplength")))
        self._text.configure(text=shorten_words(self._words, room, self._lead.measure))


class ProgressCard:
    """How far the files are, when that was last looked at, and *Sync now*.

    Parameters
    ----------
    parent, look
        Where, and how.
    sync_now
        What the button does.
    """

    def __init__(self, parent: tk.Misc, look: Look, sync_now: Callable[[], object]) -> None:
        unit = look.unit
        self.frame = ttk.Frame(parent, style=theme.CARD, padding=(unit + unit // 2, unit))
        self.frame.columnconfigure(0, weight=1)
        self._counts = ttk.Label(self.frame)
        self._counts.grid(row=0, column=0, sticky="w")
        self._rate = ttk.Label(self.frame, style=theme.MUTED)
        self._rate.grid(row=0, column=1, sticky="e")
        self._bar = ttk.Progressbar(self.frame, maximum=1.0)
        self._bar.grid(row=1, column=0, columnspan=2, sticky="ew", pady=unit // 2)
        self._checked = ttk.Label(self.frame, style=theme.MUTED)
        self._checked.grid(row=2, column=0, sticky="w")
        self.sync_now = make_button(self.frame, wording.SYNC_NOW, sync_now, theme.QUIET)
        self.sync_now.grid(row=2, column=1, sticky="e")

    def show(self, view: View) -> None:
        """Paint bar and numbers."""
        self._bar.configure(value=view.fraction or 0.0)
        self._counts.configure(text=view.counts)
        self._rate.configure(text=view.rate)
        self._checked.configure(text=view.checked)


class StepList:
    """The steps of the start, and a bar."""

    def __init__(self, parent: tk.Misc, look: Look) -> None:
        self._look = look
        unit = look.unit
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(1, weight=1)
        self._bar = ttk.Progressbar(self.frame, maximum=1.0)
        self._bar.grid(row=0, column=0, columnspan=2, sticky="ew", pady=(0, unit))
        self._rows: list[tuple[ttk.Label, ttk.Label]] = []

    def show(self, view: View) -> None:
        """Paint the steps of `view`, if it has any."""
        if not view.steps:
            return
        self._bar.configure(value=view.fraction or 0.0)
        while len(self._rows) < len(view.steps):
            self._add_row()
        for step, (symbol, text) in zip(view.steps, self._rows, strict=True):
            tone = _STEP_TONES[step.state]
            symbol.configure(text=tone.symbol, style=self._look.line_text(tone))
            style = {Tone.BUSY: theme.STRONG, Tone.CALM: theme.MUTED}.get(tone, "TLabel")
            text.configure(text=step.text, style=style)

    def _add_row(self) -> None:
        row = len(self._rows) + 1
        symbol = ttk.Label(self.frame, width=2, anchor="center")
        symbol.grid(row=row, column=0, padx=(0, self._look.unit // 2), pady=self._look.unit // 4)
        text = ttk.Label(self.frame)
        text.grid(row=row, column=1, sticky="ew")
        wrap_to_width(text, 40 * self._look.unit)
        self._rows.append((symbol, text))


class CopyField:
    """Something that one wants to take along, in a field with *Copy* beside it."""

    def __init__(self, parent: tk.Misc, look: Look, copy: Callable[[str], None]) -> None:
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self._label = ttk.Label(self.frame)
        self._label.grid(row=0, column=0, columnspan=2, sticky="w", pady=(0, look.unit // 2))
        # No StringVar: one that the garbage collector finds on a worker's thread calls Tk from there.
        self._field = tk.Entry(self.frame, font=theme.STRONG_FONT, width=8)
        self._field.configure(look.text_options())
        self._field.configure(state="readonly", readonlybackground=look.palette.field)
        self._field.grid(row=1, column=0, sticky="nsew", padx=(0, look.unit))
        button = make_button(self.frame, wording.COPY, lambda: copy(self._field.get()))
        button.grid(row=1, column=1)

    def show(self, label: str, text: str) -> None:
        """Show that text."""
        self._label.configure(text=label)
        if text != self._field.get():
            self._field.configure(state="normal")
            self._field.delete(0, "end")
            self._field.insert(0, text)
            self._field.configure(state="readonly")
            self._field.xview("end")

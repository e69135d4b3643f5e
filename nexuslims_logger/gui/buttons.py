"""Buttons that a keyboard reaches: Tab, Space, Return, and Alt with the underlined letter."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

from nexuslims_logger.gui import theme

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.gui.theme import Look


def split_mnemonic(words: str) -> tuple[str, int]:
    """Return the text without its ampersand, and the place of the letter after it (-1 for none)."""
    place = words.find("&")
    return (words, -1) if place < 0 else (words[:place] + words[place + 1 :], place)


def make_button(parent: tk.Misc, words: str, command: Callable[[], object], style: str = "TButton") -> ttk.Button:
    """Return a button with its keys bound.

    Parameters
    ----------
    parent
        Where it stands.
    words
        Its text from `wording`, with an ampersand before the letter that presses it.
    command
        What it does.
    style
        One of the theme's.
    """
    text, place = split_mnemonic(words)
    button = ttk.Button(parent, text=text, underline=place, command=command, style=style)
    button.bind("<Return>", lambda _event: button.invoke())
    if place >= 0:
        letter = text[place]
        for key in (letter.lower(), letter.upper()):
            _bind_key(button, f"<Alt-{key}>")
    return button


def _bind_key(button: ttk.Button, sequence: str) -> None:
    """Press `button` by a key of its window, when it is to be seen and can be pressed."""

    def press(_event: tk.Event[tk.Misc]) -> None:
        if button.winfo_exists() and button.winfo_viewable() and button.instate(["!disabled"]):
            button.focus_set()
            button.invoke()

    button.winfo_toplevel().bind(sequence, press, add="+")


def enable(button: ttk.Button, *, on: bool) -> None:
    """Let a button be pressed, or not."""
    button.state(["!disabled" if on else "disabled"])


class Choices:
    """A row of buttons of which one is chosen: a filter.

    Parameters
    ----------
    parent, look
        Where, and how.
    words
        Of the buttons, from `wording`.
    on_choice
        Told the number of the one that was pressed.
    """

    def __init__(self, parent: tk.Misc, look: Look, words: Sequence[str], on_choice: Callable[[int], object]) -> None:
        self.frame = ttk.Frame(parent)
        self._on_choice = on_choice
        #: The number of the chosen one.
        self.chosen = 0
        self.buttons = [
            make_button(self.frame, text, lambda number=number: self.choose(number), theme.CHOICE)  # type: ignore[misc]  # binds the loop's value
            for number, text in enumerate(words)
        ]
        for column, button in enumerate(self.buttons):
            button.grid(row=0, column=column, padx=(0, look.unit // 2))
            for key, step in (("<Left>", -1), ("<Right>", 1)):
                button.bind(key, lambda _event, number=column + step: self._walk(number))  # type: ignore[misc]  # as above
        self._paint()

    def choose(self, number: int) -> None:
        """Choose that one."""
        self.chosen = number
        self._paint()
        self._on_choice(number)

    def relabel(self, words: Sequence[str]) -> None:
        """Change what the buttons say, but not their keys."""
        for button, text in zip(self.buttons, words, strict=True):
            button.configure(text=text)

    def _walk(self, number: int) -> None:
        number %= len(self.buttons)
        self.buttons[number].focus_set()
        self.choose(number)

    def _paint(self) -> None:
        for number, button in enumerate(self.buttons):
            button.state(["selected" if number == self.chosen else "!selected"])

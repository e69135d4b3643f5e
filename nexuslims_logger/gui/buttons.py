"""Buttons that a keyboard reaches: Tab, Space, Return, and Alt with the underlined letter."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


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

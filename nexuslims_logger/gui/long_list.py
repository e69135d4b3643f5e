"""A table of any length: only the rows that are to be seen exist as widgets."""

from __future__ import annotations

import functools
import tkinter as tk
from tkinter import font, ttk
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from nexuslims_logger.gui import theme
from nexuslims_logger.gui.fitting import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nexuslims_logger.gui.theme import Look
    from nexuslims_logger.gui.view import Tone

_WHEEL_ROWS: Final = 3
_WHEEL_NOTCH: Final = 120
_UP: Final = "\N{BLACK UP-POINTING TRIANGLE}"
_DOWN: Final = "\N{BLACK DOWN-POINTING TRIANGLE}"
#: Of the width, at most, for the columns that do not grow: a name can lose its middle, a state is wanted whole.
_OTHERS_PART: Final = 0.7
#: So many words' widths are remembered.
_MEASURED: Final = 2_000


class Heading(NamedTuple):
    """One column: its words, whether it is a number, and whether it takes the room that the others leave."""

    words: str
    number: bool = False
    grows: bool = False


class LongList:
    """Rows numbered from 0, put into words by `cells` when they come into sight.

    Parameters
    ----------
    parent, look
        Where, and how.
    headings
        The columns.
    cells
        Returns a row's words and tone.
    on_select
        Called when another row is selected.
    on_heading
        Told the number of a column whose heading was pressed.
    """

    def __init__(  # noqa: PLR0913 - its two callbacks are named
        self,
        parent: tk.Misc,
        look: Look,
        headings: Sequence[Heading],
        cells: Callable[[int], tuple[tuple[str, ...], Tone]],
        *,
        on_select: Callable[[], object],
        on_heading: Callable[[int], object],
    ) -> None:
        self._cells = cells
        self._headings = headings
        self._unit = look.unit
        # Each question goes to Tk, and most words are asked about again at the next look.
        self._measure = functools.lru_cache(_MEASURED)(font.nametofont(theme.BASE_FONT, parent).measure)
        #: Of the columns, in pixels: as wide as what has stood there.
        self._widths = [self._measure(f"{heading.words} {_DOWN}") + 2 * look.unit for heading in headings]
        self._on_select = on_select
        self._count = 0
        self._top = 0
        self._slots: list[str] = []
        #: What stands in each of them.
        self._painted: dict[str, tuple[tuple[str, ...], str]] = {}
        #: The number of the selected row, None without one.
        self.selected: int | None = None
        self.frame = ttk.Frame(parent)
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        names = [str(number) for number in range(len(headings))]
        self.tree = ttk.Treeview(
            self.frame, columns=names, show="headings", selectmode="browse", height=1, style=theme.LIST
        )
        for number, heading in enumerate(headings):
            self._add_column(number, heading, on_heading)
        self.tree.grid(row=0, column=0, sticky="nsew")
        for tone, colour in look.list_colours().items():
            self.tree.tag_configure(tone.value, foreground=colour)
        self._bar = ttk.Scrollbar(self.frame, command=self._scroll)
        self._bar.grid(row=0, column=1, sticky="ns")
        self._row_height = look.row_height
        base = font.nametofont(theme.BASE_FONT, self.tree)
        self._head_height = base.metrics("linespace") + look.unit
        self._bind()

    def show(self, count: int, selected: int | None) -> None:
        """Show `count` rows, which may be others than before, with that one selected."""
        self._count = count
        self.selected = selected
        self._top = min(self._top, max(0, count - self._page))
        self._paint()

    def mark(self, column: int, *, descending: bool) -> None:
        """Show by which column the rows are sorted, and which way."""
        for number, heading in enumerate(self._headings):
            sign = f" {_DOWN if descending else _UP}" if number == column else ""
            self.tree.heading(str(number), text=f"{heading.words}{sign}")

    def see(self, number: int) -> None:
        """Scroll as little as it takes to bring a row into sight."""
        self._move_to(min(max(self._top, number - self._page + 1), number))

    @property
    def _page(self) -> int:
        return max(1, len(self._slots))

    def _add_column(self, number: int, heading: Heading, on_heading: Callable[[int], object]) -> None:
        side: Literal["e", "w"] = "e" if heading.number else "w"
        self.tree.heading(number, text=heading.words, anchor=side, command=lambda: on_heading(number))
        width = self._widths[number]
        self.tree.column(number, width=width, minwidth=width // 2, stretch=heading.grows, anchor=side)

    def _share_out(self, rows: Sequence[tuple[str, ...]]) -> list[int]:
        """Give each column its words' width, and what is left to the one that grows; return the room for words.

        In a narrow window that one keeps a third, and the widest of the others gives way.
        """
        fixed = [number for number, heading in enumerate(self._headings) if not heading.grows]
        for row in rows:
            for number in fixed:
                self._widths[number] = max(self._widths[number], self._measure(row[number]) + 2 * self._unit)
        widths = list(self._widths)
        whole = max(1, self.tree.winfo_width() - 2)
        growing = [number for number in range(len(widths)) if number not in fixed]
        over = sum(widths[number] for number in fixed) - whole * _OTHERS_PART
        if over > 0:
            widest = max(fixed, key=widths.__getitem__)
            widths[widest] = max(widths[widest] // 2, round(widths[widest] - over))
        for number in growing:
            widths[number] = max(1, whole - sum(widths[other] for other in fixed)) // len(growing)
        for number, width in enumerate(widths):
            if self.tree.column(str(number), "width") != width:
                self.tree.column(str(number), width=width)
        return [width - self._unit for width in widths]

    def _bind(self) -> None:
        self.tree.bind("<Configure>", lambda event: self._fill(event.height))
        for key, step in (("<Up>", -1), ("<Down>", 1)):
            self.tree.bind(key, lambda _event, step=step: self._walk(step))  # type: ignore[misc]  # binds the loop's value
        self.tree.bind("<Prior>", lambda _event: self._walk(-self._page))
        self.tree.bind("<Next>", lambda _event: self._walk(self._page))
        self.tree.bind("<Home>", lambda _event: self._walk(-self._count))
        self.tree.bind("<End>", lambda _event: self._walk(self._count))
        self.tree.bind("<MouseWheel>", lambda event: self._wheel(-_WHEEL_ROWS * round(event.delta / _WHEEL_NOTCH)))
        self.tree.bind("<Button-4>", lambda _event: self._wheel(-_WHEEL_ROWS))
        self.tree.bind("<Button-5>", lambda _event: self._wheel(_WHEEL_ROWS))
        self.tree.bind("<Button-1>", self._click, add="+")

    def _fill(self, height: int) -> None:
        """Have as many rows as there is room for."""
        wanted = max(1, (height - self._head_height) // self._row_height)
        while len(self._slots) < wanted:
            self._slots.append(self.tree.insert("", "end"))
        while len(self._slots) > wanted:
            gone = self._slots.pop()
            self._painted.pop(gone, None)
            self.tree.delete(gone)
        self._top = min(self._top, max(0, self._count - self._page))
        self._paint()

    def _paint(self) -> None:
        seen = [self._cells(number) for number in range(self._top, min(self._top + self._page, self._count))]
        rooms = self._share_out([words for words, _tone in seen])
        for place, slot in enumerate(self._slots):
            wanted: tuple[tuple[str, ...], str] = (), ""
            if place < len(seen):
                words, tone = seen[place]
                fitting = (shorten(word, room, self._measure) for word, room in zip(words, rooms, strict=True))
                wanted = tuple(fitting), tone.value
            if self._painted.get(slot) != wanted:
                self._painted[slot] = wanted
                self.tree.item(slot, values=wanted[0], tags=wanted[1])
        chosen = None if self.selected is None else self.selected - self._top
        if chosen is not None and 0 <= chosen < len(self._slots):
            self.tree.selection_set(self._slots[chosen])
        else:
            self.tree.selection_set(())
        whole = max(1, self._count)
        self._bar.set(self._top / whole, min(1.0, (self._top + self._page) / whole))

    def _scroll(self, how: str, amount: str, unit: str = "") -> None:
        """Do what the scroll bar asks: ``moveto FRACTION``, or ``scroll NUMBER units`` (or ``pages``)."""
        if how == "moveto":
            self._move_to(round(float(amount) * self._count))
        else:
            self._move_to(self._top + int(amount) * (self._page if unit == "pages" else 1))

    def _move_to(self, top: int) -> None:
        top = min(max(0, top), max(0, self._count - self._page))
        if top != self._top:
            self._top = top
            self._paint()

    def _walk(self, step: int) -> str:
        if self._count:
            at = -1 if self.selected is None else self.selected
            self._select(min(max(0, at + step), self._count - 1))
        return "break"

    def _wheel(self, rows: int) -> str:
        self._move_to(self._top + rows)
        return "break"

    def _click(self, event: tk.Event[ttk.Treeview]) -> None:
        slot = self.tree.identify_row(event.y)
        if slot in self._slots and (number := self._top + self._slots.index(slot)) < self._count:
            self.tree.after_idle(lambda: self._select(number))

    def _select(self, number: int) -> None:
        self.selected = number
        self.see(number)
        self._paint()
        self._on_select()

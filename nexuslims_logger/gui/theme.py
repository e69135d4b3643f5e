"""How the widgets look: ttk's `clam` in our palette, with the named fonts, measured in points."""

from __future__ import annotations

from tkinter import font, ttk
from typing import TYPE_CHECKING, Any, Final

from nexuslims_logger.gui import dpi
from nexuslims_logger.gui.palette import Pair
from nexuslims_logger.gui.view import Tone

if TYPE_CHECKING:
    import tkinter as tk

    from nexuslims_logger.gui.palette import Palette

# The styles. A style's last part is ttk's own class.
HEADING: Final = "Heading.TLabel"
STRONG: Final = "Strong.TLabel"
MUTED: Final = "Muted.TLabel"
CARD: Final = "Card.TFrame"
DANGER: Final = "Danger.TButton"
PRIMARY: Final = "Primary.TButton"
QUIET: Final = "Quiet.TButton"
CHOICE: Final = "Choice.TButton"
LIST: Final = "Treeview"

BASE_FONT: Final = "TkDefaultFont"
STRONG_FONT: Final = "TkCaptionFont"
HEADING_FONT: Final = "TkHeadingFont"
LEAD_FONT: Final = "TkSmallCaptionFont"
FIXED_FONT: Final = "TkFixedFont"

#: In proportion to ordinary text.
_HEADING_RATIO: Final = 1.6
_LEAD_RATIO: Final = 1.3

#: In pixels: what can still be read.
_LEAST_UNIT: Final = 4
_LEAST_TEXT: Final = 12


class Look:
    """Palette, fonts and spacing of one window.

    Parameters
    ----------
    root
        The window to dress.
    palette
        The colours.
    text_size
        Of ordinary text, in points.
    """

    def __init__(self, root: tk.Tk, palette: Palette, text_size: int) -> None:
        self.palette = palette
        #: The grid of all distances.
        reduction = dpi.reduction(root, text_size)
        self.unit = max(_LEAST_UNIT, round(reduction * dpi.unit(root)))
        self._style = ttk.Style(root)
        self._style.theme_use("clam")
        root.configure(background=palette.ground)
        # In points; on a small screen in pixels, which Tk takes as a negative number.
        pixels = max(_LEAST_TEXT, reduction * root.winfo_fpixels(f"{text_size}p"))
        _size_fonts(root, text_size if reduction >= 1 else -pixels)
        #: The width of a letter, in pixels: what words stand in is as wide as so many of them.
        self.letter = max(self.unit, font.nametofont(BASE_FONT, root).measure("0"))
        self._plain()
        self._buttons()
        self._tones()
        self._list(font.nametofont(BASE_FONT, root).metrics("linespace"))

    def banner(self, tone: Tone) -> str:
        """Return the style of a line's ground."""
        return f"{tone.value}.Banner.TFrame"

    def banner_text(self, tone: Tone, *, strong: bool = False) -> str:
        """Return the style of a line's words."""
        return f"{tone.value}.{'Strong' if strong else 'Text'}.Banner.TLabel"

    def line_text(self, tone: Tone) -> str:
        """Return the style of a line on the window's own ground."""
        return f"{tone.value}.Line.TLabel"

    def text_options(self) -> dict[str, Any]:
        """Return the colours and borders of a `tk.Text` or `tk.Entry`, which no style reaches."""
        colours = self.palette
        return {
            "background": colours.field,
            "foreground": colours.text,
            "insertbackground": colours.text,
            "selectbackground": colours.accent,
            "selectforeground": colours.field,
            "highlightbackground": colours.border,
            "highlightcolor": colours.accent,
            "highlightthickness": 1,
            "relief": "flat",
            "borderwidth": self.unit // 2,
        }

    def list_colours(self) -> dict[Tone, str]:
        """Return the colours of the words in a list, by tone: only what needs somebody is to stand out."""
        return dict.fromkeys(Tone, self.palette.text) | {Tone.PROBLEM: self.palette.tones[Tone.PROBLEM].text}

    def _list(self, text_height: int) -> None:
        colours, style = self.palette, self._style
        #: Of a list, in pixels.
        self.row_height = text_height + self.unit // 2
        style.configure(
            LIST,
            rowheight=self.row_height,
            background=colours.field,
            fieldbackground=colours.field,
            foreground=colours.text,
            bordercolor=colours.border,
            lightcolor=colours.field,
            darkcolor=colours.field,
        )
        style.map(
            LIST,
            background=[("selected", colours.primary.ground)],
            foreground=[("selected", colours.primary.text)],
            bordercolor=[("focus", colours.accent)],
        )
        style.configure(
            f"{LIST}.Heading",
            font=BASE_FONT,
            background=colours.ground,
            foreground=colours.muted,
            bordercolor=colours.border,
            lightcolor=colours.ground,
            darkcolor=colours.ground,
            relief="flat",
            padding=(self.unit // 2, self.unit // 4),
        )
        style.map(f"{LIST}.Heading", background=[("active", colours.button_over.ground)])

    def _plain(self) -> None:
        colours, style = self.palette, self._style
        style.configure(".", background=colours.ground, foreground=colours.text, font=BASE_FONT)
        style.configure(HEADING, font=HEADING_FONT)
        style.configure(STRONG, font=STRONG_FONT)
        style.configure(MUTED, foreground=colours.muted)
        style.configure(
            CARD,
            relief="solid",
            borderwidth=1,
            bordercolor=colours.border,
            lightcolor=colours.ground,
            darkcolor=colours.ground,
        )
        style.configure(
            "Horizontal.TProgressbar",
            background=colours.accent,
            troughcolor=colours.trough,
            bordercolor=colours.trough,
            lightcolor=colours.accent,
            darkcolor=colours.accent,
            thickness=round(1.5 * self.unit),
        )
        style.configure(
            "Vertical.TScrollbar",
            background=colours.button_over.ground,
            troughcolor=colours.ground,
            bordercolor=colours.border,
            lightcolor=colours.button_over.ground,
            darkcolor=colours.button_over.ground,
            arrowcolor=colours.text,
        )
        style.map("Vertical.TScrollbar", background=[("disabled", colours.ground)])

    def _buttons(self) -> None:
        colours, unit = self.palette, self.unit
        # Without clam's dotted line: the ring below is easier to see.
        layout: list[tuple[str, Any]] = [("Button.label", {"sticky": "nswe"})]
        layout = [("Button.padding", {"sticky": "nswe", "children": layout})]
        layout = [("Button.border", {"sticky": "nswe", "border": "1", "children": layout})]
        self._style.layout("TButton", layout)
        self._button("TButton", colours.button, colours.button_over, colours.border, colours.accent)
        primary = colours.primary
        self._button(PRIMARY, primary, colours.primary_over, primary.ground, colours.text)
        self._button(DANGER, colours.danger, colours.danger_over, colours.danger.ground, colours.text)
        for style in (PRIMARY, DANGER):
            self._style.configure(style, font=STRONG_FONT, padding=(unit, unit))
        # Words on the window's own ground: there for whoever looks for it, and in nobody's way.
        quiet = Pair(colours.accent, colours.ground)
        self._button(QUIET, quiet, colours.button_over, colours.ground, colours.accent)
        self._style.configure(QUIET, padding=(unit // 2, unit // 4), width=0)
        self._button(CHOICE, quiet, colours.button_over, colours.ground, colours.accent)
        self._style.configure(CHOICE, padding=(unit, unit // 4), width=0)
        # The chosen one is framed and underlaid: not by its colour alone.
        self._style.map(
            CHOICE,
            background=[("selected", colours.button_over.ground), ("active", colours.button_over.ground)],
            foreground=[("selected", colours.text)],
            bordercolor=[("focus", colours.accent), ("selected", colours.muted)],
        )

    def _button(self, style: str, normal: Pair, over: Pair, border: str, focus: str) -> None:
        """Set one kind of button; the one with the focus wears a ring of two pixels."""
        off = self.palette.button_off
        ground = [("disabled", off.ground), ("pressed", over.ground), ("active", over.ground)]
        self._style.configure(
            style,
            foreground=normal.text,
            background=normal.ground,
            bordercolor=border,
            lightcolor=normal.ground,
            darkcolor=normal.ground,
            relief="raised",
            anchor="center",
            padding=(self.unit, self.unit // 2),
        )
        ring = [("focus", focus)]
        self._style.map(
            style,
            foreground=[("disabled", off.text)],
            background=ground,
            bordercolor=[*ring, ("disabled", off.ground)],
            lightcolor=[*ring, *ground],
            darkcolor=[*ring, *ground],
        )

    def _tones(self) -> None:
        for tone, pair in self.palette.tones.items():
            self._style.configure(self.banner(tone), background=pair.ground)
            for strong in (True, False):
                self._style.configure(
                    self.banner_text(tone, strong=strong),
                    background=pair.ground,
                    foreground=pair.text,
                    font=LEAD_FONT if strong else BASE_FONT,
                )
            calm = self.palette.muted if tone is Tone.CALM else pair.text
            self._style.configure(self.line_text(tone), foreground=calm)


def _size_fonts(root: tk.Tk, text_size: float) -> None:
    """Set the named fonts, so that every widget follows the setting: points, or pixels when it is negative."""
    family = font.nametofont(BASE_FONT, root).actual("family")
    for name in font.names(root):
        if name.startswith("Tk"):
            font.nametofont(name, root).configure(size=round(text_size))
    font.nametofont(STRONG_FONT, root).configure(family=family, weight="bold")
    for name, ratio in ((HEADING_FONT, _HEADING_RATIO), (LEAD_FONT, _LEAD_RATIO)):
        font.nametofont(name, root).configure(family=family, weight="bold", size=round(ratio * text_size))

"""The window's colours, light and dark."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

from nexuslims_logger.config import Theme
from nexuslims_logger.gui.view import Tone

_WINDOWS_THEMES: Final = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"


@dataclass(frozen=True)
class Pair:
    """Words on a ground."""

    text: str
    ground: str


@dataclass(frozen=True)
class Palette:
    """One set of colours. Only `danger` is red, and only one button wears it."""

    text: str
    muted: str
    ground: str
    field: str
    border: str
    trough: str
    accent: str
    button: Pair
    button_over: Pair
    button_off: Pair
    primary: Pair
    primary_over: Pair
    danger: Pair
    danger_over: Pair
    tones: dict[Tone, Pair]


LIGHT: Final = Palette(
    text="#1c2230",
    muted="#596273",
    ground="#f7f8fb",
    field="#ffffff",
    border="#cdd3df",
    trough="#d3d8e3",
    accent="#11659e",
    button=Pair("#1c2230", "#ffffff"),
    button_over=Pair("#1c2230", "#e8edf5"),
    button_off=Pair("#8a92a1", "#eff1f6"),
    primary=Pair("#ffffff", "#11659e"),
    primary_over=Pair("#ffffff", "#0d5484"),
    danger=Pair("#ffffff", "#b02a37"),
    danger_over=Pair("#ffffff", "#95212d"),
    tones={
        Tone.CALM: Pair("#454d5e", "#e9ecf2"),
        Tone.GOOD: Pair("#14603a", "#dcf1e5"),
        Tone.BUSY: Pair("#0f4f7d", "#dfecf7"),
        Tone.WAITING: Pair("#684900", "#faeecf"),
        Tone.PROBLEM: Pair("#853008", "#fbe0d0"),
    },
)

DARK: Final = Palette(
    text="#e7e9ef",
    muted="#a0a8b8",
    ground="#20242f",
    field="#191c25",
    border="#3d4455",
    trough="#3a4050",
    accent="#4aa3df",
    button=Pair("#e7e9ef", "#2d3342"),
    button_over=Pair("#ffffff", "#3a4255"),
    button_off=Pair("#737b8c", "#262b37"),
    primary=Pair("#ffffff", "#1b6ca8"),
    primary_over=Pair("#ffffff", "#2279b8"),
    danger=Pair("#ffffff", "#c93d4c"),
    danger_over=Pair("#ffffff", "#b53241"),
    tones={
        Tone.CALM: Pair("#b9c0cd", "#2a303d"),
        Tone.GOOD: Pair("#8fdcb0", "#1d3a2c"),
        Tone.BUSY: Pair("#93c8f3", "#1f3549"),
        Tone.WAITING: Pair("#f0cf87", "#3c3421"),
        Tone.PROBLEM: Pair("#ffb795", "#48291c"),
    },
)


def choose(theme: Theme) -> Palette:
    """Return the palette for a setting; *auto* follows the desktop where that can be asked cheaply."""
    if theme is Theme.AUTO:
        return DARK if _desktop_is_dark() else LIGHT
    return DARK if theme is Theme.DARK else LIGHT


def _desktop_is_dark() -> bool:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _WINDOWS_THEMES) as key:
                return winreg.QueryValueEx(key, "AppsUseLightTheme")[0] == 0
        except OSError:  # Windows before 1809 has no such setting
            return False
    return os.environ.get("GTK_THEME", "").lower().endswith((":dark", "-dark"))

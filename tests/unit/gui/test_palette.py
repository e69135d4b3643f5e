from __future__ import annotations

import pytest

from nexuslims_logger.config import Theme
from nexuslims_logger.gui.palette import DARK, LIGHT, Pair, Palette, choose

#: WCAG 2.1, level AA, for ordinary text.
READABLE = 4.5
#: The same, for what is large or no text at all.
VISIBLE = 3.0


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _pairs(palette: Palette) -> dict[str, Pair]:
    tones = {f"tone {tone}": pair for tone, pair in palette.tones.items()}
    lines = {f"line {tone}": Pair(pair.text, palette.ground) for tone, pair in palette.tones.items()}
    return {
        "text": Pair(palette.text, palette.ground),
        "muted": Pair(palette.muted, palette.ground),
        "field": Pair(palette.text, palette.field),
        "selection": Pair(palette.field, palette.accent),
        "button": palette.button,
        "button over": palette.button_over,
        "primary": palette.primary,
        "primary over": palette.primary_over,
        "danger": palette.danger,
        "danger over": palette.danger_over,
        **tones,
        **lines,
    }


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read(palette: Palette) -> None:
    poor = {
        name: round(_contrast(pair.text, pair.ground), 2)
        for name, pair in _pairs(palette).items()
        if _contrast(pair.text, pair.ground) < READABLE
    }

    assert poor == {}


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_ring_of_the_focus_and_the_bar_can_be_seen(palette: Palette) -> None:
    assert _contrast(palette.accent, palette.button.ground) >= VISIBLE
    assert _contrast(palette.accent, palette.trough) >= VISIBLE
    assert _contrast(palette.text, palette.danger.ground) >= VISIBLE / 2


def test_the_setting_chooses_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose(Theme.LIGHT) is LIGHT
    assert choose(Theme.DARK) is DARK
    monkeypatch.setenv("GTK_THEME", "Adwaita:dark")
    assert choose(Theme.AUTO) is DARK
    monkeypatch.setenv("GTK_THEME", "Adwaita")
    assert choose(Theme.AUTO) is LIGHT

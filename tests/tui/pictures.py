"""Pictures of screens as text: what stands in each cell, and in which style it does in each theme.

A picture has three parts: the lines; for each line a letter a cell, its last one standing for the rest of the line;
and what each letter means, a column a theme. So a change shows in a diff where it is, and what it changed from.
"""

from __future__ import annotations

import asyncio
import functools
import string
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from nimbus_tui.app import NimbusApp
from tests.tui.driving import PATIENCE

_ALIKE = 1  # looks in a row that find what the one before found
_LETTERS = string.ascii_letters + string.digits + "αβγδεζηθικλμνξπρστυφχψω"
_MARKS = ("bold", "dim", "italic", "underline", "strike", "reverse", "blink")


@dataclass(frozen=True, slots=True)
class Look:
    """A screen at a moment, in one theme: its lines, and the styles of their cells in words."""

    lines: tuple[str, ...]
    styles: tuple[tuple[str, ...], ...]


def drawn(app: App[None]) -> list[Strip]:
    """Return the lines of the screen as they are drawn."""
    return app.screen._compositor.render_strips(app.size)  # noqa: SLF001 - nothing else tells


def look(strips: Sequence[Strip]) -> Look:
    """Return what is drawn."""
    return Look(tuple(strip.text for strip in strips), tuple(tuple(_cells(strip)) for strip in strips))


def _cells(strip: Strip) -> list[str]:
    return [_words(segment.style or Style(), blank=character == " ") for segment in strip for character in segment.text]


@functools.lru_cache(4096)
def _words(style: Style, *, blank: bool) -> str:
    marks = [mark for mark in _MARKS if getattr(style, mark)]
    ground = "" if style.bgcolor is None else style.bgcolor.get_truecolor().hex
    if blank and not {"underline", "strike", "reverse"} & set(marks):
        return ground
    ink = "" if style.color is None else style.color.get_truecolor().hex
    return " ".join([ink, "on", ground, *marks])


async def settled(app: NimbusApp, pilot: Pilot[None]) -> list[Strip]:
    """Wait until every question has its answer and the screen stays as it is; return its lines."""
    end = time.monotonic() + PATIENCE
    seen: list[Strip] = []
    alike = 0
    while alike < _ALIKE:
        assert time.monotonic() < end, "the screen does not settle"
        await _processed(app, end)
        await pilot.pause()
        for field in app.screen.query(Input):
            field.cursor_blink = False
        found = drawn(app)
        waits = app.asks or app.section is None or app.section.resting
        waits = waits or any(panel.region.area for panel in app.section.query(".-loading"))
        alike = alike + 1 if found == seen and not waits else 0
        seen = found
    return found


async def _processed(app: NimbusApp, end: float) -> None:
    """Wait until every widget, those below a dialog included, has taken in what was sent to it."""
    taken: list[object] = []
    widgets = [app, *(widget for screen in app.screen_stack for widget in screen.walk_children(with_self=True))]
    sent = sum(widget.call_later(taken.append, widget) for widget in widgets)
    while len(taken) < sent:
        assert time.monotonic() < end, "what was sent is not taken in"
        await asyncio.sleep(0.002)


def picture(looks: Sequence[Look]) -> str:
    """Return a screen that was looked at in several themes as a text; its words are the same in each."""
    first = looks[0]
    for other in looks[1:]:
        assert other.lines == first.lines, "a theme changes what is said"
    rows = [list(zip(*parts, strict=True)) for parts in zip(*(each.styles for each in looks), strict=True)]
    letters = _lettered({style for row in rows for style in row})
    marks = ["".join(letters[style] for style in row) for row in rows]
    legend = [f"{letter}  {'  |  '.join(style)}" for style, letter in sorted(letters.items(), key=lambda item: item[1])]
    return "\n".join(
        [*(line.rstrip() for line in first.lines), "", *(_shortened(line) for line in marks), "", *legend, ""]
    )


def _lettered(styles: set[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Give each style a letter that another style's coming or going seldom changes."""
    taken: dict[str, tuple[str, ...]] = {}
    for style in sorted(styles):
        place = zlib.crc32("|".join(style).encode()) % len(_LETTERS)
        while _LETTERS[place] in taken:
            place = (place + 1) % len(_LETTERS)
        taken[_LETTERS[place]] = style
    return {style: letter for letter, style in taken.items()}


def _shortened(line: str) -> str:
    return line.rstrip(line[-1]) + line[-1]

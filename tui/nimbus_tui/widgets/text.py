"""Pieces of styled text, each made harmless: facts, differences, troubles, charts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from nimbus_tui import marks
from nimbus_tui.plain import middle, plain
from nimbus_tui.themes import TONES

if TYPE_CHECKING:
    from nimbus.releases.diff import Difference
    from nimbus_tui.api.trouble import Trouble

_NAMES = 11  # cells that the name of a failure's part takes
Fact = tuple[str, str] | tuple[str, str, str]


def toned(text: object, tone: str = "", limit: int = 2_000) -> Content:
    """Return a text in a tone."""
    return Content.styled(plain(text, limit), TONES[tone])


def lines(parts: Iterable[Content]) -> Content:
    """Return parts below each other."""
    return Content("\n").join(list(parts))


def words(*parts: Content | str) -> Content:
    """Return parts beside each other; texts are ours."""
    return Content.assemble(*parts)


def facts(found: Sequence[Fact], width: int = 0, *, whole: bool = False) -> Content:
    """Return names and values below each other; a third item is the value's tone.

    A value that finds no room loses its middle; where they are wanted `whole`, a sentence goes on below.
    """
    names = max((len(fact[0]) for fact in found), default=0)
    room, told = max(8, width - names - 2), []
    for fact in found:
        value, tone = plain(fact[1]), fact[2] if len(fact) > 2 else ""
        shown = [middle(value, room) if width else value]
        if whole and len(value) > room > 2 * max(map(len, value.split()), default=room):
            shown = textwrap.wrap(value, room, break_on_hyphens=False)
        told.append(words(toned(fact[0].ljust(names) + "  ", "dim"), toned(shown[0], tone)))
        told += [words(" " * (names + 2), toned(line, tone)) for line in shown[1:]]
    return lines(told)


def differences(found: Sequence[Difference], width: int) -> Content:
    """Return what changes as before → after; values that do not fit beside each other stand below each other."""
    if not found:
        return toned("nothing differs", "dim")
    names = min(28, max(len(plain(item.name)) for item in found))
    told = []
    for item in found:
        name = middle(plain(item.name), names).ljust(names)
        before, after = plain(item.before, 600), plain(item.after, 600)
        room = max(10, width - names - 2)
        if len(before) + len(after) + 3 <= room:
            told.append(
                words(toned(name + "  ", "dim"), toned(before, "bad"), toned(" → ", "dim"), toned(after, "good"))
            )
        else:
            told.append(words(toned(name + "  ", "dim"), toned("- " + middle(before, room - 2), "bad")))
            told.append(words(" " * (names + 2), toned("+ " + middle(after, room - 2), "good")))
    return lines(told)


def trouble(found: Trouble, width: int) -> Content:
    """Return a failure: what happened, then its parts, each in a column of its own."""
    told = [words(toned(f"{marks.FAILED} ", "bad"), toned(found.what, "bold"))]
    for name, value in found.parts:
        room = max(20, width - _NAMES)
        parts = textwrap.wrap(plain(value), room, break_on_hyphens=False) or [""]
        told.append(words(toned(f"  {name}".ljust(_NAMES), "note" if name == "to do" else "dim"), toned(parts[0])))
        told += [words(" " * _NAMES, toned(part)) for part in parts[1:]]
    return lines(told)


def indented(value: str, width: int, tone: str = "") -> list[Content]:
    """Return a value on lines of its own, each set in."""
    return [words("  ", toned(part, tone)) for part in _wrapped(value, width - 2)]


def hanging(line: str, width: int, mark: str = "→ ") -> list[Content]:
    """Return a sentence after a mark, an arrow for a thing to do; its further lines stand below its first word."""
    first, *others = _wrapped(line, width - 2)
    return [words(toned(mark, "note"), toned(first)), *(words("  ", toned(part)) for part in others)]


def _wrapped(value: str, width: int) -> list[str]:
    return textwrap.wrap(plain(value), max(10, width), break_on_hyphens=False) or [""]


def command(line: Sequence[str]) -> str:
    """Return a command line as one would type it, to be copied; whoever draws it makes it harmless."""
    import shlex  # noqa: PLC0415 - only where one is shown

    return shlex.join(line)

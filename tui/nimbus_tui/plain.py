"""Makes text from outside harmless: ids, labels, log lines and messages of errors come from anybody."""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len, set_cell_size

_DIGEST = 4  # letters of a digest that tell releases of one version apart
_MARKS = 3  # combining marks on one character; more climb over the lines above


def plain(text: object, limit: int = 2_000) -> str:
    """Return text on one line in which nothing can steer a terminal, turn its direction, or flood it."""
    shown = str(text)
    cut = shown[:limit]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(_harmless(cut))
    return cut if len(shown) <= limit else f"{cut}… ({len(shown):,} characters)"


def _harmless(text: str) -> list[str]:
    out, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MARKS:
            continue
        # What is not printable holds control characters, half surrogates, and marks of direction.
        out.append(character if character.isprintable() else character.encode("unicode_escape").decode())
    return out


def fit(text: str, width: int) -> str:
    """Return text cut or padded to exactly so many cells; what is cut ends in an ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def release(text: str, width: int) -> str:
    """Return a release's name within a width: its version stays, its digest gets short, its pipeline what is left."""
    parts = text.rsplit("-", 2)
    if cell_len(text) <= width or len(parts) != 3 or len(parts[2]) < _DIGEST:
        return middle(text, width)
    pipeline, version, digest = parts
    over = cell_len(text) - width
    if len(digest) - over >= _DIGEST:
        return text[:-over]
    tail = f"{version}-{digest[:_DIGEST]}"
    room = width - cell_len(tail) - 1
    return f"{fit(pipeline, room)}-{tail}" if room > 1 else middle(tail, width)


def actor(text: str) -> str:
    """Return who did something in short: of an identity in AWS, its role and session, or its user."""
    return text.rpartition(":")[2].partition("/")[2] or text if text.startswith("arn:") else text


def middle(text: str, width: int) -> str:
    """Return text within a width, its middle left out: names differ at their end."""
    if cell_len(text) <= width or width < 5:
        return fit(text, width).rstrip()
    room = (width - 1) * 2 // 3
    tail = text[-room:]
    while cell_len(tail) > room:
        tail = tail[1:]
    return f"{set_cell_size(text, width - 1 - room)}…{tail}"

"""Finds where the records of a CSV file begin: a quoted field may hold newlines.

Splitting and reading share this one definition, so that they cannot disagree. A quote opens a
field only where a field begins; elsewhere it is a character like any other. A quoted field
that never ends does not swallow what follows: its first line is a (broken) record alone.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def records(lines: Iterator[tuple[int, bytes]], delimiter: bytes, longest: int) -> Iterator[tuple[int, bytes]]:
    """Join lines to records, of at most `longest` bytes where a record has several lines."""
    opening = delimiter + b'"'
    again: deque[tuple[int, bytes]] = deque()
    held: list[tuple[int, bytes]] = []  # lines of a record whose last field is still open
    size = 0
    while True:
        item = again.popleft() if again else next(lines, None)
        if item is not None:
            line = item[1]
            if not held and (b'"' not in line or len(line) > longest or not _ends_open(line, opening)):
                yield item
                continue
            held.append(item)
            size += len(line)
            if size <= longest:
                if len(held) > 1 and not _ends_open(line, opening, inside=True):
                    yield held[0][0], b"".join(line for _, line in held)
                    held, size = [], 0
                continue
        elif not held:
            return
        again.extendleft(reversed(held[1:]))
        yield held[0]
        held, size = [], 0


def _ends_open(line: bytes, opening: bytes, *, inside: bool = False) -> bool:
    """Tell whether a quoted field is still open at the end of a line."""
    at = 0
    if not inside and line.startswith(b'"'):
        at, inside = 1, True
    while True:
        if inside:
            at = line.find(b'"', at)
            if at < 0:
                return True
            if line.startswith(b'"', at + 1):
                at += 2
            else:
                at, inside = at + 1, False
        else:
            at = line.find(opening, at)
            if at < 0:
                return False
            at, inside = at + 2, True

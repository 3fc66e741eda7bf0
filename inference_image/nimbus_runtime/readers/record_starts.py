"""Finds a record start far into a CSV file, much faster than by joining every record before it.

It passes a block at a time with one regular expression, which has the rules of `records`. What
that cannot settle within a block (a quoted field that does not end there, the end of the file)
is left to `records` itself, so that both always agree.
"""

from __future__ import annotations

import re
import threading
from typing import BinaryIO

from nimbus_runtime.readers.compression import BLOCK
from nimbus_runtime.readers.lines import lines
from nimbus_runtime.readers.records import records

_JOINING = threading.Lock()  # of files that are read at once, one at a time holds records of any length
_SLACK = 4096  # bytes read behind a place at least, in which its record should end


class RecordSeeker:
    """Looks for record starts in a stream that can seek."""

    def __init__(self, stream: BinaryIO, delimiter: bytes, longest: int, step: int = BLOCK) -> None:
        """Take `step` bytes at a time, and records of several lines for no longer than `longest`."""
        quoted = rb'(?<=[\n%b])"[^"]*(?:""[^"]*)*"(?!")' % delimiter
        stray = rb'(?<![\n%b])"' % delimiter
        self._opening = re.compile(rb'(?<=[\n%b])"' % delimiter)
        self._quoted = re.compile(quoted)
        self._closed = re.compile(rb'(?:[^"]+|%b|%b)*' % (quoted, stray))
        self._stream = stream
        self._delimiter = delimiter
        self._longest = longest
        self._step = max(1, min(step, longest // 4))

    def first_from(self, due: int, *, record: int) -> int | None:
        """Return the first record start at or after `due`, or None, given one that is before."""
        found: int | None = record
        while found is not None and found < due:
            until = min(due, found + self._step)
            passed = self._pass(found, until)
            found = self._join(found, until) if passed is None else passed
        return found

    def _pass(self, record: int, until: int) -> int | None:
        """Return the record start, or None where the block does not tell."""
        origin = record - 1  # the byte before tells that a field begins
        self._stream.seek(origin)
        block = self._stream.read(2 * (until - origin) + min(_SLACK, self._step))
        at = until - origin
        while block[at - 1 : at] == b'"':  # it may be half of a doubled quote
            at += 1
        closed = self._closed.match(block, 1, at)
        end = closed.end() if closed else 1
        if end < at:
            field = self._quoted.match(block, end)
            if field is None or field.end() == len(block):
                return None
            at = field.end()
        return self._next_line(block, at, origin)

    def _next_line(self, block: bytes, at: int, origin: int) -> int | None:
        """Return the offset of the first record start at or after a place that is in no quoted field."""
        if block[at - 1 : at] == b"\n":
            return origin + at if at < len(block) else None
        while True:
            newline = block.find(b"\n", at)
            if newline < 0 or newline + 1 == len(block):
                return None
            opening = self._opening.search(block, at, newline)
            if opening is None:
                return origin + newline + 1
            field = self._quoted.match(block, opening.start())
            if field is None or field.end() == len(block):
                return None
            at = field.end()

    def _join(self, record: int, until: int) -> int | None:
        every_line = lines(self._stream, record)
        starts = (offset for offset, _ in records(every_line, self._delimiter, self._longest))
        with _JOINING:
            return next((offset for offset in starts if offset >= until), None)

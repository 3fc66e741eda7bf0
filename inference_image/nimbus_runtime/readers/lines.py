"""Streams the physical lines of a file with their offsets.

Only a newline ends a line: none of the other characters that Python's str.splitlines() knows.
"""

from __future__ import annotations

import itertools
import sys
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.documents import Reason
from nimbus_runtime.contract.inputs import Compression, InputFile, Slice
from nimbus_runtime.readers.compression import BLOCK
from nimbus_runtime.readers.opening import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
LONGEST = 64 << 20  # bytes of one record: what keeps memory flat in a file without line ends
TOO_LONG = (Reason.TOO_LONG, f"a record of more than {LONGEST} bytes")
MOST = 2_000_000  # marks of values in one record: a value takes some hundred bytes once it is parsed


def lines(
    stream: BinaryIO, start: int = 0, end: int = sys.maxsize, longest: int = LONGEST
) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, line with its newline) for each line whose first byte lies in [start, end).

    A byte order mark at the start of the file belongs to no line. Of a line of more than
    `longest` bytes, the first `longest` + 1 are yielded. A `start` above 0 needs a stream that
    can seek.
    """
    read = partial(stream.readline, longest + 1)
    offset = _first_line_from(stream, start, end) if start else 0
    while offset < end and (line := read()):
        if offset == 0 and line.startswith(BOM):
            offset = len(BOM)
            line = line[offset:] + (b"" if line.endswith(b"\n") else stream.readline(offset))
            if not line or end <= offset:
                return
        length = len(line)
        yield offset, line
        if length > longest and not line.endswith(b"\n"):
            length += _skip_line(stream)
        offset += length


def lines_of(file: InputFile, part: Slice, block: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a slice; all lines of a packed file."""
    with unpacked(file, block) as stream:
        if file.compression is Compression.NONE:
            yield from lines(stream, part.start, part.end)
        else:
            yield from lines(stream)


def without_end(line: bytes) -> bytes:
    r"""Return the line without its newline, and without the \r before it."""
    if line.endswith(b"\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(b"\n") else line


def crowded(content: bytes, *marks: bytes) -> bool:
    """Tell whether a record may have more values than are parsed, by the marks that each needs, wherever they stand."""
    return len(content) > MOST and sum(map(content.count, marks)) > MOST


def too_many(marks: str) -> tuple[Reason, str]:
    """Return why a crowded record is none; `marks` are what was counted, in words."""
    return Reason.INVALID_RECORD, f"a record with more than {MOST:,} {marks}, those within its texts included"


def even_slices(file: InputFile, target: int) -> list[Slice]:
    """Return byte ranges of about `target` bytes by arithmetic alone; one for a packed file."""
    if file.compression is not Compression.NONE:
        return [Slice(0, 1)]
    count = max(1, round(file.size / target))
    bounds = [file.size * number // count for number in range(count + 1)]
    return [Slice(start, end) for start, end in itertools.pairwise(bounds) if start < end]


def _first_line_from(stream: BinaryIO, start: int, end: int) -> int:
    """Go to the first line that begins at or after `start`, and return its offset."""
    stream.seek(0)
    if start <= len(BOM) and stream.read(len(BOM)) == BOM:
        return len(BOM)
    stream.seek(start - 1)
    return start - 1 + _skip_line(stream, end - start + 1)


def _skip_line(stream: BinaryIO, enough: int = sys.maxsize) -> int:
    """Read to the end of a line, or past `enough` bytes, and return how many were read."""
    skipped = 0
    while skipped < enough and (piece := stream.readline(BLOCK)):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped

"""Files as memory: what is not looked at is never read, and what was looked at can be let go again."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_BLOCK = 1 << 23  # bytes that are worked on at a time


def map_file(path: Path) -> memoryview:
    """Return a file's bytes; the map closes with the last view of it. An empty file is a ValueError."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def forget(view: Array | memoryview) -> None:
    """Let the memory behind a mapped view go: it comes back from the file when it is read again."""
    base: Any = view
    while isinstance(base, (np.ndarray, memoryview)):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def blocks(array: Array) -> Iterator[Array]:
    """Yield an array in runs of rows that are small enough to work on one after the other."""
    if array.ndim == 0 or array.nbytes <= _BLOCK:
        yield array
        return
    rows = max(1, _BLOCK // max(1, array.nbytes // len(array)))
    yield from (array[at : at + rows] for at in range(0, len(array), rows))

"""Many requests under way at once, where each only waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from nimbus_runtime.s3 import AT_ONCE

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_BLOCK = 1000  # items whose answers are held at once


def each(work: Callable[[Item], Answer], items: Iterable[Item], at_once: int = AT_ONCE) -> Iterator[Answer]:
    """Yield what the work gives for every item, in order; the first failure ends it."""
    waiting = iter(items)
    with ThreadPoolExecutor(at_once) as pool:
        while block := list(islice(waiting, _BLOCK)):
            yield from pool.map(work, block)

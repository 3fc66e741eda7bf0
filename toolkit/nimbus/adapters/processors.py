"""Which processors a process that is started now may use."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager


@contextmanager
def using(processors: Collection[int]) -> Iterator[None]:
    """Start processes on these processors only; on any where none are named or the system cannot."""
    if not processors or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def divided(first: int) -> tuple[frozenset[int], frozenset[int]]:
    """Return the first processors of this machine and the others; nothing where there are no others."""
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(available) <= first:
        return frozenset(), frozenset()
    return frozenset(available[:first]), frozenset(available[first:])

"""Measures work, and not how busy the machine is with others meanwhile.

Linux says for each thread how long it was ready to run and had no processor. Where nobody says so, that is
part of the time that is measured.
"""

from __future__ import annotations

import time
from types import TracebackType

_WAITED = "/proc/thread-self/schedstat"  # nanoseconds on a processor, nanoseconds of waiting for one, turns


class Stopwatch:
    """Sums the seconds of what this thread does inside of it, less those that it waited for a processor."""

    def __init__(self) -> None:
        """Stand at nothing."""
        self.seconds = 0.0
        self._began = 0.0

    def reset(self) -> None:
        """Stand at nothing again."""
        self.seconds = 0.0

    def __enter__(self) -> None:
        """Go."""
        self._began = _now()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.seconds += max(0.0, _now() - self._began)


def _now() -> float:
    return time.perf_counter() - _waited()


def _waited() -> float:
    try:
        with open(_WAITED, encoding="ascii") as file:  # noqa: PTH123 - twice a batch
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0

"""What goes wrong on command: each fault a bounded number of times, in the order of the calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong once."""


F = TypeVar("F", bound=Fault)


class Faults:
    """Faults that wait for the calls that they spoil."""

    def __init__(self) -> None:
        """Let all be well."""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, times: int = 1) -> None:
        """Let the next so many calls of its kind go wrong."""
        if times < 1:
            raise ValueError(f"a fault occurs at least once, not {times} times")
        with self._lock:
            self._waiting += [fault] * times

    def take(self, kind: type[F], matches: Callable[[F], bool] = lambda _: True) -> F | None:
        """Return the next fault of a kind, which is then used up; None while all is well."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if isinstance(fault, kind) and matches(fault):
                    return self._waiting.pop(place)
        return None

    def clear(self) -> None:
        """Let all be well."""
        with self._lock:
            self._waiting.clear()

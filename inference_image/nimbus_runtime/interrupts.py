"""Turns signals and a deadline into an ending that is recorded."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nimbus_runtime.contract.errors import RunInterruptedError, RunTerminatedError


@contextmanager
def interruptible(remedy: str, deadline: float | None = None) -> Iterator[None]:
    """Raise RunInterruptedError at Ctrl-C, RunTerminatedError at SIGTERM and after `deadline` seconds.

    SIGPIPE is ignored: that a worker has died is told by its events' end, whatever was sent to it.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        kind = RunInterruptedError if number == signal.SIGINT else RunTerminatedError
        why = "its deadline" if number == signal.SIGALRM else signal.Signals(number).name
        raise kind(f"stopped by {why}", remedy=remedy)

    numbers = (signal.SIGINT, signal.SIGTERM, *([signal.SIGALRM] if deadline else []))
    previous = {number: signal.signal(number, stop) for number in numbers}
    previous[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if deadline:
        signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        yield
    finally:
        if deadline:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in previous.items():
            signal.signal(number, handler)

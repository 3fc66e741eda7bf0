"""Children that end with their parent, however that ends."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def parent() -> Callable[[], None] | None:
    """Return what a new process calls to be asked to end when its parent has ended; None where no system does that."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

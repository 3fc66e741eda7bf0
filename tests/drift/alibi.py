"""The environment that has alibi-detect, where there is one."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def python() -> str | None:
    """Return the interpreter of the other engine: one that is named, the checkout's, or this one."""
    named = os.environ.get("NIMBUS_DRIFT_ALIBI_PYTHON")
    if named:
        return named
    checkout = Path(__file__).parents[2] / ".venv" / "drift" / "bin" / "python"
    if checkout.exists():
        return str(checkout)
    return sys.executable if importlib.util.find_spec("alibi_detect") is not None else None

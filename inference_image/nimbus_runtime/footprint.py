"""How much memory a worker needs with a bundle, measured in a process of its own.

A chunk of documents as large as a worker ever takes in hand goes through the pipeline.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from nimbus_runtime.supervisor import ENVIRONMENT

_CHARACTERS = 25_000  # of a chunk, as the scorer cuts them
_WORDS = "The parcel that Anna Weber sent from Berlin on Monday arrived late, and the refund took two weeks. "
_PATIENCE = 120.0


def measured(bundle: Path, digest: str) -> int | None:
    """Return the peak memory of a worker with this bundle, from beside it where it was measured before."""
    beside = bundle.with_name(f"{bundle.name}.footprint.json")
    try:
        known = json.loads(beside.read_bytes())
        if known["digest"] == digest:
            return int(known["peak"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    peak = measure(bundle)
    if peak is not None:
        with contextlib.suppress(OSError):  # a bundle may lie where nobody writes
            beside.write_text(json.dumps({"digest": digest, "peak": peak}), encoding="utf-8")
    return peak


def measure(bundle: Path) -> int | None:
    """Return the peak memory of a worker with this bundle in bytes, None where it cannot be measured."""
    command = [sys.executable, "-P", "-m", "nimbus_runtime", "footprint", "--bundle", str(bundle)]
    try:
        told = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
            command, env={**os.environ, **ENVIRONMENT}, capture_output=True, timeout=_PATIENCE, check=True
        )
        return int(json.loads(told.stdout)["peak"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def main(bundle: Path) -> None:
    """Score a chunk and print the peak."""
    import resource  # noqa: PLC0415 - only here, and not on every system

    from nimbus_runtime.bundle import load, verify  # noqa: PLC0415 - imports spaCy
    from nimbus_runtime.pipeline import annotate  # noqa: PLC0415 - as above

    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]  # as in a worker
    nlp = load(verify(bundle))
    text = _WORDS * 10
    with nlp.memory_zone():
        annotate(nlp, [text] * (_CHARACTERS // len(text)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"peak": peak * (1 if sys.platform == "darwin" else 1024)}))

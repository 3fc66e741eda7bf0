"""What is done after every run whose release has a baseline: compare, keep the finding, and say how far it drifted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from nimbus_runtime import evidence
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.drift import Comparison
from nimbus_runtime.drift import baselines
from nimbus_runtime.drift.compare import compare
from nimbus_runtime.drift.significance import NumpyEngine

if TYPE_CHECKING:
    from nimbus_runtime.contract.records import Run
    from nimbus_runtime.store import Store

KIND = "drift"
_ACTOR = "nimbus"
_LOOKED_AT = 5  # findings, for one that a task left which was started again


def watch(store: Store, run: Run) -> Comparison | None:
    """Compare a finished run with the newest baseline of its release; None without one.

    Doing it twice keeps one finding. DriftError says why a run cannot be compared: it is published all the same. One
    that scored no documents is no reason for that: there is too little to compare.
    """
    baseline = baselines.newest(store, run)
    if baseline is None:
        return None
    for known in islice(recorded(store, run.release), _LOOKED_AT):
        if known.runs == (run.run,) and known.baseline == baseline.name:
            return known
    comparison = compare(store, baseline, [run], NumpyEngine()).comparison
    evidence.write(store, run.release, KIND, comparison, outcome=comparison.level.value, actor=_ACTOR)
    return comparison


def recorded(store: Store, release: str) -> Iterator[Comparison]:
    """Yield a release's findings, the latest first."""
    for name in reversed(evidence.names(store, release, KIND)):
        body = evidence.read(store, release, name).body
        yield codec.decode(Comparison, codec.canonical(body), f"{store.location}/evidence/{release}/{name}")

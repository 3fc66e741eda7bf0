"""Whether a run's documents drifted from its release's baseline, told once the run is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime import metrics
from nimbus_runtime.contract.drift import Level
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.drift.watch import watch
from nimbus_runtime.tasks.score import say

if TYPE_CHECKING:
    from nimbus_runtime.contract.records import Run
    from nimbus_runtime.store import Store


def tell_drift(store: Store, run: Run) -> None:
    """Print what a comparison found, and its metric; a run that cannot be compared has not failed by that."""
    try:
        found = watch(store, run)
    except NimbusError as error:
        say("drift_unknown", run=run.run, **error.to_json())
        return
    if found is not None:
        told = {} if found.note is None else {"note": found.note}
        say("drift", run=run.run, baseline=found.baseline, level=found.level.value, ratio=round(found.ratio, 3), **told)
        if found.level is not Level.INSUFFICIENT:
            metrics.emit({"drift_ratio": found.ratio}, run.run)

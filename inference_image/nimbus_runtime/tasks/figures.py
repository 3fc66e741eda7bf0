"""What a run amounts to, as metrics: told once, by the task that makes its dataset or refuses to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus_runtime import clock, committer, metrics

if TYPE_CHECKING:
    from nimbus_runtime.contract.records import Counts, Plan
    from nimbus_runtime.tasks.settings import TaskSettings

_SECONDS_AN_HOUR = 3600


def told(settings: TaskSettings, plan: Plan) -> committer.Tell:
    """Return what prints a run's metrics once its shards are counted, whether or not it may be published."""

    def tell(counts: Counts, seconds: float) -> None:
        metrics.emit(of_run(settings, plan, counts, seconds, clock.now()), plan.run)

    return tell


def of_run(settings: TaskSettings, plan: Plan, counts: Counts, seconds: float, now: datetime) -> Mapping[str, float]:
    """Return the metrics of a run whose shards took so many seconds of one worker process each.

    Documents a second are of one process, whatever the number of tasks. The cost counts the time of scoring by the
    price of a task's hour, which the task definition names: starts of tasks are not in it.
    """
    figures = {
        "documents_scored": float(counts.scored),
        "documents_quarantined": float(counts.quarantined),
        "quarantine_percent": 100 * counts.quarantined / counts.documents if counts.documents else 0.0,
        "run_seconds": (now - datetime.fromisoformat(plan.execution.started)).total_seconds(),
    }
    if seconds > 0:
        figures["documents_per_second"] = counts.documents / seconds
    if settings.task_hour_usd is not None:
        figures["run_cost"] = seconds / settings.workers / _SECONDS_AN_HOUR * settings.task_hour_usd
    return figures

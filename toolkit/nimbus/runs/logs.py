"""What a run's tasks have said, and go on saying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus.executions import Line, State
from nimbus.runs.executions import Executions, Logs
from nimbus.runs.overview import read_plan
from nimbus_runtime import claims

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_BEFORE = 15 * 60 * 1000  # milliseconds: a task is started before it plans
_AGAIN = 30 * 1000  # milliseconds that are asked for again, since lines of several tasks do not arrive in order
_PAUSE = 2.0


def logs(  # noqa: PLR0913 - one argument a part of the environment
    store: Store, executions: Executions, source: Logs, run: str, *, follow: bool, sleep: Callable[[float], None]
) -> Iterator[Line]:
    """Yield a run's lines; with `follow` until it has ended."""
    plan = read_plan(store, run)
    since = int(datetime.fromisoformat(plan.execution.started).timestamp() * 1000) - _BEFORE
    seen: set[Line] = set()
    while True:
        number, owner = claims.latest(store, run)
        goes = executions.status(run, number, owner).state is State.RUNNING
        names = sorted({plan.execution.id, owner.id})
        for line in source.lines(run, names, since):
            if line not in seen:
                seen.add(line)
                since = max(since, line.time - _AGAIN)
                yield line
        if not follow or not goes:  # asked before the lines were: what was written until its end is there
            return
        sleep(_PAUSE)

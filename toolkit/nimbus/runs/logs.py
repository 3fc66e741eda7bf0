"""What a run's tasks have said, and go on saying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus.executions import Line, State
from nimbus.runs.executions import Executions, Logs
from nimbus.runs.overview import read_plan, unplanned
from nimbus_runtime import claims

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_BEFORE = 15 * 60 * 1000  # milliseconds: a task is started before it plans
_AGAIN = 30 * 1000  # milliseconds that are asked for again, since lines of several tasks do not arrive in order
_PAUSE = 2.0


def logs(  # noqa: PLR0913 - one argument a part of the environment
    store: Store, executions: Executions, source: Logs, run: str, *, follow: bool, sleep: Callable[[float], None]
) -> Iterator[Line]:
    """Yield a run's lines, or those of an execution that has planned none; with `follow` until it has ended."""
    since: int | None = None
    seen: set[Line] = set()
    while True:
        goes, names, started = _executed(store, executions, run)
        since = since or _milliseconds(started) - _BEFORE
        for line in source.lines(run, names, since):
            if line not in seen:
                seen.add(line)
                since = max(since, line.time - _AGAIN)
                yield line
        if not follow or not goes:  # asked before the lines were: what was written until its end is there
            return
        sleep(_PAUSE)


def _executed(store: Store, executions: Executions, run: str) -> tuple[bool, list[str], str]:
    """Return whether a run still goes, the executions that it had, and when the first began."""
    starting = unplanned(store, executions, run)
    if starting is not None:
        return starting.state is State.RUNNING, [starting.id], starting.started or ""
    plan = read_plan(store, run)
    number, owner = claims.latest(store, run)
    goes = executions.status(run, number, owner).state is State.RUNNING
    return goes, sorted({plan.execution.id, owner.id}), plan.execution.started


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)

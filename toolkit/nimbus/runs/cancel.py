"""Stops a run: what it has committed is kept, and can be gone on with."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from nimbus.executions import State
from nimbus.runs.executions import Executions
from nimbus.runs.overview import read_plan, unplanned
from nimbus_runtime import claims
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Execution

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_PATIENCE, _PAUSE = 60.0, 0.2  # seconds: a worker may have to end its shard


def cancel(store: Store, executions: Executions, run: str, reason: str, sleep: Callable[[float], None]) -> bool:
    """Stop the execution that owns a run; return whether it has ended, or was only asked to.

    One that has planned no run yet goes by its own name.
    """
    starting = unplanned(store, executions, run)
    if starting is not None:
        number, owner = 0, Execution(starting.id, "", "", 0, "")
    else:
        read_plan(store, run)
        number, owner = claims.latest(store, run)
    if executions.status(run, number, owner).state is not State.RUNNING:
        raise UsageError("this run does not go any more", where=run, remedy="`nimbus runs` says how it ended")
    executions.stop(owner, reason)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if executions.status(run, number, owner).state is not State.RUNNING:
            return True
        sleep(_PAUSE)
    return False

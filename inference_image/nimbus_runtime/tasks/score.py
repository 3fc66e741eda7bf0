"""Scores shards of a planned run in a task, until they are done or the deadline has come."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError
from nimbus_runtime.contract.records import Commit, Plan
from nimbus_runtime.interrupts import interruptible
from nimbus_runtime.store import Store, open_store
from nimbus_runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from nimbus_runtime.tasks.settings import TaskSettings

_REMEDY = "the next attempt does what is missing"


def score_task(settings: TaskSettings) -> int:
    """Score what is missing of the shards that the task was given; return how many those were."""
    store = open_store(settings.root)
    plan = read_plan(store, settings.run)
    release = settings.release or plan.release
    done = {int(name.removesuffix(".json")) for name in store.names(paths.commits(plan.run, release))}
    waiting = sorted(set(settings.shards) - done)
    score_shards(settings, plan, settings.execution, waiting, release)
    return len(waiting)


def read_plan(store: Store, run: str) -> Plan:
    """Return the plan of a run."""
    data = store.read(paths.plan(run)) if run else None
    if data is None:
        raise RunNotFoundError("this run has no plan", where=f"{store.location}/{paths.plan(run or '?')}")
    return codec.decode(Plan, data, paths.plan(run))


def score_shards(settings: TaskSettings, plan: Plan, attempt: str, shards: Sequence[int], release: str = "") -> None:
    """Have shards scored by worker processes; what was committed before a deadline or a signal stays."""
    if not shards:
        return
    with (
        interruptible(_REMEDY, settings.deadline),
        Supervisor(settings.bundle, min(settings.workers, len(shards))) as supervisor,
    ):
        supervisor.score(settings.root, plan.run, attempt, shards, _Log(plan.run), release)


class _Log:
    """Says on standard output what was done: one JSON object a line, and no text of a document."""

    def __init__(self, run: str) -> None:
        self._run = run

    def advanced(self, shard: int, documents: int, quarantined: int, position: int) -> None:
        """Say nothing: a log is read afterwards."""

    def committed(self, shard: int, commit: Commit) -> None:
        """Say that a shard is done."""
        counts = commit.counts
        say("committed", run=self._run, shard=shard, scored=counts.scored, quarantined=counts.quarantined)

    def worker_died(self, shard: int | None, cause: str) -> None:
        """Say that a worker was lost."""
        say("worker_died", run=self._run, shard=shard, cause=cause)


def say(event: str, **values: object) -> None:
    """Write one line of the log."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()

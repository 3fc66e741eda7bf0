"""The last task of a run: counts every shard, makes the dataset, publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime import canary, committer, live, planner
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import Dispatch, Outcome, Plan
from nimbus_runtime.store import Store, open_store
from nimbus_runtime.tasks import batches
from nimbus_runtime.tasks.drift import tell_drift
from nimbus_runtime.tasks.figures import told
from nimbus_runtime.tasks.score import read_plan

if TYPE_CHECKING:
    from nimbus_runtime.tasks.settings import TaskSettings


def commit_task(settings: TaskSettings) -> live.Publication | Outcome:
    """Commit a run and publish it, unless a later one or a rollback came first; doing it twice changes nothing.

    FAN_OUT: its candidate was dropped, and live has to score what the candidate had.
    """
    store = open_store(settings.root)
    plan = read_plan(store, settings.run)
    if plan.candidate is not None and not settings.second:
        name = batches.execution_name(settings.execution)
        outcome = _second_turn(store, plan, settings, name)
        store.create(paths.dispatch(name, paths.SECOND), codec.encode(Dispatch(outcome, plan.run)))
        if outcome is Outcome.FAN_OUT:
            return outcome
    run, publication = committer.commit_run(store, plan, plan.max_quarantine, told(settings, plan))
    tell_drift(store, run)
    return publication


def _second_turn(store: Store, plan: Plan, settings: TaskSettings, name: str) -> Outcome:
    """Decide about a run's candidate; where it was dropped, leave batches of its shards for live."""
    verdict = canary.settle(store, plan)
    waiting = sorted(set(range(len(plan.shards))) - committer.committed(store, plan))
    if verdict is None or verdict.kept or not waiting:
        return Outcome.DONE
    a_shard = planner.seconds_of_work(plan, settings.bundle) / settings.workers / len(plan.shards)
    release = batches.read_release(store, plan.release)
    cut = batches.cut(waiting, a_shard, settings.batch_seconds, release)
    store.create(paths.batches(name, paths.SECOND), codec.encode(cut))
    return Outcome.FAN_OUT

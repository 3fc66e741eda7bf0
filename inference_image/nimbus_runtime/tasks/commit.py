"""The last task of a run: counts every shard, makes the dataset, publishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime import committer, live
from nimbus_runtime.store import open_store
from nimbus_runtime.tasks.figures import told
from nimbus_runtime.tasks.score import read_plan

if TYPE_CHECKING:
    from nimbus_runtime.tasks.settings import TaskSettings


def commit_task(settings: TaskSettings) -> live.Publication:
    """Commit a run and publish it, unless a later one or a rollback came first; doing it twice changes nothing."""
    store = open_store(settings.root)
    plan = read_plan(store, settings.run)
    _, publication = committer.commit_run(store, plan, plan.max_quarantine, told(settings, plan))
    return publication

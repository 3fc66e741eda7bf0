"""Changes live.json: the one commit point of a pipeline.

The present state is kept in the ledger first, then the new one is written by compare-and-swap, so
that nothing is lost in between and no state is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from nimbus_runtime import clock
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import StoreError
from nimbus_runtime.contract.records import Entry, Live, Plan, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_ATTEMPTS = 200


class Publication(StrEnum):
    """What became of a finished dataset."""

    PUBLISHED = "published"
    SUPERSEDED = "superseded"  # a later run was published first; the dataset is kept, and stays unpublished
    FENCED = "fenced"  # a rollback came in between


def read(store: Store) -> Live | None:
    """Return the present state, None before the first."""
    data = store.read(paths.LIVE)
    return None if data is None else codec.decode(Live, data, f"{store.location}/{paths.LIVE}")


def publish(store: Store, plan: Plan, run: Run) -> Publication:
    """Make a finished run the dataset that readers see, unless a later one or a rollback came first."""
    outcome = Publication.PUBLISHED

    def change(present: Live | None) -> Live | None:
        nonlocal outcome
        outcome = judge(store, plan, present)
        if outcome is not Publication.PUBLISHED or (present is not None and present.dataset == run.run):
            return None
        return _with_dataset(present, plan, run)

    update(store, change)
    return outcome


def update(store: Store, change: Callable[[Live | None], Live | None]) -> Live | None:
    """Apply a change to the present state until it holds; a change that returns None writes nothing."""
    for _ in range(_ATTEMPTS):
        found = store.read_versioned(paths.LIVE)
        present = None if found is None else codec.decode(Live, found.data, f"{store.location}/{paths.LIVE}")
        wanted = change(present)
        if wanted is None:
            return present
        if found is not None and present is not None:
            store.create(paths.ledger(present.sequence), found.data)
        if store.compare_and_swap(paths.LIVE, codec.encode(wanted), None if found is None else found.version):
            return wanted
    raise StoreError(
        "live.json keeps changing while it is being changed",
        where=f"{store.location}/{paths.LIVE}",
        remedy="see who else publishes to this folder, then run the same command with --resume",
    )


def judge(store: Store, plan: Plan, present: Live | None) -> Publication:
    """Say what publishing a finished run comes to in the present state; nothing is changed."""
    if present is None:
        return Publication.PUBLISHED
    if present.epoch != plan.epoch:
        return Publication.FENCED
    if present.dataset not in (None, plan.run):
        data = store.read(paths.dataset(present.dataset or ""))
        if data is not None and json.loads(data)["scheduled_time"] >= plan.scheduled_time:
            return Publication.SUPERSEDED
    return Publication.PUBLISHED


def _with_dataset(present: Live | None, plan: Plan, run: Run) -> Live:
    """Return the state with the run's dataset. A run by hand also makes its release the live one."""
    entry = Entry("publish", plan.execution.actor, clock.iso(clock.now()), f"run {run.run}", plan.execution.id)
    if present is None:
        return Live(1, entry, run.release, dataset=run.run, datasets={run.release: run.run})
    return replace(
        present,
        sequence=present.sequence + 1,
        entry=entry,
        release=run.release,
        previous=present.release if present.release != run.release else present.previous,
        dataset=run.run,
        datasets={**present.datasets, run.release: run.run},
    )

"""Changes live.json: the one commit point of a pipeline.

The present state is kept in the ledger first, then the new one is written by compare-and-swap, so
that nothing is lost in between and no state is skipped.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from nimbus_runtime import clock
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import LiveChangedError, StoreError
from nimbus_runtime.contract.records import Entry, Live, Plan, Release, Run

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


def epoch(present: Live | None) -> int:
    """Return how many rollbacks came before a state."""
    return 0 if present is None else present.epoch


def publish(store: Store, plan: Plan, run: Run) -> Publication:
    """Make a finished run the dataset that readers see, unless a later one or a rollback came first."""
    outcome = Publication.PUBLISHED

    def change(present: Live | None) -> Live | None:
        nonlocal outcome
        outcome = judge(store, plan, present, run)
        if outcome is not Publication.PUBLISHED or (present is not None and present.dataset == run.run):
            return None
        return _with_dataset(present, plan, run, by_hand=_by_hand(store, run))

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
    raise _restless(store)


def entry(action: str, actor: str, reason: str = "") -> Entry:
    """Return an entry of now, with an attempt id of its own."""
    return Entry(action, actor, clock.iso(clock.now()), reason, secrets.token_hex(8))


def decide(store: Store, seen: Live | None, wanted: Entry, change: Callable[[Live | None], Live]) -> Live:
    """Apply once what somebody decided by looking at `seen`, and return the state that came of it.

    Runs that were published meanwhile are kept. Where another has changed releases, LiveChangedError
    says who; a change whose reply was lost is recognised by its attempt id.
    """
    for _ in range(_ATTEMPTS):
        found = store.read_versioned(paths.LIVE)
        present = None if found is None else codec.decode(Live, found.data, f"{store.location}/{paths.LIVE}")
        since = _since(store, seen, present)
        for state in since:
            if state.entry.attempt == wanted.attempt:
                return state
        _refuse_changes(store, seen, since)
        sequence = 1 if present is None else present.sequence + 1
        after = replace(change(present), sequence=sequence, entry=wanted)
        if found is not None and present is not None:
            store.create(paths.ledger(present.sequence), found.data)
        if store.compare_and_swap(paths.LIVE, codec.encode(after), None if found is None else found.version):
            return after
    raise _restless(store)


def refuse_changed(store: Store, seen: Live) -> None:
    """Refuse what somebody decided by looking at `seen`, where another has changed releases since; as `decide` does."""
    _refuse_changes(store, seen, _since(store, seen, read(store)))


def states(store: Store, present: Live, first: int = 1) -> list[Live]:
    """Return the states from sequence `first` to the present one, each as it was."""

    def state(place: str) -> Live | None:
        data = store.read(place)
        return None if data is None else codec.decode(Live, data, f"{store.location}/{place}")

    kept = each(state, map(paths.ledger, range(max(1, first), present.sequence)))
    return [*(found for found in kept if found is not None), present]


def _since(store: Store, seen: Live | None, present: Live | None) -> list[Live]:
    """Return the states that came after the one that was seen."""
    first = 1 if seen is None else seen.sequence + 1
    return [] if present is None or present.sequence < first else states(store, present, first)


def _refuse_changes(store: Store, seen: Live | None, since: Sequence[Live]) -> None:
    for state in since:
        if _rests_on(state) != _rests_on(seen):
            raise _changed(store, state)


def _rests_on(state: Live | None) -> tuple[object, ...]:
    """Return what a decision about releases rests on: neither datasets nor the pause."""
    return () if state is None else (state.release, state.previous, state.candidate, state.epoch)


def _changed(store: Store, state: Live) -> LiveChangedError:
    done = state.entry
    return LiveChangedError(
        "somebody else has changed what is live, so nothing was done",
        where=f"{store.location}/{paths.LIVE}",
        got=f"{done.action} by {done.actor} at {done.time}: release {state.release}",
        expected="the state that you were shown",
        remedy="look at `nimbus history`, and decide again",
    )


def _restless(store: Store) -> StoreError:
    return StoreError(
        "live.json keeps changing while it is being changed",
        where=f"{store.location}/{paths.LIVE}",
        remedy="see who else publishes to this folder, then run the same command with --resume",
    )


def judge(store: Store, plan: Plan, present: Live | None, run: Run | None = None) -> Publication:
    """Say what publishing a finished run comes to in the present state; nothing is changed."""
    if present is None:
        return Publication.PUBLISHED
    if present.epoch != plan.epoch or _holds_a_dropped_candidate(run, present):
        return Publication.FENCED
    if present.dataset not in (None, plan.run):
        data = store.read(paths.dataset(present.dataset or ""))
        if data is not None and json.loads(data)["scheduled_time"] >= plan.scheduled_time:
            return Publication.SUPERSEDED
    return Publication.PUBLISHED


def _by_hand(store: Store, run: Run) -> bool:
    """Say whether a run's release is a bundle that was named for it, and never deployed."""
    place = paths.release(run.release)
    data = store.read(place)
    return data is None or codec.decode(Release, data, f"{store.location}/{place}").job is None


def _holds_a_dropped_candidate(run: Run | None, present: Live) -> bool:
    """Say whether rows of a candidate that was dropped since they were committed would be published."""
    candidate = None if run is None else run.candidate
    if candidate is None or present.release == candidate:  # promoted meanwhile
        return False
    return present.candidate is None or present.candidate.release != candidate


def _with_dataset(present: Live | None, plan: Plan, run: Run, *, by_hand: bool) -> Live:
    """Return the state with the run's dataset. A run by hand also makes its release the live one."""
    done = Entry("publish", plan.execution.actor, clock.iso(clock.now()), f"run {run.run}", plan.execution.id)
    if present is None:
        return Live(1, done, run.release, dataset=run.run, datasets={run.release: run.run})
    if run.candidate is not None:
        return replace(present, sequence=present.sequence + 1, entry=done, dataset=run.run)
    release = run.release if by_hand else present.release
    return replace(
        present,
        sequence=present.sequence + 1,
        entry=done,
        release=release,
        previous=present.release if present.release != release else present.previous,
        dataset=run.run,
        datasets={**present.datasets, run.release: run.run},
    )

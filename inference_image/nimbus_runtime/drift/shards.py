"""What of a run is its own release's: in a canary, another bundle made some of the shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from nimbus_runtime import canary
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import DriftError
from nimbus_runtime.contract.records import Counts, Plan, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


def own(store: Store, run: Run) -> Run:
    """Return a run without the features and the counts of a candidate's shards."""
    if run.candidate is None:
        return run
    candidate, place = run.candidate, paths.plan(run.run)
    data = store.read(place)
    plan = None if data is None else codec.decode(Plan, data, f"{store.location}/{place}")
    if plan is None or plan.candidate is None:
        raise DriftError(
            "nothing says which shards of this run its candidate made",
            where=f"{store.location}/{place}",
            expected="the run's plan, with its candidate",
            remedy="restore the file from a backup, or choose another run",
        )
    commits = list(each(lambda shard: canary.read_commit(store, plan, candidate, shard), plan.candidate.shards))
    features = tuple(file for shard, file in enumerate(run.features) if shard not in plan.candidate.shards)
    return replace(run, features=features, counts=_less(run.counts, [commit.counts for commit in commits]))


def _less(all_: Counts, theirs: Sequence[Counts]) -> Counts:
    taken = reduce(add, theirs, Counts())
    return Counts(
        all_.documents - taken.documents,
        all_.scored - taken.scored,
        all_.quarantined - taken.quarantined,
        all_.characters - taken.characters,
        all_.tokens - taken.tokens,
        {reason: count - taken.reasons.get(reason, 0) for reason, count in all_.reasons.items()},
    )

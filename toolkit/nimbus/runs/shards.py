"""The shards of a run: which are done, and what each came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nimbus.runs.overview import read_plan
from nimbus_runtime import canary, committer

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard by its number: what it reads, for which release, and its counts and seconds once it is done.

    `part` says which of the input's bytes or row groups; `seconds` is None while it is not done.
    """

    number: int
    input: str
    part: tuple[int, int]
    release: str
    documents: int = 0
    quarantined: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Shards:
    """How many shards a run has, which of them are done, and those that were looked at, by number."""

    run: str
    count: int
    done: frozenset[int]
    known: dict[int, Shard] = field(default_factory=dict)


def shards(store: Store, run: str, looked_at: Iterable[int]) -> Shards:
    """Return the shards of a run. Only the records of those that are looked at are read: there may be very many."""
    plan = read_plan(store, run)
    owing, done = canary.owners(store, plan), frozenset(committer.committed(store, plan))
    known = {}
    for number in looked_at:
        if not 0 <= number < len(plan.shards):
            continue
        shard = plan.shards[number]
        given = (number, plan.inputs[shard.input].name, (shard.start, shard.end), owing[number])
        if number in done:
            commit = canary.read_commit(store, plan, owing[number], number)
            known[number] = Shard(*given, commit.counts.documents, commit.counts.quarantined, commit.seconds)
        else:
            known[number] = Shard(*given)
    return Shards(run, len(plan.shards), done, known)

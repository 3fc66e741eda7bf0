"""Decides whether a candidate's shards of a run are published, or scored again by live.

Decided once, when all of a run's shards are scored: whoever commits finds the same verdict. A candidate that is dropped
leaves live.json by compare-and-swap, and its shards are live's from then on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nimbus_runtime import clock, live
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import InputFile
from nimbus_runtime.contract.records import Canary, CanaryRule, CanaryVerdict, Commit, Entry, Live, Plan, Release, Shard

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


def offered(store: Store, present: Live | None, release: str, place: Callable[[Release], str | None]) -> Canary | None:
    """Return the candidate that shares in a run of what is live; None where there is none, or none that can run here.

    `place` says where a release's bundle lies, None where it is gone.
    """
    wanted = None if present is None or present.release != release else present.candidate
    data = None if wanted is None else store.read(paths.release(wanted.release))
    if wanted is None or data is None:
        return None
    candidate = codec.decode(Release, data, f"{store.location}/{paths.release(wanted.release)}")
    bundle = place(candidate)
    if bundle is None:
        return None
    return Canary(candidate.release, candidate.bundle_digest, bundle, wanted.percent, wanted.limits)


def chosen(run: str, inputs: Sequence[InputFile], shards: Sequence[Shard], percent: int) -> tuple[int, ...]:
    """Return the numbers of a candidate's shards: the first of an order by hash, at least one, and never all."""

    def place(number: int) -> bytes:
        shard = shards[number]
        name = inputs[shard.input].name if inputs else ""
        return hashlib.sha256(f"{run}\0{name}\0{shard.start}".encode("utf-8", "surrogatepass")).digest()

    count = min(max(1, round(len(shards) * percent / 100)), len(shards) - 1)
    return tuple(sorted(sorted(range(len(shards)), key=place)[:count]))


def verdict(store: Store, plan: Plan) -> CanaryVerdict | None:
    """Return what was decided of a run's candidate; None while nothing is."""
    data = None if plan.candidate is None else store.read(paths.canary(plan.run))
    return None if data is None else codec.decode(CanaryVerdict, data, f"{store.location}/{paths.canary(plan.run)}")


def owners(store: Store, plan: Plan) -> list[str]:
    """Return the release that owes each shard: the candidate its own, unless it was dropped."""
    owing = [plan.release] * len(plan.shards)
    found = verdict(store, plan)
    if plan.candidate is not None and (found is None or found.kept):
        for number in plan.candidate.shards:
            owing[number] = plan.candidate.release
    return owing


def settle(store: Store, plan: Plan, failure: str = "") -> CanaryVerdict | None:
    """Decide about a candidate once all that it will score is scored; deciding twice changes nothing.

    Nothing is decided while live's own shards are missing: there is nothing whole to compare with.
    `failure` says why it could not score what is missing of its shards.
    """
    if plan.candidate is None:
        return None
    found = verdict(store, plan)
    if found is None and not _live_is_done(store, plan, plan.candidate):
        return None
    if found is None:
        store.create(paths.canary(plan.run), codec.encode(_judge(store, plan, plan.candidate, failure)))
        found = verdict(store, plan)
    if found is not None and not found.kept:
        _drop(store, plan, found)
    return found


def _live_is_done(store: Store, plan: Plan, candidate: Canary) -> bool:
    done = {int(name.removesuffix(".json")) for name in store.names(paths.commits(plan.run, plan.release))}
    return set(range(len(plan.shards))) <= done | set(candidate.shards)


def _judge(store: Store, plan: Plan, candidate: Canary, failure: str) -> CanaryVerdict:
    from nimbus_runtime import canary_rules  # noqa: PLC0415 - imports numpy

    own = set(candidate.shards)
    done = {int(name.removesuffix(".json")) for name in store.names(paths.commits(plan.run, candidate.release))}
    commits = list(each(lambda number: read_commit(store, plan, candidate.release, number), sorted(own & done)))
    others = [n for n in range(len(plan.shards)) if n not in own]
    rules: tuple[CanaryRule, ...] = ()
    if own - done:
        reason = f"{len(own - done)} of its {len(own)} shards could not be scored" + (f": {failure}" if failure else "")
    elif _was_dropped(live.read(store), candidate):
        reason = "it was dropped while the run went"
    else:
        beside = list(each(lambda number: read_commit(store, plan, plan.release, number), others))
        rules = canary_rules.compare(store, plan.run, candidate.limits, commits, beside)
        reason = "; ".join(rule.why for rule in rules if not rule.held)
    return CanaryVerdict(
        run=plan.run,
        release=candidate.release,
        percent=candidate.percent,
        kept=not reason,
        reason=reason or "no worse than live's shards, within the limits",
        time=clock.iso(clock.now()),
        shards=len(commits),
        documents=sum(commit.counts.documents for commit in commits),
        rules=rules,
    )


def _was_dropped(present: Live | None, candidate: Canary) -> bool:
    if present is None or present.release == candidate.release:
        return False
    return present.candidate is None or present.candidate.release != candidate.release


def _drop(store: Store, plan: Plan, found: CanaryVerdict) -> None:
    def change(present: Live | None) -> Live | None:
        if present is None or present.candidate is None or present.candidate.release != found.release:
            return None
        if present.epoch != plan.epoch:  # a rollback came first; this candidate is one of afterwards
            return None
        if present.candidate.since > found.time:  # offered again, by somebody who could know this verdict
            return None
        reason = f"canary of run {plan.run}: {found.reason}"
        entry = Entry("drop", plan.execution.actor, clock.iso(clock.now()), reason, plan.execution.id)
        return replace(present, sequence=present.sequence + 1, entry=entry, candidate=None)

    live.update(store, change)


def read_commit(store: Store, plan: Plan, release: str, shard: int) -> Commit:
    """Return a shard's commit record by a release."""
    place = paths.commit(plan.run, release, shard)
    return codec.decode(Commit, store.read(place) or b"", f"{store.location}/{place}")

"""Makes a dataset of a run whose shards are all committed, and publishes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from nimbus_runtime import canary, clock, live
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import QuarantineExceededError, RunFailedError
from nimbus_runtime.contract.records import Commit, Counts, Duplicates, Plan, Release, Run
from nimbus_runtime.contract.words import percent

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


Tell = Callable[[Counts, float], None]
"""Is told once what a run amounts to, published or refused: its counts, and the seconds that its shards took in all."""


def committed(store: Store, plan: Plan) -> set[int]:
    """Return the numbers of the shards that are done, each by the release that owes it."""
    owing = canary.owners(store, plan)
    return {
        number
        for release in sorted(set(owing))
        for name in store.names(paths.commits(plan.run, release))
        if owing[number := int(name.removesuffix(".json"))] == release
    }


def commit_run(
    store: Store, plan: Plan, max_quarantine: float, tell: Tell | None = None
) -> tuple[Run, live.Publication]:
    """Count every shard, write run.json once, and publish; doing it twice changes nothing."""
    canary.settle(store, plan)
    missing = set(range(len(plan.shards))) - committed(store, plan)
    if missing:
        raise RunFailedError(
            "shards are missing",
            where=plan.run,
            got=f"{len(missing)} of {len(plan.shards)}",
            remedy="resume the run",
        )
    data = store.read(paths.dataset(plan.run))
    if data is None:
        made = _run(store, plan, max_quarantine, tell)
        if store.create(paths.dataset(plan.run), codec.encode(made)) and tell is not None:
            tell(made.counts, made.worker_seconds or 0.0)
        data = store.read(paths.dataset(plan.run)) or b""
    run = codec.decode(Run, data, paths.dataset(plan.run))
    return run, live.publish(store, plan, run)


def so_far(store: Store, plan: Plan) -> Run:
    """Return what is committed of a run, as the record that it would be: `finished` is empty, and it is no dataset."""
    return _record(plan, *_commits(store, plan))


def _commits(store: Store, plan: Plan) -> tuple[list[str], list[Commit]]:
    """Return the release that owes each shard, and the commits of those that are done, in the plan's order."""
    owing, done = canary.owners(store, plan), sorted(committed(store, plan))
    return owing, list(each(lambda number: canary.read_commit(store, plan, owing[number], number), done))


def _record(plan: Plan, owing: Sequence[str], commits: Sequence[Commit]) -> Run:
    return Run(
        run=plan.run,
        release=plan.release,
        bundle_digest=plan.bundle_digest,
        epoch=plan.epoch,
        scheduled_time=plan.scheduled_time,
        finished="",
        output_format=plan.settings.output_format,
        annotations=plan.settings.annotations,
        rows=tuple(commit.rows for commit in commits),
        quarantine=tuple(commit.quarantine for commit in commits if commit.quarantine is not None),
        features=tuple(commit.features for commit in commits),
        counts=reduce(add, (commit.counts for commit in commits), Counts()),
        duplicates=Duplicates(),
        candidate=next((release for release in owing if release != plan.release), None),
        worker_seconds=round(sum(commit.seconds for commit in commits), 3),
    )


def _run(store: Store, plan: Plan, max_quarantine: float, tell: Tell | None) -> Run:
    from nimbus_runtime.duplicates import find_duplicates  # noqa: PLC0415 - imports numpy

    owing, commits = _commits(store, plan)
    made = _record(plan, owing, commits)
    if made.counts.quarantined > max_quarantine * made.counts.documents:
        if tell is not None:
            tell(made.counts, made.worker_seconds or 0.0)
        raise _quarantine_exceeded(store, plan, made.counts, max_quarantine)
    if plan.settings.fields.id is not None:
        made = replace(made, duplicates=find_duplicates(store, plan.run, commits))
    return replace(made, finished=clock.iso(clock.now()))


def _quarantine_exceeded(store: Store, plan: Plan, counts: Counts, allowed: float) -> QuarantineExceededError:
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in counts.reasons.items())
    folder, accept = f" {store.location}", "accept these with --resume and a larger --max-quarantine"
    if _was_deployed(store, plan):
        folder, accept = "", "accept as many with a larger max_quarantine in nimbus.toml, `nimbus deploy` and a new run"
    return QuarantineExceededError(
        "too many documents failed, so nothing was published",
        where=plan.run,
        got=f"{counts.quarantined:,} of {counts.documents:,} documents: {reasons}",
        expected=f"at most {percent(allowed)}",
        remedy=f"`nimbus dataset{folder} --quarantined --run {plan.run}` lists them: mend the input and run again, "
        f"or {accept}",
    )


def _was_deployed(store: Store, plan: Plan) -> bool:
    """Say whether a run's release was deployed: its settings are the release's."""
    data = store.read(paths.release(plan.release))
    return data is not None and codec.decode(Release, data, paths.release(plan.release)).job is not None

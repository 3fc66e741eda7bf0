"""The first task of a run: claims it, plans it, and does it at once where it is small."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus_runtime import bundle as bundles
from nimbus_runtime import canary, claims, clock, committer, live, planner, readers
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import BundleInvalidError, RunMismatchError, UsageError
from nimbus_runtime.contract.records import (
    Batch,
    Begun,
    Canary,
    Dispatch,
    Execution,
    Live,
    Outcome,
    Plan,
    Release,
    RunKind,
)
from nimbus_runtime.store import Store, open_store
from nimbus_runtime.tasks import batches, owners
from nimbus_runtime.tasks.drift import tell_drift
from nimbus_runtime.tasks.figures import told
from nimbus_runtime.tasks.score import score_shards

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimbus_runtime.tasks.settings import TaskSettings

_PLAN, _DATASET = (place("").rpartition("/")[2] for place in (paths.plan, paths.dataset))


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What one look at live.json, or the first of an execution, decided of a run, and whether others go before it."""

    time: datetime
    epoch: int
    candidate: Canary | None
    goes_before: Callable[[], bool]


def plan_task(settings: TaskSettings, executions: owners.Executions) -> Dispatch:
    """Decide what becomes of a run, record it for the state machine, and return it; doing it twice changes nothing."""
    store = open_store(settings.root)
    name = batches.execution_name(settings.execution)
    dispatch = _decided(store, name) or _decide(store, settings, name, executions)
    if dispatch.outcome is not Outcome.WAIT:
        store.create(paths.dispatch(name), codec.encode(dispatch))
    return dispatch


def _decided(store: Store, name: str) -> Dispatch | None:
    data = store.read(paths.dispatch(name))
    return None if data is None else codec.decode(Dispatch, data, paths.dispatch(name))


def _decide(store: Store, settings: TaskSettings, name: str, executions: owners.Executions) -> Dispatch:
    present = live.read(store)
    begun = _begun(store, name, settings, present)
    time = settings.scheduled_time or datetime.fromisoformat(begun.time)
    run = _name(settings, time)
    if present is not None and present.paused and settings.kind is RunKind.SCHEDULED:
        paused = Dispatch(Outcome.PAUSED, run)
        store.create(paths.paused(run), codec.encode(paused))  # by the run's own name: the watch knows no execution
        return paused
    execution = Execution(settings.execution, "state machine", "aws", 0, clock.iso(clock.now()))

    def goes_before() -> bool:
        return settings.waits and _other_runs(store, run, execution, executions)

    if store.read(paths.plan(run)) is None:
        if settings.kind is not RunKind.SCHEDULED and not settings.run:  # a schedule's own deliveries are due
            planner.refuse_future(time)
        if _is_outdated(settings, present) or goes_before():
            return Dispatch(Outcome.WAIT, run)
    release = _release(store, settings)
    epoch = begun.epoch if settings.requested else live.epoch(present)
    offered = None if settings.requested else canary.offered(store, present, release.release, _in_a_task)
    plan = _plan(store, settings, release, run, _Chosen(time, epoch, offered, goes_before), execution)
    if plan is None:
        return Dispatch(Outcome.WAIT, run)
    attempt = owners.own(store, run, execution, executions)
    return Dispatch(Outcome.DUPLICATE, run) if attempt is None else _go(store, settings, plan, attempt)


def _go(store: Store, settings: TaskSettings, plan: Plan, attempt: claims.Attempt) -> Dispatch:
    """Do what is left of a run that is this execution's, or cut it into batches for other tasks."""
    run = plan.run
    if store.read(paths.dataset(run)) is None:
        seconds = planner.seconds_of_work(plan, settings.bundle) / settings.workers
        while waiting := _waiting(store, plan):
            own = waiting.get(plan.release, [])
            if waiting.keys() - {plan.release} or (seconds > settings.alone_seconds and len(own) > 1):
                cut = _cut(store, settings, plan, waiting, seconds / len(plan.shards))
                store.create(paths.batches(batches.execution_name(settings.execution)), codec.encode(cut))
                undecided = plan.candidate is not None and canary.verdict(store, plan) is None
                return Dispatch(Outcome.FAN_OUT, run, candidate=undecided)
            score_shards(settings, plan, attempt.execution.id, own, plan.release)
    committed, _ = committer.commit_run(store, plan, plan.max_quarantine, told(settings, plan))
    tell_drift(store, committed)
    return Dispatch(Outcome.DONE, run)


def _waiting(store: Store, plan: Plan) -> dict[str, list[int]]:
    """Return the shards that are not done, by the release that owes them; those of a dropped candidate by live."""
    done = committer.committed(store, plan)
    if len(done) == len(plan.shards):
        canary.settle(store, plan)
        done = committer.committed(store, plan)
    waiting: dict[str, list[int]] = {}
    for number, release in enumerate(canary.owners(store, plan)):
        if number not in done:
            waiting.setdefault(release, []).append(number)
    return waiting


def _cut(
    store: Store, settings: TaskSettings, plan: Plan, waiting: dict[str, list[int]], a_shard: float
) -> list[Batch]:
    """Cut what waits into batches, each with the task definition of its own release."""
    return [
        batch
        for release, shards in waiting.items()
        for batch in batches.cut(
            shards,
            a_shard,
            settings.batch_seconds,
            batches.read_release(store, release),
            candidate=release != plan.release,
        )
    ]


def _begun(store: Store, name: str, settings: TaskSettings, present: Live | None) -> Begun:
    """Return when an execution first asked, which is when a run without a time is due, and the epoch then."""
    now = clock.now()
    run = _name(settings, settings.scheduled_time or now)
    epoch = live.epoch(present) if settings.epoch is None else settings.epoch
    store.create(paths.begun(name), codec.encode(Begun(clock.iso(now), epoch, run)))
    return codec.decode(Begun, store.read(paths.begun(name)) or b"", paths.begun(name))


def _is_outdated(settings: TaskSettings, present: Live | None) -> bool:
    """Say whether another release has become live since this task's was chosen; the state machine reads it again."""
    return not settings.requested and present is not None and present.release != settings.release


def _name(settings: TaskSettings, time: datetime) -> str:
    """Return the name of the run that is due at a time, or of the one to continue."""
    return settings.run or clock.run_name(time, "" if settings.kind is RunKind.SCHEDULED else _suffix(settings))


def _suffix(settings: TaskSettings) -> str:
    return hashlib.sha256(settings.execution.encode()).hexdigest()[:6]


def _release(store: Store, settings: TaskSettings) -> Release:
    place = paths.release(settings.release)
    data = store.read(place) if settings.release else None
    if data is None:
        raise UsageError(
            "the release to run is not registered",
            where=f"{store.location}/{place}",
            got=settings.release or "no NIMBUS_RELEASE",
            remedy="deploy it first",
        )
    release = codec.decode(Release, data, place)
    if release.job is None:
        raise UsageError(
            "the release does not say what its runs read",
            where=f"{store.location}/{place}",
            expected="a release that was deployed to this environment",
            remedy="deploy it",
        )
    return release


def _plan(  # noqa: PLR0913, PLR0917 - all that decides a plan
    store: Store, settings: TaskSettings, release: Release, run: str, chosen: _Chosen, execution: Execution
) -> Plan | None:
    """Return the plan, None where it has to wait after all: reading bundle and inputs takes its time.

    Two that look within the same moment still go both, which costs a turn and harms nothing.
    """
    data = store.read(paths.plan(run))
    if data is None:
        bundle = bundles.verify(settings.bundle)
        if bundle.digest != release.bundle_digest:
            raise BundleInvalidError(
                "the image holds another bundle than the release",
                where=str(settings.bundle),
                got=bundle.digest,
                expected=release.bundle_digest,
                remedy="deploy the release again",
            )
        job = release.job
        assert job is not None  # noqa: S101 - checked by _release
        order = planner.Order(
            fields=job.fields,
            annotations=job.annotations,
            output_format=job.output_format,
            max_quarantine=job.max_quarantine,
            kind=settings.kind,
            scheduled_time=chosen.time,
            run=run,
            release=release.release,
            candidate=chosen.candidate,
            epoch=chosen.epoch,
        )
        inputs = readers.resolve(job.inputs, settings.bundle, default_format=job.input_format)
        if chosen.goes_before():
            return None
        try:
            return planner.plan_run(store, bundle, inputs, order, execution)
        except RunMismatchError:  # planned by another at the same moment: its plan is the one
            data = store.read(paths.plan(run)) or b""
    return codec.decode(Plan, data, paths.plan(run))


def _in_a_task(release: Release) -> str | None:
    """Say that a release's bundle lies in the image of its own tasks, if it has any."""
    return None if release.task_definition is None else ""


def _other_runs(store: Store, run: str, execution: Execution, executions: owners.Executions) -> bool:
    """Say whether another run goes, be it a later one: whoever of those that wait asks first is the next."""
    others = [name for name in store.names(paths.RUNS) if name != run]
    for name, kept in zip(others, each(lambda other: set(store.names(paths.run(other))), others), strict=True):
        if _PLAN in kept and _DATASET not in kept:  # looked for, and not read: a plan may have megabytes
            _, owner = claims.latest(store, name)
            if owner.id != execution.id and executions.running(owner):
                return True
    return False

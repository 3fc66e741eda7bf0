"""How runs are: from their records, and from whoever executes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from nimbus.executions import State, Status
from nimbus.runs.executions import Executions
from nimbus_runtime import canary, claims, clock, committer, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunNotFoundError
from nimbus_runtime.contract.records import AttemptEnd, Counts, Dispatch, Ending, Execution, Outcome, Plan, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_SAMPLE = 200  # commit records of a run that still goes which are read; the others are reckoned
_NAMED = 5  # runs that an error names
_LOOKED_AT = 100  # executions among which one is looked for by its name


class Standing(StrEnum):
    """What has become of a run so far."""

    STARTING = "starting"  # an execution that has not planned it yet
    RUNNING = "running"
    PUBLISHED = "published"  # its dataset is what readers see
    FINISHED = "finished"  # its dataset is whole, and is not what readers see, or not any more
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # whoever executed it is gone


_WITHOUT_PLAN = {
    State.RUNNING: Standing.STARTING,
    State.FAILED: Standing.FAILED,
    State.CANCELLED: Standing.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Overview:
    """A run at a moment. `run` is empty for an execution that has planned none.

    Times are ISO 8601 in UTC, durations in seconds; `worker_seconds` are workers' by the clock; what
    is not known is None.
    """

    run: str
    standing: Standing
    kind: str = ""
    scheduled_time: str = ""
    release: str = ""
    execution: str = ""
    attempt: int = 1
    started: str | None = None
    ended: str | None = None
    shards: int = 0
    shards_done: int = 0
    documents: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    documents_a_second: float | None = None
    eta: float | None = None
    worker_seconds: float | None = None
    error: str | None = None


def overviews(store: Store, executions: Executions, limit: int) -> list[Overview]:
    """Return the latest runs, the newest first, and among them executions that have planned none."""
    names = [name for name in _names(store)[-limit:][::-1] if store.read(paths.plan(name)) is not None]
    published = _published(store)
    runs = [overview(store, executions, name, published) for name in names]
    known = {run.execution for run in runs}
    known |= {claims.owner_of(store, run.run, number).id for run in runs for number in range(1, run.attempt)}
    for execution in _starting(store, executions, limit, known):
        later = (place for place, run in enumerate(runs) if _began(run) <= _began(execution))
        runs.insert(next(later, len(runs)), execution)
    return runs[:limit]


def overview(store: Store, executions: Executions, name: str, published: str | None = None) -> Overview:
    """Return how one run is, or the execution of this name that has planned none."""
    try:
        plan = read_plan(store, name)
    except RunNotFoundError:
        status = unplanned(store, executions, name)
        found = None if status is None else _without_plan(store, status)
        if found is None:
            raise
        return found
    number, owner = claims.latest(store, name)
    data = store.read(paths.dataset(name))
    if data is not None:
        run = codec.decode(Run, data, paths.dataset(name))
        return _finished(plan, run, number, owner, published or _published(store))
    counts, done, seconds = _so_far(store, plan)
    status = executions.status(name, number, owner)
    ended = _end(store, name, number)
    standing = _standing(status.state, ended)
    return Overview(
        run=name,
        standing=standing,
        kind=plan.kind.value,
        scheduled_time=plan.scheduled_time,
        release=plan.release,
        execution=owner.id,
        attempt=number,
        started=owner.started,
        ended=None if standing is Standing.RUNNING else status.ended or (ended.time if ended else None),
        shards=len(plan.shards),
        shards_done=done,
        documents=counts.documents,
        quarantined=counts.quarantined,
        reasons=counts.reasons,
        # What an earlier attempt did tells nothing of this one's pace.
        **(_pace(owner, counts, done, len(plan.shards)) if standing is Standing.RUNNING and number == 1 else {}),
        worker_seconds=seconds,
        error=_error(ended) or status.error,
    )


def read_plan(store: Store, name: str) -> Plan:
    """Return the plan of a run; RunNotFoundError names near ones."""
    data = store.read(paths.plan(name)) if name in store.names(paths.RUNS) else None  # a name, never a path
    if data is None:
        known = _names(store)
        near = difflib.get_close_matches(name, known, n=_NAMED) or known[-_NAMED:]
        raise RunNotFoundError(
            "there is no such run",
            where=store.location,
            got=name,
            expected=f"a run, such as {', '.join(near)}" if near else "a run; none was planned yet",
            remedy="`nimbus runs` lists them",
        )
    return codec.decode(Plan, data, f"{store.location}/{paths.plan(name)}")


def unplanned(store: Store, executions: Executions, name: str) -> Status | None:
    """Return the execution that is named, where it has not planned a run: then that is all there is to name."""
    if name in store.names(paths.RUNS):
        return None
    return next((status for status in executions.pending(_LOOKED_AT) if status.id.rpartition(":")[2] == name), None)


def _names(store: Store) -> list[str]:
    return store.names(paths.RUNS)


def _published(store: Store) -> str | None:
    present = live.read(store)
    return None if present is None else present.dataset


def _finished(plan: Plan, run: Run, number: int, owner: Execution, published: str | None) -> Overview:
    took = _seconds(owner.started, run.finished)
    return Overview(
        run=run.run,
        standing=Standing.PUBLISHED if run.run == published else Standing.FINISHED,
        kind=plan.kind.value,
        scheduled_time=run.scheduled_time,
        release=run.release,
        execution=owner.id,
        attempt=number,
        started=owner.started,
        ended=run.finished,
        shards=len(plan.shards),
        shards_done=len(plan.shards),
        documents=run.counts.documents,
        quarantined=run.counts.quarantined,
        reasons=run.counts.reasons,
        documents_a_second=run.counts.documents / took if took > 0 and number == 1 else None,
        worker_seconds=run.worker_seconds,
    )


def _so_far(store: Store, plan: Plan) -> tuple[Counts, int, float | None]:
    """Return what is committed: counts, shards, and seconds of workers; of very many shards, reckoned from a sample."""
    done = sorted(committer.committed(store, plan))
    if not done:
        return Counts(), 0, None
    read, owing = done[:: max(1, len(done) // _SAMPLE)], canary.owners(store, plan)
    commits = [canary.read_commit(store, plan, owing[number], number) for number in read]
    counts = reduce(add, (commit.counts for commit in commits), Counts())
    seconds = sum(commit.seconds for commit in commits)
    if len(read) < len(done):
        share = len(done) / len(read)
        counts = Counts(documents=round(counts.documents * share), quarantined=round(counts.quarantined * share))
        seconds *= share
    return counts, len(done), seconds


def _pace(owner: Execution, counts: Counts, done: int, shards: int) -> dict[str, float | None]:
    took = _seconds(owner.started, clock.iso(clock.now()))
    if not done or took <= 0:
        return {}
    return {"documents_a_second": counts.documents / took, "eta": took / done * (shards - done)}


def _standing(state: State, ended: AttemptEnd | None) -> Standing:
    if state is State.RUNNING:
        return Standing.RUNNING
    if ended is not None:
        return {Ending.FAILED: Standing.FAILED, Ending.CANCELLED: Standing.CANCELLED}.get(
            ended.ending, Standing.INTERRUPTED
        )
    return {State.FAILED: Standing.FAILED, State.CANCELLED: Standing.CANCELLED}.get(state, Standing.INTERRUPTED)


def _end(store: Store, run: str, attempt: int) -> AttemptEnd | None:
    place = paths.attempt_end(run, attempt)
    data = store.read(place)
    return None if data is None else codec.decode(AttemptEnd, data, f"{store.location}/{place}")


def _error(ended: AttemptEnd | None) -> str | None:
    if ended is None or not ended.error:
        return None
    what, got = ended.error.get("what", ""), ended.error.get("got")
    return f"{what} ({got})" if got else what


def _starting(store: Store, executions: Executions, limit: int, known: set[str]) -> Iterator[Overview]:
    """Yield executions that go or failed without a plan: of those there is no record of a run."""
    for status in executions.pending(limit):
        found = None if status.id in known else _without_plan(store, status)
        if found is not None:
            yield found


def _without_plan(store: Store, status: Status) -> Overview | None:
    """Return how an execution without a plan is; None where it ended well, or something else has become of it."""
    name = status.id.rpartition(":")[2]
    decided = dispatched(store, name) if status.state in _WITHOUT_PLAN else None
    if status.state not in _WITHOUT_PLAN or (decided is not None and decided.outcome is not Outcome.FAILED):
        return None
    standing, error = _WITHOUT_PLAN[status.state], decided.error if decided is not None else status.error
    return Overview("", standing, execution=name, started=status.started, ended=status.ended, error=error)


def _began(run: Overview) -> datetime:
    """Return when a run began; now where that is not known yet."""
    return datetime.fromisoformat(run.started) if run.started else clock.now()


def _seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()


def dispatched(store: Store, execution: str) -> Dispatch | None:
    """Return what an execution's plan has decided, or why its commit failed for good; None while neither is."""
    for place in (paths.failure(execution), paths.dispatch(execution)):
        data = store.read(place)
        if data is not None:
            return codec.decode(Dispatch, data, f"{store.location}/{place}")
    return None

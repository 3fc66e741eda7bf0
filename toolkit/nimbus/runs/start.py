"""Starts a run of what is live in an environment, now or in place of one that was due."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nimbus.executions import State
from nimbus.runs import submit
from nimbus.runs.errors import NothingLiveError, ReleaseMissingError
from nimbus.runs.executions import Executions
from nimbus.runs.observer import Observer
from nimbus.runs.overview import dispatched, read_plan
from nimbus_runtime import claims, clock, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import RunMismatchError, UsageError
from nimbus_runtime.contract.records import Dispatch, Live, Outcome, Release, RunKind
from nimbus_runtime.planner import Order, refuse_future

if TYPE_CHECKING:
    from nimbus_runtime.store import DirectoryStore, Store


@dataclass(frozen=True, slots=True)
class Start:
    """What to start: the live release where none is named, now where no due time is."""

    release: str | None = None
    scheduled_time: datetime | None = None

    @property
    def kind(self) -> RunKind:
        """Return what starts it: a run in place of a due one is a scheduled one."""
        return RunKind.MANUAL if self.scheduled_time is None else RunKind.SCHEDULED


@dataclass(frozen=True, slots=True)
class Started:
    """What became of it. `result` is None where this call has not scored anything."""

    outcome: Outcome
    run: str
    result: submit.Result | None = None


class Machine(Protocol):
    """Starts executions in the cloud."""

    def start(self, name: str, given: dict[str, str]) -> str:
        """Start an execution with an input, and return its id."""
        ...


def here(store: DirectoryStore, executions: Executions, wanted: Start, workers: int, observer: Observer) -> Started:
    """Run on this machine, to the end; a scheduled run that another process has begun is left or taken over."""
    _refuse_future(wanted)
    release, present = _release(store, wanted.release)
    if present is not None and present.paused and wanted.kind is RunKind.SCHEDULED:
        return Started(Outcome.PAUSED, "")
    request = _request(store, release, wanted, workers, live.epoch(present))
    run = request.order.run
    for _ in range(2):  # the second time where another has planned it at the same moment
        if run is not None and store.read(paths.plan(run)) is not None:
            return _go_on(store, executions, run, workers, observer)
        try:
            result = submit.submit(request, observer)
        except RunMismatchError:
            if run is None:
                raise
            continue
        return Started(Outcome.DONE, result.run.run, result)
    return Started(Outcome.DUPLICATE, run or "")


def there(store: Store, machine: Machine, wanted: Start) -> str:
    """Start an execution in the cloud and return its id; what it runs, it decides there."""
    _refuse_future(wanted)
    _release(store, wanted.release)
    given = {"kind": wanted.kind.value, "release": wanted.release or ""}
    if wanted.scheduled_time is not None:
        given["scheduled_time"] = wanted.scheduled_time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return machine.start(execution_name(wanted.kind.value), given)


def execution_name(why: str) -> str:
    """Return a new name for an execution."""
    return f"{why}-{clock.run_name(clock.now(), secrets.token_hex(4))}"


def redo_here(store: DirectoryStore, run: str, workers: int, observer: Observer) -> submit.Result:
    """Do what is missing of a run on this machine, with the bundle and the settings that it was planned with."""
    plan = read_plan(store, run)
    _refuse_finished(store, run)
    _bundle(plan.bundle, plan.release)
    settings = plan.settings
    order = Order(settings.fields, settings.annotations, settings.output_format, plan.max_quarantine)
    request = submit.Request(store.root, (), Path(plan.bundle), order, workers, resume=True, run=run)
    return submit.submit(request, observer)


def redo_there(store: Store, executions: Executions, machine: Machine, run: str) -> str:
    """Start an execution in the cloud that does what is missing of a run, and return its id."""
    plan = read_plan(store, run)
    _refuse_finished(store, run)
    number, owner = claims.latest(store, run)
    if executions.status(run, number, owner).state is State.RUNNING:
        raise UsageError(
            "this run still goes",
            where=run,
            got=owner.id,
            remedy=f"wait for it, or `nimbus cancel {run}`; then redrive what is missing",
        )
    given = {"kind": "resume", "run": run, "release": plan.release, "scheduled_time": plan.scheduled_time}
    return machine.start(execution_name("redrive"), given)


def outcome(store: Store, execution: str) -> Dispatch | None:
    """Return what an execution has decided to do, None while it has not."""
    return dispatched(store, execution.rpartition(":")[2])


def _refuse_future(wanted: Start) -> None:
    if wanted.scheduled_time is not None:
        refuse_future(wanted.scheduled_time)


def _release(store: Store, name: str | None) -> tuple[Release, Live | None]:
    """Return the release to run, and the state that said so."""
    present = live.read(store)
    if name is None and present is None:
        raise NothingLiveError(
            "nothing is live in this environment yet",
            where=store.location,
            remedy="deploy a release first: `nimbus deploy`",
        )
    wanted = name or (present.release if present else "")
    known = store.names(paths.RELEASES)
    data = store.read(paths.release(wanted)) if f"{wanted}.json" in known else None  # a name, never a path
    if data is None:
        raise ReleaseMissingError(
            "there is no such release",
            where=store.location,
            got=wanted,
            remedy="`nimbus history` tells which were live",
        )
    release = codec.decode(Release, data, f"{store.location}/{paths.release(wanted)}")
    if release.job is None:
        raise ReleaseMissingError(
            "this release does not say what its runs read",
            where=wanted,
            got="a bundle that was run by hand",
            remedy="deploy it: `nimbus deploy`, or run it by hand: `nimbus run INPUT… --bundle … --output …`",
        )
    return release, present


def _bundle(folder: str | None, release: str) -> Path:
    if folder is None or not Path(folder).is_dir():
        raise ReleaseMissingError(
            "the bundle of this release is not on this machine",
            where=release,
            got=folder or "a release for tasks in the cloud",
            remedy="deploy it to this environment again: `nimbus deploy`",
        )
    return Path(folder)


def _request(store: DirectoryStore, release: Release, wanted: Start, workers: int, epoch: int) -> submit.Request:
    job, time = release.job, wanted.scheduled_time
    assert job is not None  # noqa: S101 - checked by _release
    order = Order(
        fields=job.fields,
        annotations=job.annotations,
        output_format=job.output_format,
        max_quarantine=job.max_quarantine,
        kind=wanted.kind,
        scheduled_time=time,
        run=None if time is None else clock.run_name(time),
        release=release.release,
        epoch=epoch,
    )
    bundle = _bundle(release.bundle and str(store.root / release.bundle), release.release)
    return submit.Request(store.root, job.inputs, bundle, order, workers, job.input_format)


def _go_on(store: DirectoryStore, executions: Executions, run: str, workers: int, observer: Observer) -> Started:
    """Do what is left of a scheduled run that was planned before, unless it is done or still goes."""
    number, owner = claims.latest(store, run)
    if store.read(paths.dataset(run)) is not None or executions.status(run, number, owner).state is State.RUNNING:
        return Started(Outcome.DUPLICATE, run)
    return Started(Outcome.DONE, run, redo_here(store, run, workers, observer))


def _refuse_finished(store: Store, run: str) -> None:
    present = live.read(store)
    if store.read(paths.dataset(run)) is not None and present is not None and present.dataset == run:
        raise UsageError(
            "this run is finished and published: nothing of it failed",
            where=run,
            remedy="`nimbus run` starts a new one",
        )

"""Submits a run on this machine: plan, score by worker processes, commit, publish."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nimbus.runs.log import Log
from nimbus.runs.observer import Observer
from nimbus_runtime import bundle as bundles
from nimbus_runtime import canary, claims, committer, live, planner, readers
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.drift import Comparison
from nimbus_runtime.contract.errors import (
    DriftError,
    InputChangedError,
    InputUnreadableError,
    NimbusError,
    RecordInvalidError,
    RunInterruptedError,
    RunMismatchError,
    RunNotFoundError,
    StoreError,
    UsageError,
)
from nimbus_runtime.contract.inputs import Format, InputFile
from nimbus_runtime.contract.records import Canary, Commit, Ending, Live, Plan, Release, Run, Settings
from nimbus_runtime.drift import devset
from nimbus_runtime.drift.watch import watch
from nimbus_runtime.interrupts import interruptible
from nimbus_runtime.store import DirectoryStore
from nimbus_runtime.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Request:
    """What to run. `inputs` and `bundle` may be left out to resume a run with those it was planned with.

    `run` names the run to resume; without it that is the newest unfinished one.
    """

    root: Path
    inputs: tuple[str, ...]
    bundle: Path | None
    order: planner.Order
    workers: int
    input_format: Format | None = None
    resume: bool = False
    max_quarantine: float | None = None  # None: the plan's
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A finished run: its record, what became of it, and what this attempt did in how many seconds."""

    plan: Plan
    run: Run
    publication: live.Publication
    seconds: float
    scored_now: int
    drift: Comparison | NimbusError | None = None  # from the release's baseline, if it has one; or why it is unknown


def submit(request: Request, observer: Observer) -> Result:
    """Run to the end, or say why not; what was committed before stays committed."""
    started = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(interruptible(f"{_goes_on(request)}: finished shards are kept"))
        store = stack.enter_context(_root(request.root))
        store.sweep()
        order = request.order
        if order.epoch is None:  # before the seconds that opening a bundle takes
            order = replace(order, epoch=live.epoch(live.read(store)))
        resumed = _to_resume(store, request.run) if request.resume else None
        if resumed is None and not (request.inputs and request.bundle):
            raise _nothing_to_do(store, request)
        bundle = bundles.verify(request.bundle or Path(resumed.bundle if resumed else ""))
        supervisor = stack.enter_context(Supervisor(bundle.path, request.workers))
        execution = claims.this_process()
        if resumed is None:
            inputs = _resolve(store, request)
            try:
                plan = planner.plan_run(store, bundle, inputs, _with_candidate(store, order), execution)
            except NimbusError:
                planner.clear_spool(store, inputs)
                raise
            attempt = stack.enter_context(claims.first(store, plan))
            unkept = _keep_dev_set(store, plan.release, bundle)
        else:
            unkept = None
            plan = resumed
            _check_same(store, plan, bundle, request)
            attempt = stack.enter_context(claims.take_over(store, plan.run, execution))
        log = stack.enter_context(Log(store.path(paths.log(plan.run, attempt.number)), plan.run, observer))
        try:
            scored = _score(store, supervisor, request.workers, plan, attempt, log)
            allowed = plan.max_quarantine if request.max_quarantine is None else request.max_quarantine
            run, publication = committer.commit_run(store, plan, allowed)
        except NimbusError as error:
            ending = Ending.CANCELLED if isinstance(error, RunInterruptedError) else Ending.FAILED
            with suppress(StoreError):  # what ended the run is the news, not that it could not be recorded
                claims.end(store, attempt, ending, error.to_json())
            log.say("failed", **error.to_json())
            raise
        log.say("committed_run", publication=publication.value)
        planner.clear_spool(store, plan.inputs)
        drift = _drift(store, run) or unkept
    return Result(plan, run, publication, time.monotonic() - started, scored, drift)


@contextmanager
def _root(folder: Path) -> Iterator[DirectoryStore]:
    """Open a root; one that was made for a run which could not begin is gone again afterwards."""
    new = [place for place in (folder, *folder.absolute().parents) if not place.exists()]
    store = DirectoryStore(folder)
    try:
        yield store
    except NimbusError:
        if new:
            store.vacate()
            for place in new[1:]:
                with suppress(OSError):  # it holds something
                    place.rmdir()
        raise


def _keep_dev_set(store: DirectoryStore, release: str, bundle: bundles.Bundle) -> NimbusError | None:
    """Make the dev set beside a bundle the first baseline; a damaged one does not keep a run from being scored."""
    try:
        devset.adopt(store, release, bundle)
    except (DriftError, RecordInvalidError) as error:
        return error
    return None


def _drift(store: DirectoryStore, run: Run) -> Comparison | NimbusError | None:
    """Compare a published run; one that cannot be compared has not failed by that."""
    try:
        return watch(store, run)
    except (RunInterruptedError, StoreError):
        return None  # it was asked to stop, or has no room: the dataset is there, and `nimbus drift report` compares it
    except NimbusError as error:
        return error


def _goes_on(request: Request) -> str:
    of_environment = request.run is not None or request.order.release is not None
    return "`nimbus redrive` goes on with it" if of_environment else "run the same command with --resume"


def _with_candidate(store: DirectoryStore, order: planner.Order) -> planner.Order:
    """Let the candidate of a release that was deployed have its share."""
    if order.release is None:
        return order

    def place(release: Release) -> str | None:
        return None if release.bundle is None else str(store.root / release.bundle)

    return replace(order, candidate=canary.offered(store, live.read(store), order.release, place))


def _score(  # noqa: PLR0913, PLR0917 - all of one attempt
    store: DirectoryStore, supervisor: Supervisor, workers: int, plan: Plan, attempt: claims.Attempt, observer: Observer
) -> int:
    owners, done = canary.owners(store, plan), committer.committed(store, plan)
    observer.planned(plan, [canary.read_commit(store, plan, owners[number], number) for number in sorted(done)])
    counting = _Counting(observer)

    def waiting(release: str) -> list[int]:
        done = committer.committed(store, plan)
        return [n for n, owner in enumerate(canary.owners(store, plan)) if owner == release and n not in done]

    def score(by: Supervisor, release: str) -> None:
        shards = waiting(release)
        if shards:
            by.score(str(store.root), plan.run, attempt.execution.id, shards, counting, release)

    score(supervisor, plan.release)
    if plan.candidate is not None:
        canary.settle(store, plan, _score_candidate(plan.candidate, workers, score))
        score(supervisor, plan.release)  # what a candidate that was dropped leaves
    return counting.scored


def _score_candidate(candidate: Canary, workers: int, score: Callable[[Supervisor, str], None]) -> str:
    """Have a candidate score its shards; return why it could not, which is no failure of the run."""
    try:
        with Supervisor(bundles.verify(Path(candidate.bundle)).path, workers) as supervisor:
            score(supervisor, candidate.release)
    except (RunInterruptedError, StoreError, InputChangedError, InputUnreadableError):
        raise
    except NimbusError as error:
        return error.what
    return ""


class _Counting:
    """Passes progress on and counts the documents that this attempt scored."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.scored = 0
        self.advanced = observer.advanced
        self.worker_died = observer.worker_died

    def committed(self, shard: int, commit: Commit) -> None:
        """Count a shard."""
        self.scored += commit.counts.scored
        self._observer.committed(shard, commit)


def _resolve(store: DirectoryStore, request: Request) -> list[InputFile]:
    spool = planner.spool_folder(store)
    return readers.resolve(request.inputs, spool, sys.stdin.buffer, default_format=request.input_format)


def _to_resume(store: DirectoryStore, run: str | None) -> Plan | None:
    """Return the plan of the run that is named, or of the newest unfinished one."""
    if run is None:
        return _unfinished(store)
    data = store.read(paths.plan(run)) if run in store.names(paths.RUNS) else None  # a name, never a path
    if data is None:
        raise RunNotFoundError(
            "there is no such run to resume",
            where=store.location,
            got=run,
            remedy="`nimbus runs` lists them",
        )
    return codec.decode(Plan, data, f"{store.location}/{paths.plan(run)}")


def _unfinished(store: DirectoryStore) -> Plan | None:
    """Return the newest run that is not published, None where no run was ever planned."""
    present = live.read(store)
    newest = None
    for name in reversed(store.names(paths.RUNS)):
        data = store.read(paths.plan(name))
        if data is None:
            continue
        newest = newest or name
        plan = codec.decode(Plan, data, f"{store.location}/{paths.plan(name)}")
        if store.read(paths.dataset(name)) is None or _unpublished(store, plan, present):
            return plan
    if newest is not None:
        raise RunNotFoundError(
            "there is no unfinished run to resume",
            where=store.location,
            got=f"the newest run, {newest}, is finished",
            remedy="leave out --resume to start a new run",
        )
    return None


def _unpublished(store: DirectoryStore, plan: Plan, present: Live | None) -> bool:
    """Say whether a finished run still waits to be published: nothing later is, and no rollback came first."""
    waits = live.judge(store, plan, present) is live.Publication.PUBLISHED
    return waits and (present is None or present.dataset != plan.run)


def _nothing_to_do(store: DirectoryStore, request: Request) -> NimbusError:
    if request.resume:
        return RunNotFoundError(
            "no run was begun here yet",
            where=store.location,
            remedy="name the inputs and the --bundle to begin one",
        )
    missing = "a bundle" if request.inputs else "an input"
    return UsageError(
        f"{missing} is missing",
        expected="nimbus run INPUT… --bundle BUNDLE --output DIR",
        remedy="name it, or add --resume to continue the run that was begun in this folder",
    )


def _check_same(store: DirectoryStore, plan: Plan, bundle: bundles.Bundle, request: Request) -> None:
    """Refuse to resume a run as something else than it was planned as."""
    wanted = request.order.gemm or plan.settings.gemm
    if bundle.digest != plan.bundle_digest:
        raise RunMismatchError(
            "the run was planned with another bundle",
            where=plan.run,
            got=bundle.digest[:12],
            expected=f"{plan.bundle_digest[:12]} ({plan.bundle})",
            remedy="resume with that bundle, or leave out --resume to start a new run",
        )
    if request.inputs:  # the whole command was given again, not --resume alone
        _check_same_settings(plan, replace(planner.settings_of(bundle, request.order), gemm=wanted))
        _check_same_inputs(plan, _resolve(store, request))
    else:
        _check_same_settings(plan, replace(plan.settings, gemm=wanted))


def _check_same_settings(plan: Plan, asked: Settings) -> None:
    planned = _in_words(plan.settings)
    differing = [name for name, value in _in_words(asked).items() if value != planned[name]]
    if differing:
        raise RunMismatchError(
            "the run was planned with other settings",
            where=plan.run,
            got=", ".join(f"{name} {_in_words(asked)[name]}" for name in differing),
            expected=", ".join(f"{name} {planned[name]}" for name in differing),
            remedy="give the run's own, or --resume without the inputs; leave out --resume to start a new run",
        )


def _in_words(settings: Settings) -> dict[str, str]:
    return {
        "text field": settings.fields.text,
        "id field": settings.fields.id or "(none)",
        "annotations": ",".join(settings.annotations),
        "format": settings.output_format.value,
        "gemm": settings.gemm.value,
    }


def _check_same_inputs(plan: Plan, inputs: Sequence[InputFile]) -> None:
    planned = {file.key: file for file in plan.inputs}
    changed = sorted(
        {file.name for file in inputs if planned.get(file.key) != file}
        | {file.name for file in plan.inputs if file.key not in {i.key for i in inputs}}
    )
    if changed:
        raise RunMismatchError(
            "the inputs are not those that the run was planned with",
            where=plan.run,
            got=f"changed, new or missing: {', '.join(changed[:5])}",
            remedy="leave out --resume to start a new run over the inputs as they are now",
        )

"""From a trained pipeline to the live release, step by step.

Every step finds by content what an earlier attempt has done, so that a deployment that was killed
is continued by starting it again. What is live is changed last, and by who has seen it first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import diff, promote, register, registry
from nimbus.releases import live as changes
from nimbus.releases.errors import PreflightFailedError
from nimbus.releases.preflight import Report
from nimbus.releases.promote import Outcome, Promotion, Verdict
from nimbus.releases.register import Host
from nimbus_runtime import evidence, live
from nimbus_runtime.contract.errors import NimbusError
from nimbus_runtime.contract.records import Job, Live, Release

if TYPE_CHECKING:
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.store import Store

_LIVE = "it is live already"


class Step(StrEnum):
    """What deploying does, in this order."""

    COMPILE = "compile"
    PLACE = "place"  # an image in the repository, or a copy of the bundle below the root
    PREFLIGHT = "preflight"
    REGISTER = "register"
    SHADOW = "shadow"
    GATE = "gate"
    PROMOTE = "promote"


class State(StrEnum):
    """How far a step is."""

    TO_DO = "to do"
    DOING = "doing"
    DONE = "done"
    SKIPPED = "skipped"
    STOPPED = "stopped"


class Compiler(Protocol):
    """Makes the bundle that is deployed."""

    def find(self) -> Bundle | None:
        """Return the bundle if it needs no compiling."""
        ...

    def compile(self) -> Bundle:
        """Return the bundle, compiled if it must be."""
        ...


class Preflight(Protocol):
    """Checks whether a release could run."""

    def __call__(self, release: Release, bundle: Bundle, *, placed: bool = False) -> Report:
        """Return every check; `placed` says that this deployment placed the bundle: its scan may still go on."""
        ...


class Shadow(Protocol):
    """Lets a candidate score inputs of the live release, unpublished, and keeps what came of it as evidence."""

    def __call__(self, candidate: Release, present: Release) -> Verdict:
        """Return the gate's verdict; a candidate that was judged on the same inputs already is not run again."""
        ...


class Observer(Protocol):
    """Is told how a deployment goes."""

    def step(self, step: Step, state: State, words: str = "") -> None:
        """Note how far a step is."""
        ...

    def checked(self, report: Report) -> None:
        """Note what the preflight found."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a deployment works with; `shadow` is None where there is nothing to judge by.

    `gate` asks for the evidence that needs nothing live beside it, where the gate requires such. `live_is_here`
    says whether what is live can score beside a candidate, though it has published nothing. `registered` is told of
    the release while nothing of it is live.
    """

    store: Store
    compiler: Compiler
    host: Host
    preflight: Preflight
    shadow: Shadow | None
    gate: Callable[[Release], Verdict] | None = None
    live_is_here: Callable[[], bool] = lambda: False
    registered: Callable[[Release, Bundle], object] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be deployed, by whom and why. `confirm` is asked before anything live changes.

    Without `promoted` it ends with the gate's word on the candidate.
    """

    job: Job
    actor: str
    reason: str
    confirm: Callable[[Promotion], None]
    promoted: bool = True


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a deployment ended: `state` is None where a gate stopped it, or nothing was to be made live."""

    release: Release
    state: Live | None
    verdict: Verdict | None
    changed: bool

    @property
    def held(self) -> bool:
        """Say whether the gate holds the release back, or cannot tell."""
        return self.verdict is not None and self.verdict.outcome is not Outcome.PROMOTE


@dataclass(frozen=True, slots=True)
class Planned:
    """What a deployment would do; without a compiled bundle, `release` and `differences` are not known yet."""

    steps: tuple[tuple[Step, State, str], ...]
    release: Release | None
    differences: tuple[diff.Difference, ...]


def plan(tools: Tools, job: Job) -> Planned:
    """Say what deploying would do; nothing is written anywhere."""
    bundle = tools.compiler.find()
    placed = None if bundle is None else tools.host.find(bundle)
    wanted = None if bundle is None or placed is None else register.compose(bundle, placed, job)
    known = None if wanted is None else register.find(tools.store, tools.host, wanted)
    present = live.read(tools.store)
    is_live = known is not None and present is not None and present.release == known.release
    judging, why = _judging(tools, present, is_live=is_live)
    steps = (
        (Step.COMPILE, _done(bundle), "" if bundle is None else bundle.digest[:12]),
        (Step.PLACE, _done(placed), "" if placed is None else placed.image or placed.bundle or ""),
        (Step.PREFLIGHT, State.TO_DO, ""),
        (Step.REGISTER, _done(known), "" if wanted is None else wanted.release),
        (Step.SHADOW, judging, why),
        (Step.GATE, *((State.TO_DO, "") if _alone(tools, is_live=is_live) else (judging, why))),
        (Step.PROMOTE, *((State.DONE, _LIVE) if is_live else (State.TO_DO, ""))),
    )
    return Planned(steps, known or wanted, _against(tools.store, present, known or wanted))


def preflight(tools: Tools, job: Job) -> Report:
    """Compile if needed, and return every check of deploying it; nothing is placed or registered."""
    bundle = tools.compiler.compile()
    placed = None
    with suppress(NimbusError):  # what keeps it from being looked for is what the checks tell
        placed = tools.host.find(bundle)
    return tools.preflight(register.compose(bundle, placed or register.Nowhere(), job), bundle)


def compare(tools: Tools, job: Job) -> tuple[Release, tuple[diff.Difference, ...]]:
    """Compile, and return what the release would change against the live one; nothing is placed or registered.

    Before it is placed, the hash of its name is not known, and is left out.
    """
    bundle = tools.compiler.compile()
    placed = tools.host.find(bundle)
    release = register.compose(bundle, placed or register.Nowhere(), job)
    differences = _against(tools.store, live.read(tools.store), release)
    if placed is None:
        release = replace(release, release=release.release.rpartition("-")[0])
        differences = tuple(replace(d, after="not built yet") if d.name == "image" else d for d in differences)
    return release, differences


def deploy(tools: Tools, order: Order, observer: Observer) -> Deployment:
    """Deploy, or stop with the reason; what was done stays done, and nothing is half live."""
    seen = live.read(tools.store)
    observer.step(Step.COMPILE, State.DOING)
    known = tools.compiler.find()
    bundle = known or tools.compiler.compile()
    observer.step(Step.COMPILE, State.DONE, _told(bundle.digest[:12], known))
    observer.step(Step.PLACE, State.DOING)
    there = tools.host.find(bundle)
    placed = tools.host.place(bundle)
    observer.step(Step.PLACE, State.DONE, _told(placed.image or placed.bundle or "", there))
    wanted = register.compose(bundle, placed, order.job)
    if order.promoted:
        changes.promoted(seen, wanted.release)  # what stands in the way is told before anything is scored
    _preflight(tools, order, wanted, partial(tools.preflight, wanted, bundle, placed=there is None), observer)
    observer.step(Step.REGISTER, State.DOING)
    registered = set(registry.names(tools.store))
    release = register.register(tools.store, tools.host, wanted, placed.sboms)
    if tools.registered is not None:
        tools.registered(release, bundle)
    observer.step(Step.REGISTER, State.DONE, _told(release.release, registered & {release.release}))
    verdict = _judge(tools, seen, release, observer)
    ended = Deployment(release, None, verdict, changed=False)
    if ended.held:
        return ended
    if not order.promoted:
        observer.step(Step.PROMOTE, State.SKIPPED, "not asked for")
        return ended
    observer.step(Step.PROMOTE, State.DOING)
    planned = promote.plan(tools.store, tools.host, release.release, seen=(seen,))
    if planned.needed:
        order.confirm(planned)
    state = promote.apply(tools.store, planned, order.actor, order.reason, "deploy")
    observer.step(Step.PROMOTE, State.DONE, "" if planned.needed else "was live already")
    return Deployment(release, state, verdict, changed=planned.needed)


def _preflight(tools: Tools, order: Order, wanted: Release, look: Callable[[], Report], observer: Observer) -> None:
    observer.step(Step.PREFLIGHT, State.DOING)
    report = look()
    observer.checked(report)
    evidence.write(tools.store, wanted.release, "preflight", report, outcome=report.outcome, actor=order.actor)
    if report.failed:
        observer.step(Step.PREFLIGHT, State.STOPPED)
        raise PreflightFailedError(
            "the release could not run there, so nothing was deployed",
            where=tools.store.location,
            got="; ".join(f"{check.subject}: {check.found}" for check in report.failed),
            remedy="; ".join(dict.fromkeys(check.remedy for check in report.failed)),
        )
    observer.step(Step.PREFLIGHT, State.DONE)


def _judge(tools: Tools, seen: Live | None, release: Release, observer: Observer) -> Verdict | None:
    is_live = seen is not None and seen.release == release.release
    state, why = _judging(tools, seen, is_live=is_live)
    if state is State.SKIPPED or tools.shadow is None or seen is None:
        observer.step(Step.SHADOW, State.SKIPPED, why)
        if tools.gate is None or not _alone(tools, is_live=is_live):
            observer.step(Step.GATE, State.SKIPPED, why)
            return None
        verdict = tools.gate(release)
    else:
        observer.step(Step.SHADOW, State.DOING)
        before = evidence.names(tools.store, release.release, "shadow")
        verdict = tools.shadow(release, registry.release(tools.store, seen.release))
        same = before == evidence.names(tools.store, release.release, "shadow")
        observer.step(Step.SHADOW, State.DONE, _told("", same))
    passed = verdict.outcome is Outcome.PROMOTE
    observer.step(Step.GATE, State.DONE if passed else State.STOPPED, f"{verdict.outcome}: {verdict.why}")
    return verdict


def _alone(tools: Tools, *, is_live: bool) -> bool:
    """Say whether a gate is asked even where there is nothing to compare a candidate with."""
    return tools.gate is not None and tools.shadow is not None and not is_live


def _judging(tools: Tools, present: Live | None, *, is_live: bool) -> tuple[State, str]:
    if tools.shadow is None:
        return State.SKIPPED, "not asked for"
    if present is None:
        return State.SKIPPED, "nothing is live yet"
    if is_live:
        return State.SKIPPED, _LIVE
    if present.dataset is None and not tools.live_is_here():
        return State.SKIPPED, f"{present.release} has published nothing, and its bundle is not on this machine"
    return State.TO_DO, f"beside {present.release}"


def _told(words: str, found: object) -> str:
    """Return what is said of a step that is done: also whether an attempt before this one did it."""
    return f"{words}, found as it was".removeprefix(", ") if found else words


def _done(found: object) -> State:
    return State.TO_DO if found is None else State.DONE


def _against(store: Store, present: Live | None, release: Release | None) -> tuple[diff.Difference, ...]:
    if release is None:
        return ()
    known = present is not None and present.release in registry.names(store)
    return diff.of_releases(registry.release(store, present.release) if present and known else None, release)

"""How a candidate's canary goes, run by run, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nimbus.releases import live as changes
from nimbus.releases import registry
from nimbus_runtime import canary, live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.records import CanaryVerdict, Candidate, Entry, Live, Plan, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

STEPS = (5, 25, 100)  # shares that a canary takes, one after the other


@dataclass(frozen=True, slots=True)
class Shared:
    """A run that a candidate had shards of. `verdict` is None while it goes, `published` whether its rows are seen."""

    run: str
    release: str
    percent: int
    shards: int
    of: int
    verdict: CanaryVerdict | None
    published: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A canary, or that there is none; `dropped` is how the latest one ended, where that was by a run or a person.

    `runs` are those of this canary, or of the latest candidate.
    """

    live: str
    candidate: Candidate | None
    began: Entry | None
    dropped: Entry | None
    runs: tuple[Shared, ...]

    @property
    def next(self) -> int | None:
        """Return the share to go on with: None before the present one was good in a run."""
        if self.candidate is None:
            return None
        percent = self.candidate.percent
        good = any(r.verdict is not None and r.verdict.kept and r.percent == percent for r in self.runs)
        return next((step for step in STEPS if step > percent), None) if good else None


def status(store: Store, limit: int) -> Status:
    """Return how the present canary goes, and the latest runs that its candidate, or the latest one, had shards of."""
    present = registry.present(store)
    states = live.states(store, present)
    since = _since(states, present.candidate)
    runs = [shared for shared, begun in _shared(store, present, limit) if since is None or begun >= since]
    latest = present.candidate.release if present.candidate else runs[0].release if runs else None
    ended = next((s.entry for s in reversed(states) if s.entry.action in ("canary", "drop", "promote", "deploy")), None)
    began = next((s.entry for s in reversed(states) if s.entry.action == "canary"), None)
    return Status(
        live=present.release,
        candidate=present.candidate,
        began=began if present.candidate is not None else None,
        dropped=ended if ended is not None and ended.action == "drop" else None,
        runs=tuple(run for run in runs if run.release == latest),
    )


def plan_drop(store: Store) -> Live:
    """Return the present state, whose candidate is to be dropped; refuse where there is none."""
    present = registry.present(store)
    changes.dropped(present)
    return present


def drop(store: Store, seen: Live, actor: str, reason: str) -> Live:
    """Drop the candidate that was seen; of a run on its way, live scores its shards."""

    def change(now: Live | None) -> Live:
        assert now is not None  # noqa: S101 - it was seen, and is never removed
        return changes.dropped(now)

    return live.decide(store, seen, live.entry("drop", actor, reason), change)


def _since(states: Sequence[Live], candidate: Candidate | None) -> datetime | None:
    """Return when the present canary began, whatever its share was then; None without one."""
    since = None
    for state in reversed(states):
        if candidate is None or state.candidate is None or state.candidate.release != candidate.release:
            return since
        since = datetime.fromisoformat(state.entry.time)
    return since


def _shared(store: Store, present: Live, limit: int) -> list[tuple[Shared, datetime]]:
    """Return the latest runs that a candidate had shards of, and when each began."""
    found: list[tuple[Shared, datetime]] = []
    for name in reversed(store.names(paths.RUNS)[-limit:]):
        data = store.read(paths.plan(name))
        plan = None if data is None else codec.decode(Plan, data, f"{store.location}/{paths.plan(name)}")
        if plan is None or plan.candidate is None:
            continue
        record = store.read(paths.dataset(name))
        run = None if record is None else codec.decode(Run, record, f"{store.location}/{paths.dataset(name)}")
        shared = Shared(
            run=name,
            release=plan.candidate.release,
            percent=plan.candidate.percent,
            shards=len(plan.candidate.shards),
            of=len(plan.shards),
            verdict=canary.verdict(store, plan),
            published=run is not None and run.candidate is not None and present.dataset == name,
        )
        found.append((shared, datetime.fromisoformat(plan.execution.started)))
    return found

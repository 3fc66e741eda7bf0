"""Takes back a release and the dataset that it published, in one step; or the dataset alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import diff, registry
from nimbus.releases import live as changes
from nimbus.releases.errors import DatasetUnusableError, ReleaseUnusableError
from nimbus_runtime import live
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.errors import NimbusError, UsageError
from nimbus_runtime.contract.records import Live, Release, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_NAMED = 5  # how many runs an error names
_REACHES = (20, 1_000)  # changes back that are looked at for what readers saw


class Runnable(Protocol):
    """Knows whether a release can still run in an environment."""

    def lacks(self, release: Release) -> str | None:
        """Say what of a release is gone; None where it can run."""
        ...


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback will do. `dataset` is what readers see afterwards, None where it is nothing.

    `shown` is what readers saw while a release was live that has published none of its own. Of `data` alone, the
    release stays.
    """

    before: Live
    after: Live
    keep_data: bool
    dataset: Run | None
    state: tuple[diff.Difference, ...]
    release: tuple[diff.Difference, ...]
    shown: str | None = None
    data: Run | None = None

    def age_seconds(self, now: datetime) -> float | None:
        """Return how old the data is that readers will see, None where they will see none."""
        return None if self.dataset is None else (now - datetime.fromisoformat(self.dataset.finished)).total_seconds()


def plan(store: Store, runnable: Runnable, release: str | None = None, *, keep_data: bool = False) -> Rollback:
    """Decide on a rollback by what is live now; refuse one that could not run."""
    before = registry.present(store)
    to = registry.release(store, release or changes.target(before))
    shown = None if keep_data or to.release in before.datasets else _shown(store, before, to.release)
    after = changes.rolled_back(before, to.release, keep_data=keep_data, shown=shown)
    if (after.release, after.dataset, before.candidate) == (before.release, before.dataset, None):
        raise UsageError(
            "this release is live already, with its last dataset",
            got=to.release,
            expected=f"another one, such as {before.previous}" if before.previous else "another one",
            remedy="`nimbus history` tells which were live",
        )
    missing = runnable.lacks(to)
    if missing is not None:
        raise ReleaseUnusableError(
            "this release can no longer run",
            where=to.release,
            got=missing,
            remedy="roll back to another one, or deploy this one again",
        )
    dataset = registry.run(store, after.dataset) if after.dataset else None
    if after.dataset is not None and dataset is None:
        raise _gone(after.dataset)
    present = _registered(store, before.release)
    states, releases = diff.of_states(before, after), diff.of_releases(present, to)
    return Rollback(before, after, keep_data, dataset, states, releases, shown)


def plan_data(store: Store, run: str) -> Rollback:
    """Decide on showing readers an earlier run again, whose release may be another of the same pipeline."""
    before = registry.present(store)
    if run == before.dataset:
        raise UsageError(
            "readers see this run already",
            got=run,
            expected="an earlier one",
            remedy="`nimbus history` tells which were published",
        )
    published = _published(store, before, run)
    there = run in published and registry.can_be_shown(store, before, run)  # a name, never a path
    record = registry.run(store, run) if there else None
    if record is None:
        raise _cannot_be_shown(store, before, run, published)
    present, made = _registered(store, before.release), _registered(store, record.release)
    if present is not None and made is not None and present.pipeline != made.pipeline:
        raise DatasetUnusableError(
            "this run is another pipeline's",
            where=store.location,
            got=f"{run} of {made.pipeline}",
            expected=f"a run of {present.pipeline}",
            remedy="`nimbus rollback RELEASE` takes release and dataset back together",
        )
    after = changes.showing(before, record)
    states = diff.of_states(before, after)
    return Rollback(before, after, keep_data=False, dataset=record, state=states, release=(), data=record)


def apply(store: Store, planned: Rollback, actor: str, reason: str) -> Live:
    """Take it back by one compare-and-swap; what was published meanwhile by the release that goes, goes too."""

    def change(present: Live | None) -> Live:
        assert present is not None  # noqa: S101 - it was shown, and is never removed
        if planned.data is not None:
            if not registry.can_be_shown(store, present, planned.data.run):
                raise _pruned(store, planned.data.run)
            return changes.showing(present, planned.data)
        registry.refuse_gone(store, present, planned.after.release)
        to, shown = planned.after.release, planned.shown
        after = changes.rolled_back(present, to, keep_data=planned.keep_data, shown=shown)
        missing = after.dataset is None or not registry.can_be_shown(store, present, after.dataset)
        if planned.after.dataset is not None and missing:
            raise _gone(planned.after.dataset)
        return after

    return live.decide(store, planned.before, live.entry("rollback", actor, reason), change)


def _shown(store: Store, present: Live, release: str) -> str | None:
    """Return what readers saw when a release was last live alone, where that is still there.

    Of a canary's rows nobody knows whether they were good: a candidate has its share in no such state.
    """
    for reach in _REACHES:
        for state in reversed(live.states(store, present, present.sequence - reach)):
            if state.release == release and state.candidate is None and state.dataset is not None:
                return state.dataset if registry.can_be_shown(store, present, state.dataset) else None
    return None


def _published(store: Store, present: Live, run: str) -> list[str]:
    """Return what readers have seen, the latest last: as far back as to a run, or all."""
    seen: list[str] = []
    for reach in (_REACHES[0], present.sequence):
        states = live.states(store, present, present.sequence - reach)
        seen = list(dict.fromkeys(state.dataset for state in reversed(states) if state.dataset is not None))[::-1]
        if run in seen:
            break
    return seen


def _cannot_be_shown(store: Store, present: Live, run: str, published: Sequence[str]) -> NimbusError:
    if run in published:
        return _pruned(store, run)
    recent = [name for name in published[-_REACHES[0] :] if name != present.dataset]
    others = [name for name in recent if registry.can_be_shown(store, present, name)][-_NAMED:]
    return DatasetUnusableError(
        "this run was never published" if run in store.names(paths.RUNS) else "there is no such run",
        where=store.location,
        got=run,
        expected=f"one of {', '.join(others)}" if others else "an earlier one that was; there is none",
        remedy="`nimbus history` tells which were published",
    )


def _pruned(store: Store, run: str) -> DatasetUnusableError:
    return DatasetUnusableError(
        "the dataset of this run is gone: it was pruned",
        where=f"{store.location}/{paths.dataset(run)}",
        got=run,
        remedy="`nimbus history` tells which others were published",
    )


def _gone(dataset: str) -> ReleaseUnusableError:
    return ReleaseUnusableError(
        "the dataset that this release published last is gone",
        where=dataset,
        remedy="add --keep-data to take back the release alone, and run it again",
    )


def _registered(store: Store, name: str) -> Release | None:
    return registry.release(store, name) if name in registry.names(store) else None

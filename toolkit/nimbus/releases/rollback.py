"""Takes back a release and the dataset that it published, in one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import diff, registry
from nimbus.releases import live as changes
from nimbus.releases.errors import ReleaseUnusableError
from nimbus_runtime import live
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.records import Live, Release, Run

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


_REACHES = (20, 1_000)  # changes back that are looked at for what readers saw


class Runnable(Protocol):
    """Knows whether a release can still run in an environment."""

    def lacks(self, release: Release) -> str | None:
        """Say what of a release is gone; None where it can run."""
        ...


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback will do. `dataset` is what readers see afterwards, None where it is nothing.

    `shown` is what readers saw while a release was live that has published none of its own.
    """

    before: Live
    after: Live
    keep_data: bool
    dataset: Run | None
    state: tuple[diff.Difference, ...]
    release: tuple[diff.Difference, ...]
    shown: str | None = None

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


def apply(store: Store, planned: Rollback, actor: str, reason: str) -> Live:
    """Take it back by one compare-and-swap; what was published meanwhile by the release that goes, goes too."""

    def change(present: Live | None) -> Live:
        assert present is not None  # noqa: S101 - it was shown, and is never removed
        registry.refuse_gone(store, planned.after.release)
        to, shown = planned.after.release, planned.shown
        after = changes.rolled_back(present, to, keep_data=planned.keep_data, shown=shown)
        missing = after.dataset is None or (after.dataset == shown and registry.run(store, shown) is None)
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
                return None if registry.run(store, state.dataset) is None else state.dataset
    return None


def _gone(dataset: str) -> ReleaseUnusableError:
    return ReleaseUnusableError(
        "the dataset that this release published last is gone",
        where=dataset,
        remedy="add --keep-data to take back the release alone, and run it again",
    )


def _registered(store: Store, name: str) -> Release | None:
    return registry.release(store, name) if name in registry.names(store) else None

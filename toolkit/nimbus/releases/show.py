"""A release with all that is known of it: its record, what was found out about it, when it was live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus.releases import diff, registry
from nimbus_runtime import evidence, live
from nimbus_runtime.contract.records import Evidence, Live, Release, Run

if TYPE_CHECKING:
    from nimbus.releases.rollback import Runnable
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Shown:
    """A release. `lacks` says what it would need to run and no longer has; `dataset` is its last one alone."""

    release: Release
    role: str | None  # live, candidate, previous
    lacks: str | None
    evidence: tuple[Evidence, ...]
    live_since: tuple[str, ...]  # times at which it became live, the latest last
    dataset: Run | None
    against_live: tuple[diff.Difference, ...]


def show(store: Store, runnable: Runnable, name: str) -> Shown:
    """Return a registered release, its evidence, and how it differs from what is live."""
    release = registry.release(store, name)
    present = live.read(store)
    found = tuple(evidence.read(store, name, item) for item in evidence.names(store, name))
    dataset = None if present is None else present.datasets.get(name)
    other = present is not None and present.release != name and present.release in registry.names(store)
    return Shown(
        release=release,
        role=_role(present, name),
        lacks=runnable.lacks(release),
        evidence=found,
        live_since=_live_since(store, present, name),
        dataset=registry.run(store, dataset) if dataset else None,
        against_live=diff.of_releases(registry.release(store, present.release), release) if present and other else (),
    )


def _role(present: Live | None, name: str) -> str | None:
    if present is None:
        return None
    candidate = present.candidate.release if present.candidate else None
    roles = {present.previous: "previous", candidate: "candidate", present.release: "live"}
    return roles.get(name)


def _live_since(store: Store, present: Live | None, name: str) -> tuple[str, ...]:
    times, before = [], None
    for state in live.states(store, present) if present is not None else ():
        if state.release == name != before:
            times.append(state.entry.time)
        before = state.release
    return tuple(times)

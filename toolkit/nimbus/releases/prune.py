"""Removes what no reader, no run and no rollback needs any more.

What goes is marked first, then it leaves live.json by compare-and-swap, and only then is it removed. Who makes it
live looks for the mark and changes live.json, too: that comes before the prune's change, and the prune is refused,
or after it, and finds the mark. So wherever a prune is killed, nothing that live.json names has lost anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from nimbus.releases import registry
from nimbus_runtime import evidence, live
from nimbus_runtime.at_once import each
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import LiveChangedError
from nimbus_runtime.contract.records import Dispatch, Entry, Live, Plan, Release

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_RUN_TIME = "%Y%m%dT%H%M%SZ"
_FIRST = (paths.plan, paths.dataset)  # of a run: without them it is none, should the rest take a while


class Removal(Protocol):
    """Deletes in a root, which a store never does."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Return every name below a folder with its size in bytes."""
        ...

    def older(self, folder: str, before: datetime) -> dict[str, int]:
        """Return every name below a folder that was last written before a time, with its size in bytes."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Delete records and files, in this order; one that is gone already is no failure."""
        ...


class Surplus(Protocol):
    """Knows what releases have outside of their records: bundles, images, task definitions."""

    def beyond(self, kept: Collection[Release], begun_before: datetime) -> list[str]:
        """Return the names of all that deploying made before a time and no kept release needs."""
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Remove such things."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """What stays besides what is live: everything of so many days, and so many of the latest runs."""

    days: int = 30
    runs: int = 5


@dataclass(frozen=True, slots=True)
class Pruning:
    """What goes. `kept` are the releases that stay.

    `logs` are the runs whose logs go, `results` what a state machine wrote of its maps: no name in it is a run's.
    """

    seen: Live
    runs: tuple[str, ...]
    releases: tuple[str, ...]
    executions: tuple[str, ...]
    logs: tuple[str, ...]
    results: tuple[str, ...]
    surplus: tuple[str, ...]
    files: int
    size: int
    kept: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Say whether nothing goes."""
        return not (self.runs or self.releases or self.executions or self.logs or self.results or self.surplus)


def plan(store: Store, removal: Removal, surplus: Surplus, policy: Policy, now: datetime) -> Pruning:
    """Decide what goes, by what is live now and was within the policy's days."""
    present = registry.present(store)
    since = now - timedelta(days=policy.days)
    window = [s for s in live.states(store, present) if datetime.fromisoformat(s.entry.time) >= since or s is present]
    releases = registry.releases_of(present).union(*map(registry.releases_of, window))
    runs = _needed_runs(present, window, releases)
    every = [name for name in store.names(paths.RUNS) if _time(name) is not None]
    runs |= {name for name in every if (_time(name) or now) >= since} | set(
        every[-policy.runs :] if policy.runs else ()
    )
    for scored in each(lambda run: _releases_of(store, run), runs & set(every)):
        releases |= scored
    registered = registry.names(store)
    known = sorted({*registered, *_remains(store)})
    examined = each(lambda name: _examined_since(store, name, since), known)
    releases |= {name for name, recently in zip(known, examined, strict=True) if recently}
    gone_runs = tuple(name for name in every if name not in runs)
    gone_releases = tuple(name for name in known if name not in releases)
    executions = tuple(_executions(store, set(every) - set(gone_runs), since))
    logs = tuple(name for name in store.names(paths.LOGS) if name not in runs and (_time(name) or now) < since)
    results = removal.older(paths.MAP_RESULTS, since)
    kept = list(each(lambda name: registry.release(store, name), [name for name in registered if name in releases]))
    sizes = [*each(removal.sizes, _folders(gone_runs, gone_releases, executions, logs)), results]
    return Pruning(
        seen=present,
        runs=gone_runs,
        releases=gone_releases,
        executions=executions,
        logs=logs,
        results=tuple(results),
        surplus=tuple(surplus.beyond(kept, since)),
        files=sum(map(len, sizes)) + len(set(gone_releases) & set(registered)),
        size=sum(sum(found.values()) for found in sizes),
        kept=tuple(release.release for release in kept),
    )


def apply(store: Store, removal: Removal, surplus: Surplus, planned: Pruning, entry: Entry) -> None:
    """Remove what was planned; doing it again, after it was killed, removes the rest."""
    if planned.releases or planned.runs:
        _take_out(store, removal, planned, entry)
    removal.remove([paths.release(name) for name in planned.releases])
    for run in planned.runs:
        removal.remove([place(run) for place in _FIRST])
    for folder in _folders(planned.runs, planned.releases, planned.executions, planned.logs):
        removal.remove(list(removal.sizes(folder)))
    removal.remove(planned.results)
    surplus.remove(planned.surplus)


def _take_out(store: Store, removal: Removal, planned: Pruning, entry: Entry) -> None:
    """Say what goes, and have it out of live.json, before anything of it is removed."""
    live.refuse_changed(store, planned.seen)
    removal.remove(_marks(*_named(registry.present(store))))  # of a prune that was killed before it was refused
    for _ in each(lambda mark: store.create(mark, codec.encode(entry)), _marks(planned.releases, planned.runs)):
        pass
    try:
        live.decide(store, planned.seen, entry, lambda now: _without(now or planned.seen, planned))
    except LiveChangedError:
        removal.remove(_marks(*_named(registry.present(store))))
        raise


def _marks(releases: Iterable[str], runs: Iterable[str]) -> list[str]:
    return [paths.going(folder) for folder in (*map(paths.parts, releases), *map(paths.run, runs))]


def _named(present: Live) -> tuple[set[str], set[str]]:
    """Return the releases and the runs that live.json names: no prune that has marked them can go on."""
    return registry.releases_of(present), {run for run in (present.dataset, *present.datasets.values()) if run}


def _remains(store: Store) -> Iterator[str]:
    """Yield the releases that have parts or evidence, among them those whose record a killed prune has removed."""
    yield from (name for name in store.names(paths.RELEASES) if not name.endswith(".json"))
    yield from store.names(paths.EVIDENCE)


def _without(present: Live, planned: Pruning) -> Live:
    datasets = {name: run for name, run in present.datasets.items() if name not in planned.releases}
    after = replace(present, datasets=datasets)
    shown = _named(after)[1] & set(planned.runs)
    if shown:
        raise LiveChangedError(
            "somebody else has made live what was to go, so nothing was removed",
            where=paths.LIVE,
            got=f"run {', '.join(sorted(shown))}",
            expected="the state that you were shown",
            remedy="prune again",
        )
    return after


def _needed_runs(present: Live, window: Iterable[Live], releases: Collection[str]) -> set[str]:
    """Return what readers see, saw within the window, or would see after a rollback."""
    runs = {state.dataset for state in window} | {present.datasets.get(name) for name in releases}
    return {name for name in runs if name is not None}


def _releases_of(store: Store, run: str) -> set[str]:
    data = store.read(paths.plan(run))
    planned = set() if data is None else {codec.decode(Plan, data, f"{store.location}/{paths.plan(run)}").release}
    return planned | set(store.names(f"{paths.RUNS}/{run}/commits"))


def _examined_since(store: Store, release: str, since: datetime) -> bool:
    """Say whether anything was found out about a release since a time: deploying begins with that."""
    names = evidence.names(store, release)
    return bool(names) and datetime.fromisoformat(evidence.read(store, release, names[-1]).time) >= since


def _executions(store: Store, kept: Collection[str], since: datetime) -> Iterator[str]:
    """Yield the executions of old runs that go, or that are gone already."""

    def run_of(name: str) -> tuple[str, str]:
        data = store.read(paths.dispatch(name))
        return name, "" if data is None else codec.decode(Dispatch, data, paths.dispatch(name)).run

    for name, run in each(run_of, store.names(paths.EXECUTIONS)):
        due = _time(run)
        if run not in kept and due is not None and due < since:
            yield name


def _folders(
    runs: Iterable[str], releases: Iterable[str], executions: Iterable[str], logs: Iterable[str]
) -> Iterator[str]:
    yield from (f"{paths.RUNS}/{name}" for name in runs)
    for name in releases:
        yield from (paths.parts(name), paths.evidences(name))
    yield from (f"{paths.EXECUTIONS}/{name}" for name in executions)
    yield from (paths.logs(name) for name in logs)


def _time(run: str) -> datetime | None:
    try:
        return datetime.strptime(run.partition("-")[0], _RUN_TIME).replace(tzinfo=UTC)
    except ValueError:  # not the name of a run
        return None

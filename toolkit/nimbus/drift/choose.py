"""Which runs a report or a baseline is about, by name, by range, or by their number."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime import live
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.errors import BaselineMismatchError, RecordInvalidError, RunNotFoundError, UsageError
from nimbus_runtime.contract.records import Plan, Release, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nimbus_runtime.store import Store

_NAMED = 5
_RANGE = ".."


def current(store: Store, name: str | None, last: int) -> list[Run]:
    """Return the runs that a report is about, the latest last: a named one, or the last up to what is published."""
    if name is not None:
        return [_run(store, name)]
    state = live.read(store)
    names = _finished_names(store)
    if state is not None and state.dataset is not None:
        names = [each for each in names if each <= state.dataset]
    runs: list[Run] = []
    for run in _finished(store, reversed(names)):
        if not runs or run.bundle_digest == runs[0].bundle_digest:
            runs.insert(0, run)
        if len(runs) == last:
            break
    if not runs:
        raise RunNotFoundError(
            "there is no finished run to report on", where=store.location, remedy="start one with `nimbus run`"
        )
    return runs


def named(store: Store, names: Sequence[str]) -> list[Run]:
    """Return runs by names, or by ranges such as 20261101T020000Z..20261128T020000Z; all are of one bundle."""
    chosen: dict[str, Run] = {}
    for name in names:
        first, between, last = name.partition(_RANGE)
        if not between:
            chosen[name] = _run(store, name)
            continue
        within = [
            each
            for each in _finished_names(store)
            if (not first or each >= first) and (not last or each[: len(last)] <= last)
        ]
        chosen |= {run.run: run for run in _finished(store, within)}
    runs = [chosen[name] for name in sorted(chosen)]
    if not runs:
        raise RunNotFoundError(
            "no finished run lies in this range",
            where=store.location,
            got=", ".join(names),
            remedy="`nimbus runs` lists them",
        )
    digests = {run.bundle_digest: run.run for run in runs}
    if len(digests) > 1:
        raise BaselineMismatchError(
            "these runs were made by different bundles, whose predictions are not comparable",
            got=", ".join(f"{run} by {digest[:12]}" for digest, run in digests.items()),
            expected="runs of one bundle",
            remedy="choose a shorter range",
        )
    return runs


def release(store: Store, run: Run) -> Release:
    """Return the release that made a run."""
    place = paths.release(run.release)
    data = store.read(place)
    if data is None:
        raise RecordInvalidError(
            "the release that made this run is not registered",
            where=f"{store.location}/{place}",
            remedy="restore the record from a backup",
        )
    return codec.decode(Release, data, f"{store.location}/{place}")


def of_bundle(store: Store, run: Run, own: Release) -> Release:
    """Return the live release where it is of a run's bundle, or else the bundle's own, which is registered."""
    state = live.read(store)
    data = None if state is None else store.read(paths.release(state.release))
    if data is not None:
        present = codec.decode(Release, data, f"{store.location}/releases")
        if present.bundle_digest == run.bundle_digest:
            return present
    store.create(paths.release(own.release), codec.encode(own))
    return own


def bundle(store: Store) -> Path:
    """Return where the bundle of the published run lay when that was planned."""
    (run,) = current(store, None, 1)
    plan = codec.decode(Plan, store.read(paths.plan(run.run)) or b"", f"{store.location}/{paths.plan(run.run)}")
    if not Path(plan.bundle).is_dir():
        raise UsageError(
            "the bundle that scored the published run is not on this machine",
            where=f"run {run.run}",
            got=plan.bundle,
            remedy="name it with --bundle",
        )
    return Path(plan.bundle)


def _run(store: Store, name: str) -> Run:
    known = store.names(paths.RUNS)
    data = store.read(paths.dataset(name)) if name in known else None  # a name, never a path
    if data is None:
        finished = [each for each in known if store.read(paths.dataset(each)) is not None]
        near = difflib.get_close_matches(name, finished, n=_NAMED) or finished[-_NAMED:]
        raise RunNotFoundError(
            "this run is not finished" if name in known else "there is no such run",
            where=store.location,
            got=name,
            expected=f"a finished run, such as {', '.join(near)}" if near else "a finished run; none is yet",
            remedy="`nimbus runs` lists those of an environment",
        )
    return codec.decode(Run, data, f"{store.location}/{paths.dataset(name)}")


def _finished_names(store: Store) -> list[str]:
    return sorted(store.names(paths.RUNS))


def _finished(store: Store, names: Iterator[str] | Sequence[str]) -> Iterator[Run]:
    for name in names:
        data = store.read(paths.dataset(name))
        if data is not None:
            yield codec.decode(Run, data, f"{store.location}/{paths.dataset(name)}")

"""Which files are the published dataset: live.json, then run.json, then the files it names.

A reader sees one whole dataset or the one before, never a mix, because it lists no folder.
Nothing here writes, so a read-only mount or another user's root is read alike.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from nimbus_runtime import committer
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.codec import decode
from nimbus_runtime.contract.errors import RunNotFoundError, StoreError
from nimbus_runtime.contract.records import DataFile, Live, Plan, Run
from nimbus_runtime.readers.objects import SCHEME
from nimbus_runtime.store import DirectoryStore, S3Store, Store

Root = DirectoryStore | S3Store
_NAMED = 5  # how many runs an error names


def dataset(root: str | os.PathLike[str], run: str | None = None) -> list[str]:
    """Return the rows files in order, as absolute paths or s3:// addresses: the published ones, or a named run's."""
    store = reading(root)
    record = published(store, run)
    return files(store, record.run, record.rows)


def quarantined(root: str | os.PathLike[str], run: str | None = None) -> list[str]:
    """Return the files of documents that could not be scored, in order, as `dataset` does.

    Of a run that is named and is not finished, or failed, they are those of the shards that it has committed.
    """
    store = reading(root)
    record = set_aside(store, run)
    return files(store, record.run, record.quarantine)


def reading(root: str | os.PathLike[str]) -> Root:
    """Open a root to read it: a bucket's by its address, a folder's under its absolute path."""
    place = os.fspath(root)
    return S3Store.at(place) if place.startswith(SCHEME) else DirectoryStore.reading(Path(place).absolute())


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open a file by what `dataset` returned."""
    if file.startswith(SCHEME):
        bucket, _, key = file.removeprefix(SCHEME).partition("/")
        with S3Store.at(f"{SCHEME}{bucket}").opened(key) as stream:
            yield stream
        return
    with Path(file).open("rb") as stream:
        yield stream


def published(store: Store, run: str | None = None) -> Run:
    """Return the record of the published dataset, or of a finished run that is named."""
    if run is not None:
        if run not in store.names(paths.RUNS):  # a name, never a path
            _refuse_unknown(store, run)
        data = store.read(paths.dataset(run))
        if data is None:
            _refuse_unfinished(store, run)
        return decode(Run, data, f"{store.location}/{paths.dataset(run)}")
    state = store.read(paths.LIVE)
    live = None if state is None else decode(Live, state, f"{store.location}/{paths.LIVE}").dataset
    if live is None:
        _refuse_unpublished(store)
    data = store.read(paths.dataset(live))
    if data is None:
        raise _incomplete(store, live, paths.dataset(live), "no such file")
    return decode(Run, data, f"{store.location}/{paths.dataset(live)}")


def set_aside(store: Store, run: str | None = None) -> Run:
    """Return the record whose quarantine is a run's: of one that is not finished, what is committed so far."""
    known = run is not None and run in store.names(paths.RUNS)  # a name, never a path
    plan = store.read(paths.plan(run)) if known and run is not None else None
    if run is None or plan is None or store.read(paths.dataset(run)) is not None:
        return published(store, run)
    return committer.so_far(store, decode(Plan, plan, f"{store.location}/{paths.plan(run)}"))


def files(store: Root, run: str, named: tuple[DataFile, ...]) -> list[str]:
    """Return a run's files, each of which exists with the size that was recorded; those without rows share one."""
    sizes = store.sizes(paths.data(run, "").rstrip("/")) if named else {}
    for item in named:
        size = sizes.get(item.file)
        if size is None:
            raise _incomplete(store, run, paths.data(run, item.file), "no such file")
        if size != item.size:
            raise _incomplete(store, run, paths.data(run, item.file), f"{size:,} bytes", f"{item.size:,} bytes")
    empty = next((number for number, item in enumerate(named) if not item.rows), None)
    return [store.address(paths.data(run, item.file)) for n, item in enumerate(named) if item.rows or n == empty]


def _incomplete(store: Store, run: str, name: str, got: str, expected: str | None = None) -> StoreError:
    return StoreError(
        f"the dataset of run {run} is incomplete",
        where=f"{store.location}/{name}",
        got=got,
        expected=expected or "a file that the run's record names",
        remedy="restore the file from a backup, or start a new run",
    )


def _refuse_unknown(store: Store, run: str) -> NoReturn:
    finished, _ = _runs(store)
    near = difflib.get_close_matches(run, finished, n=_NAMED) or finished[-_NAMED:]
    start, choose = "start one with `nimbus run`", "name one of these, or none to take the published dataset"
    raise RunNotFoundError(
        "there is no such run",
        where=store.location,
        got=run,
        expected=f"a finished run, such as {', '.join(near)}" if near else "a finished run; none is yet",
        remedy=choose if near else start,
    )


def _refuse_unfinished(store: Store, run: str) -> NoReturn:
    raise RunNotFoundError(
        "this run is not finished, so it has no dataset",
        where=store.location,
        got=run,
        expected="a finished run",
        remedy="`nimbus redrive` continues it, or `nimbus run --resume`; --quarantined lists what failed in it",
    )


def _refuse_unpublished(store: Store) -> NoReturn:
    finished, unfinished = _runs(store)
    if unfinished:
        got, remedy = f"unfinished: {_latest(unfinished)}", "`nimbus run --resume` continues one"
    elif finished:
        got, remedy = f"finished, not published: {_latest(finished)}", "name the run that you want to read"
    else:
        got, remedy = "no run", "check the path, or start a run with `nimbus run`"
    raise RunNotFoundError(
        "nothing has been published here yet",
        where=store.location,
        got=got,
        expected="a published run",
        remedy=remedy,
    )


def _runs(store: Store) -> tuple[list[str], list[str]]:
    """Return the names of the finished and of the unfinished runs; the latest is last."""
    finished, unfinished = [], []
    for name in store.names(paths.RUNS):
        if store.read(paths.dataset(name)) is not None:
            finished.append(name)
        elif store.read(paths.plan(name)) is not None:
            unfinished.append(name)
    return finished, unfinished


def _latest(names: list[str]) -> str:
    hidden = len(names) - _NAMED
    return ", ".join(names[-_NAMED:]) + (f" and {hidden} earlier" if hidden > 0 else "")

"""Finds ids that more than one document of a run brought, in bounded memory, however many there are."""

from __future__ import annotations

import hashlib
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nimbus_runtime import tables
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import Commit, Duplicates

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

Hashes = npt.NDArray[np.uint64]
_IDS_A_PASS = 20_000_000  # documents: of each a hash of 64 bits, twice while they are brought together, so 320 MB
_EXAMPLES = 20


def find_duplicates(store: Store, run: str, commits: Sequence[Commit]) -> Duplicates:
    """Compare the ids of all scored documents by hash, then the suspects by another one, or themselves."""
    documents = sum(commit.features.rows for commit in commits)
    passes = -(-documents // _IDS_A_PASS) or 1
    ids, repeated, first = 0, 0, _First()
    for number in range(passes):
        suspects = _repeated(_joined(_hashes(names, number, passes) for names in _ids(store, run, commits)))
        if len(suspects):
            some, theirs = _counted(store, run, commits, suspects, first)
            ids, repeated = ids + some, repeated + theirs
    return Duplicates(ids, repeated, first.examples()) if ids else Duplicates()


@dataclass(slots=True)
class _First:
    """Counts the first names of all that it is told, in their order; what comes later in it is forgotten."""

    counts: dict[str, int] = field(default_factory=dict)
    ordered: list[str] = field(default_factory=list)

    def note(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self.counts:
                self.counts[name] += 1
            elif len(self.ordered) < _EXAMPLES or name < self.ordered[-1]:
                self.counts[name] = 1
                insort(self.ordered, name)
                if len(self.ordered) > _EXAMPLES:
                    del self.counts[self.ordered.pop()]

    def examples(self) -> tuple[str, ...]:
        return tuple(name for name in self.ordered if self.counts[name] > 1)


def _counted(store: Store, run: str, commits: Sequence[Commit], suspects: Hashes, first: _First) -> tuple[int, int]:
    """Return how many ids come again, and how many documents bring them; no name is held, however many do."""
    documents = np.zeros(len(suspects), dtype=np.uint32)
    low, high = np.full(len(suspects), _HIGHEST), np.zeros(len(suspects), dtype=np.uint64)
    for names in _ids(store, run, commits):
        hashes = _hashes(names, 0, 1)
        near = np.minimum(np.searchsorted(suspects, hashes), len(suspects) - 1)
        rows = np.flatnonzero(suspects[near] == hashes)
        found = [names[row] for row in rows.tolist()]
        first.note(found)
        others = np.fromiter(map(_other_hash, found), dtype=np.uint64, count=len(found))
        np.add.at(documents, near[rows], 1)
        np.minimum.at(low, near[rows], others)
        np.maximum.at(high, near[rows], others)
    one = low == high  # else several ids share the first hash: that is rare, so they are counted by themselves
    apart = frozenset(suspects[~one].tolist())
    counts = (
        Counter(name for names in _ids(store, run, commits) for name in names if hash_id(name) in apart)
        if apart
        else {}
    )
    again = [count for count in counts.values() if count > 1]
    return int(one.sum()) + len(again), int(documents[one].sum()) + sum(again)


_NONE: Hashes = np.zeros(0, dtype=np.uint64)
_HIGHEST = np.uint64(2**64 - 1)


def hash_id(name: str) -> int:
    """Return a 64-bit hash of an id, the same in every process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


def _other_hash(name: str) -> int:
    """Return a hash that knows nothing of the first: both are equal for equal ids alone."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8, person=b"other").digest())


def _repeated(hashes: Hashes) -> Hashes:
    """Return, sorted, those that come more than once."""
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])


def _joined(parts: Iterator[Hashes]) -> Hashes:
    return np.concatenate([_NONE, *parts])


def _hashes(ids: Sequence[str], number: int, passes: int) -> Hashes:
    hashes = np.fromiter((hash_id(name) for name in ids), dtype=np.uint64, count=len(ids))
    return hashes if passes == 1 else hashes[hashes % passes == number]


def _ids(store: Store, run: str, commits: Sequence[Commit]) -> Iterator[list[str]]:
    for commit in commits:
        with store.opened(paths.data(run, commit.features.file)) as file:
            ids = tables.read(file, ["id"])["id"].to_pylist()
        yield ids

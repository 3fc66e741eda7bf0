"""Finds ids that more than one document of a run brought, in bounded memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nimbus_runtime import tables
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import Commit, Duplicates

if TYPE_CHECKING:
    from nimbus_runtime.store import Store

_IDS_A_PASS = 20_000_000  # 64-bit hashes held at once: 160 MB
_EXAMPLES = 20


def find_duplicates(store: Store, run: str, commits: Sequence[Commit]) -> Duplicates:
    """Compare the ids of all scored documents by hash, then the suspects themselves."""
    documents = sum(commit.features.rows for commit in commits)
    passes = -(-documents // _IDS_A_PASS) or 1
    suspects: set[int] = set()
    for number in range(passes):
        hashes = np.concatenate([_hashes(ids, number, passes) for ids in _ids(store, run, commits)] or [_NONE])
        hashes.sort()
        suspects.update(np.unique(hashes[1:][hashes[1:] == hashes[:-1]]).tolist())
    if not suspects:
        return Duplicates()
    counts = Counter(name for ids in _ids(store, run, commits) for name in ids if hash_id(name) in suspects)
    repeated = {name: count for name, count in counts.items() if count > 1}
    return Duplicates(len(repeated), sum(repeated.values()), tuple(sorted(repeated)[:_EXAMPLES]))


_NONE: npt.NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)


def hash_id(name: str) -> int:
    """Return a 64-bit hash of an id, the same in every process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


def _hashes(ids: Sequence[str], number: int, passes: int) -> npt.NDArray[np.uint64]:
    hashes = np.fromiter((hash_id(name) for name in ids), dtype=np.uint64, count=len(ids))
    return hashes if passes == 1 else hashes[hashes % passes == number]


def _ids(store: Store, run: str, commits: Sequence[Commit]) -> Iterator[list[str]]:
    for commit in commits:
        with store.opened(paths.data(run, commit.features.file)) as file:
            ids = tables.read(file, ["id"])["id"].to_pylist()
        yield ids

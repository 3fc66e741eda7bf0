"""Rules of finding ids that come twice."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime import duplicates
from nimbus_runtime.contract import paths
from nimbus_runtime.contract.records import Commit, Counts, DataFile, Duplicates
from nimbus_runtime.store import DirectoryStore

RUN = "20261122T020000Z"


def found(root: Path, *shards: list[str]) -> Duplicates:
    """Return what is found in shards with these ids."""
    return duplicates.find_duplicates(DirectoryStore(root), RUN, _kept(root, shards))


def _kept(root: Path, shards: Sequence[list[str]]) -> list[Commit]:
    commits = []
    for number, ids in enumerate(shards):
        file = DataFile(f"{number}.parquet", len(ids), 0)
        place = DirectoryStore(root).path(paths.data(RUN, file.file))
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": pa.array(ids, pa.string())}), place)
        commits.append(Commit(number, "r", "a", file, None, file, Counts(), 0.0))
    return commits


@pytest.fixture(params=[20_000_000, 7, 1], ids=["one pass", "several passes", "a pass an id"])
def _passes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_IDS_A_PASS", request.param)


@pytest.mark.usefixtures("_passes")
def test_ids_that_come_twice_are_counted_with_their_documents(tmp_path: Path) -> None:
    """Within a shard or across shards, in one pass or in several."""
    first = [f"a{number}" for number in range(20)]
    result = found(tmp_path, [*first, "a3", "é"], ["b", "a3", "a7"], [], ["é", "ü"])
    assert result == Duplicates(3, 7, ("a3", "a7", "é"))


@pytest.mark.usefixtures("_passes")
def test_distinct_ids_are_no_duplicates(tmp_path: Path) -> None:
    """Nothing is reported of them."""
    assert found(tmp_path, [f"a{n}" for n in range(30)], [f"b{n}" for n in range(10)]) == Duplicates()


def test_a_run_without_documents_has_no_duplicates(tmp_path: Path) -> None:
    """Neither has one without a scored document."""
    assert found(tmp_path, []) == Duplicates()


def test_ids_of_one_hash_are_compared_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash makes suspects; only the ids convict."""
    monkeypatch.setattr(duplicates, "hash_id", len)
    assert found(tmp_path, ["aa", "bb", "cc"], ["aa", "d"]) == Duplicates(1, 2, ("aa",))


def test_examples_are_few_and_sorted(tmp_path: Path) -> None:
    """A record does not grow with the number of repeated ids."""
    ids = [f"{number:03d}" for number in range(50)]
    result = found(tmp_path, ids, list(reversed(ids)))
    assert (result.ids, result.documents) == (50, 100)
    assert result.examples == tuple(ids[:20])


def test_many_repeated_ids_take_few_bytes_each(tmp_path: Path) -> None:
    """Names are not held: an input that was delivered twice takes no more than some bytes an id."""
    shards = [[f"{prefix}-{number:032}" for number in range(2000)] for prefix in "abcdefghijklmnopqrst"]
    found(tmp_path / "first", shards[0])  # what is imported, and kept
    commits = _kept(tmp_path, [*shards, *shards])
    tracemalloc.start()
    result = duplicates.find_duplicates(DirectoryStore(tmp_path), RUN, commits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (result.ids, result.documents) == (40_000, 80_000)
    assert peak < 16 * result.documents + 300 * 2000  # hashes, twice while they are brought together; one file's names

"""Rules that every store keeps, wherever the root of a pipeline lies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import DirectoryStore, S3Store, Store


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty root of each kind."""
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "root")
    else:
        yield S3Store(Bucket(request.getfixturevalue("bucket")), "some/pipeline")


def test_what_is_created_can_be_read(store: Store) -> None:
    """A record's bytes come back as they were; what was never created is None."""
    assert store.create("runs/one/plan.json", b"{}")
    assert store.read("runs/one/plan.json") == b"{}"
    assert store.read("runs/two/plan.json") is None
    assert store.read_versioned("live.json") is None


def test_a_name_is_created_once(store: Store) -> None:
    """The second of two writers is told so, and changes nothing."""
    assert store.create("a.json", b"first")
    assert not store.create("a.json", b"second")
    assert not store.create("a.json", b"first")
    assert store.read("a.json") == b"first"


def test_of_many_writers_one_creates(store: Store) -> None:
    """However many try at the same moment, one is told that it did, and its bytes stand there."""
    done: list[int] = []
    barrier = threading.Barrier(16)

    def write(number: int) -> None:
        barrier.wait()
        if store.create("claim.json", f"writer {number}".encode()):
            done.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert store.read("claim.json") == f"writer {done[0]}".encode()


def test_a_swap_needs_the_version_that_was_read(store: Store) -> None:
    """Who has read an older state is refused, as is who expects nothing where something stands."""
    assert store.compare_and_swap("live.json", b"1", None)
    read = store.read_versioned("live.json")
    assert read is not None
    assert not store.compare_and_swap("live.json", b"other", None)
    assert store.compare_and_swap("live.json", b"2", read.version)
    assert not store.compare_and_swap("live.json", b"3", read.version)
    assert store.read("live.json") == b"2"


def test_no_change_of_many_is_lost(store: Store) -> None:
    """Writers that read, add and swap until it holds add up."""
    store.compare_and_swap("live.json", b"0", None)

    def add() -> None:
        for _ in range(5):
            while True:
                read = store.read_versioned("live.json")
                assert read is not None
                if store.compare_and_swap("live.json", str(int(read.data) + 1).encode(), read.version):
                    break

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.read("live.json") == b"30"


def test_names_are_those_directly_below_a_folder(store: Store) -> None:
    """Sorted, without what lies deeper, and none where the folder does not exist."""
    for name in ("runs/b/plan.json", "runs/a/plan.json", "runs/a/commits/r/1.json", "live.json"):
        store.create(name, b"{}")
    assert store.names("runs") == ["a", "b"]
    assert store.names("runs/a") == ["commits", "plan.json"]
    assert store.names("runs/none") == []


def test_a_staged_file_is_seen_when_it_is_published(store: Store) -> None:
    """Not before, and not at all where it never is."""
    with store.staged() as staged:
        staged.file.write(b"abc")
        assert store.names("data") == []
        assert staged.publish("data/x.jsonl")
    assert store.read("data/x.jsonl") == b"abc"
    with store.staged() as staged:
        staged.file.write(b"never published")
    with store.staged() as staged:
        staged.file.write(b"abc")
        assert not staged.publish("data/x.jsonl")
    assert store.names("data") == ["x.jsonl"]

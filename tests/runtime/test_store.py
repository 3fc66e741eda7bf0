"""Rules of the store: create once, compare and swap, and what dead writers leave."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nimbus_runtime.contract.errors import StoreError
from nimbus_runtime.store import DirectoryStore


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return an empty store."""
    return DirectoryStore(tmp_path / "root")


def test_a_name_is_created_once(store: DirectoryStore) -> None:
    """The second to try is told so, and the first one's content stays."""
    assert store.create("a/b.json", b"one")
    assert not store.create("a/b.json", b"two")
    assert store.read("a/b.json") == b"one"
    assert store.names("a") == ["b.json"]


def test_a_name_appears_whole_or_not_at_all(store: DirectoryStore) -> None:
    """What fails while it is written leaves neither a name nor a file."""

    def fail() -> None:
        with store.staged() as staged:
            staged.file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.names(".") == []
    assert store.names(".staging") == []


def test_a_swap_needs_the_state_that_was_read(store: DirectoryStore) -> None:
    """A writer that read an earlier state changes nothing."""
    assert store.compare_and_swap("live.json", b"1", None)
    assert not store.compare_and_swap("live.json", b"2", None)
    first = store.read_versioned("live.json")
    assert first is not None
    assert store.compare_and_swap("live.json", b"2", first.version)
    assert not store.compare_and_swap("live.json", b"3", first.version)
    assert store.read("live.json") == b"2"


def test_only_one_holds_a_record(store: DirectoryStore) -> None:
    """It is free again as soon as its holder lets go."""
    store.create("claim.json", b"{}")
    held = store.hold("claim.json")
    assert held is not None
    assert store.hold("claim.json") is None
    held.close()
    again = store.hold("claim.json")
    assert again is not None
    again.close()


def _age(path: Path, seconds: float = 3600) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_sweep_takes_what_dead_writers_left_and_nothing_else(store: DirectoryStore) -> None:
    """A file of a living writer stays however old it is, and so does one that is too young to tell."""
    staging = store.root / ".staging"
    (staging / "dead").write_bytes(b"half")
    (staging / "young").write_bytes(b"half")
    (staging / "live.json.lock").touch()
    _age(staging / "dead")
    _age(staging / "live.json.lock")
    with store.staged() as staged:
        _age(staged.path)
        store.sweep()
        assert staged.publish("kept.json")
    assert store.names(".staging") == ["live.json.lock", "young"]
    assert store.names(".") == ["kept.json"]


def test_what_others_leave_in_a_root_is_no_record(store: DirectoryStore) -> None:
    """Neither a file manager's hidden files nor a note beside the runs are read as one."""
    store.create("runs/20261122T020000Z/run.json", b"a run")
    for name in ("runs/.DS_Store", "runs/notes.txt", "runs/20261122T020000Z/.nfs0001"):
        store.path(name).write_bytes(b"left")
    assert store.names("runs") == ["20261122T020000Z", "notes.txt"]
    assert store.names("runs/20261122T020000Z") == ["run.json"]
    assert store.read("runs/notes.txt/run.json") is None
    assert store.names("runs/notes.txt/commits") == []


def test_nothing_of_the_proof_is_left(store: DirectoryStore) -> None:
    """Opening a root leaves no file in it."""
    assert store.names(".staging") == []


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The words name it."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot use the output folder") as refusal:
        DirectoryStore(tmp_path / "file")
    assert refusal.value.where == str(tmp_path / "file")

"""What a planner keeps for a run, and what it clears away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nimbus_runtime import planner
from nimbus_runtime.contract import codec, paths
from nimbus_runtime.contract.inputs import Compression, Format, InputFile
from nimbus_runtime.contract.records import Plan
from nimbus_runtime.store import DirectoryStore

from .test_live import finished


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """Return a store with a copy of standard input."""
    store = DirectoryStore(tmp_path)
    planner.spool_folder(store).mkdir()
    (planner.spool_folder(store) / "input.jsonl").touch()
    return store


def reading(plan: Plan, file: Path) -> Plan:
    """Return the plan of a run over a file."""
    given = InputFile(str(file), file.name, 0, "v", Format.JSONL, Compression.NONE)
    return replace(plan, inputs=(given,))


def test_standard_input_is_kept_while_an_unfinished_run_needs_it(store: DirectoryStore) -> None:
    """The same input of two runs is one file, which the last of them removes."""
    copy = planner.spool_folder(store) / "input.jsonl"
    done, _ = finished(store, 1)
    done = reading(done, copy)
    other = reading(replace(done, run="20261102T020000Z"), copy)
    store.create(paths.plan(other.run), codec.encode(other))
    planner.clear_spool(store, done.inputs)
    assert copy.exists()
    store.create(paths.dataset(other.run), b"{}")
    planner.clear_spool(store, other.inputs)
    assert not copy.exists()


def test_an_input_of_the_user_is_never_removed(store: DirectoryStore, tmp_path: Path) -> None:
    """Only what lies in the spool was made by a run."""
    given = tmp_path / "in.jsonl"
    given.touch()
    planner.clear_spool(store, reading(finished(store, 1)[0], given).inputs)
    assert given.exists()

"""Rules of lineage: a row leads back to what made it, and is made again from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.faults import bundles, command

from nimbus.adapters.rows import RowFiles
from nimbus.runs.explain import DocumentUnknownError, explain
from nimbus.runs.replay import Sameness, compared, replay
from nimbus_runtime.contract.errors import InputChangedError, RunMismatchError, RunNotFoundError
from nimbus_runtime.store import DirectoryStore


@dataclass(frozen=True, slots=True)
class Ran:
    """A run, its root and its inputs."""

    store: DirectoryStore
    run: str
    inputs: Path
    bundle: bundles.Built


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module", params=["jsonl", "parquet"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bundle: bundles.Built) -> Ran:
    """Run two files, one with a record that is none and an id that is there twice."""
    folder = tmp_path_factory.mktemp("ran")
    inputs = folder / "in"
    inputs.mkdir()
    lines = [{"id": f"a-{i}", "text": f"Anna had a late order from Berlin {i}", "team": i} for i in range(40)]
    (inputs / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    others = [{"id": "twice", "text": "late"}, {"id": "bad", "text": 3}, {"id": "twice", "text": "refund"}]
    (inputs / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in others), encoding="utf-8")
    options = ("--id-field", "id", "--format", request.param)
    done = command.run(inputs, *options, root=folder / "root", bundle=bundle)
    assert done.code == 0, done.err
    return Ran(DirectoryStore(folder / "root"), done.json["run"], inputs, bundle)


def test_a_row_leads_back_to_all_that_made_it(ran: Ran) -> None:
    """Run, shard, attempt, input with its version, release, bundle, and when it was published."""
    (found,) = explain(ran.store, RowFiles(), ran.run, "a-7")
    assert found.row is not None
    assert (found.row["id"], found.row["metadata"]) == ("a-7", {"team": 7})
    assert (found.input.name, found.input.size) == ("a.jsonl", (ran.inputs / "a.jsonl").stat().st_size)
    assert found.release is not None
    assert found.release.bundle_digest == found.bundle_digest == found.run.bundle_digest
    assert found.commit.rows.file == found.file
    assert found.published is not None
    assert (found.published.sequence, found.plan.execution.id) == (1, found.commit.attempt)


def test_a_document_that_failed_leads_back_too(ran: Ran) -> None:
    """With its place in the input and the reason, never its text."""
    (found,) = explain(ran.store, RowFiles(), ran.run, "bad")
    assert found.row is None
    assert found.quarantine is not None
    assert (found.quarantine["reason"], found.input.name) == ("wrong-type", "b.jsonl")


def test_each_row_of_a_repeated_id_is_told(ran: Ran) -> None:
    """They are different documents."""
    hashes = {found.row["input_hash"] for found in explain(ran.store, RowFiles(), ran.run, "twice") if found.row}
    assert len(hashes) == 2


@pytest.mark.parametrize("document", ["twice", "bad"])
def test_a_replayed_row_is_the_row(ran: Ran, tmp_path: Path, document: str) -> None:
    """The whole shard is the same, byte for byte, on the same machine; nothing is written to the root."""
    before = sorted(path.name for path in ran.store.root.rglob("*"))
    found = explain(ran.store, RowFiles(), ran.run, document)[-1]
    again = replay(RowFiles(), found, ran.bundle.path, tmp_path / "scratch")
    assert (again.sameness, again.same_file, again.columns) == (Sameness.EQUAL, True, ())
    assert (again.row, again.quarantine) == (found.row, found.quarantine)
    assert sorted(path.name for path in ran.store.root.rglob("*")) == before


def test_a_row_that_is_not_what_the_bundle_makes_is_told_by_its_columns(ran: Ran) -> None:
    """Scores in their last digits are one thing, labels another, and a row that is missing a third."""
    (found,) = explain(ran.store, RowFiles(), ran.run, "a-7")
    assert found.row is not None
    near = {**found.row, "cats": {label: score + 1e-6 for label, score in found.row["cats"].items()}}
    again = compared(found, near, None, same_file=False)
    assert (again.sameness, again.columns) == (Sameness.WITHIN_TOLERANCE, ("cats",))
    again = compared(found, {**near, "ents": []}, None, same_file=False)
    assert (again.sameness, set(again.columns)) == (Sameness.DIFFERENT, {"cats", "ents"})
    assert compared(found, None, None, same_file=False).sameness is Sameness.DIFFERENT


def test_an_input_that_has_changed_is_told(ran: Ran, tmp_path: Path) -> None:
    """The row cannot be made again from something else."""
    (found,) = explain(ran.store, RowFiles(), ran.run, "a-7")
    changed = replace(found.plan, inputs=tuple(replace(file, version="1") for file in found.plan.inputs))
    with pytest.raises(InputChangedError, match="no longer what the run read"):
        replay(RowFiles(), replace(found, plan=changed), ran.bundle.path, tmp_path / "scratch")


def test_another_bundle_is_refused(ran: Ran, tmp_path: Path) -> None:
    """What it would make is no replay."""
    (found,) = explain(ran.store, RowFiles(), ran.run, "a-7")
    assert found.row is not None
    other = replace(found, row={**found.row, "bundle_digest": "0" * 64})
    with pytest.raises(RunMismatchError, match="not the bundle"):
        replay(RowFiles(), other, ran.bundle.path, tmp_path / "scratch")


def test_what_is_not_there_is_told(ran: Ran) -> None:
    """An id that no document has, and a run that there is not."""
    with pytest.raises(DocumentUnknownError, match="no such document"):
        explain(ran.store, RowFiles(), ran.run, "a-99")
    for name in ("20200101T000000Z", "../runs"):
        with pytest.raises(RunNotFoundError, match="no such run"):
            explain(ran.store, RowFiles(), name, "a-7")

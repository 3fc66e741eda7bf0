"""Rules of reading what is published."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimbus_runtime.contract import paths
from nimbus_runtime.contract.codec import encode
from nimbus_runtime.contract.errors import RecordInvalidError, RunNotFoundError, StoreError, UsageError
from nimbus_runtime.contract.records import Counts, DataFile, Duplicates, Entry, Live, OutputFormat, Run
from nimbus_runtime.published import dataset, published, quarantined, reading
from nimbus_runtime.store import DirectoryStore

FIRST, SECOND, THIRD = "20261122T020000Z", "20261123T020000Z", "20261124T020000Z"
NOBODY = 65534
EMPTY = b"no rows"


def finish(root: Path, run: str, contents: tuple[bytes, ...] = (b"rows 1", b"rows 0")) -> None:
    """Write a finished run, whose files' names do not sort like its shards."""
    store = DirectoryStore(root)
    rows = [int(content != EMPTY) for content in contents]
    names = [f"{9 - n}-{run}.jsonl" for n in range(len(contents))]
    files = tuple(DataFile(n, r, len(content)) for n, r, content in zip(names, rows, contents, strict=True))
    for file, content in zip(files, contents, strict=True):
        store.create(paths.data(run, file.file), content)
    record = Run(
        run=run,
        release="r1",
        bundle_digest="b",
        epoch=0,
        scheduled_time="2026-11-22T02:00:00Z",
        finished="2026-11-22T02:05:00Z",
        output_format=OutputFormat.JSONL,
        annotations=(),
        rows=files,
        quarantine=files[:1],
        features=(),
        counts=Counts(),
        duplicates=Duplicates(),
    )
    store.create(paths.dataset(run), encode(record))


def publish(root: Path, run: str | None) -> None:
    """Make a run the published one."""
    store = DirectoryStore(root)
    before = store.read_versioned(paths.LIVE)
    live = Live(sequence=0, entry=Entry("publish", "a", "t", "", "x"), release="r1", dataset=run)
    assert store.compare_and_swap(paths.LIVE, encode(live), before.version if before else None)


def test_shards_without_rows_are_listed_by_one_file(tmp_path: Path) -> None:
    """They all have the same; and a dataset of none is still a file that can be read."""
    finish(tmp_path, FIRST, (b"rows 1", EMPTY, EMPTY, b"rows 2", EMPTY))
    finish(tmp_path, SECOND, (EMPTY, EMPTY))
    listed = [Path(file).name for file in dataset(tmp_path, FIRST)]
    assert listed == [f"{n}-{FIRST}.jsonl" for n in (9, 8, 6)]
    assert [Path(file).name for file in dataset(tmp_path, SECOND)] == [f"9-{SECOND}.jsonl"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with two finished runs, the first of which is published, and one unfinished."""
    for run in (FIRST, SECOND):
        finish(tmp_path, run)
    DirectoryStore(tmp_path).create(paths.plan(THIRD), b"{}")
    publish(tmp_path, FIRST)
    return tmp_path


def test_the_published_files_come_in_the_order_of_the_record(root: Path) -> None:
    """live.json decides which run, run.json which files and in which order."""
    expected = [str(root / "runs" / FIRST / "data" / f"{n}-{FIRST}.jsonl") for n in (9, 8)]
    assert dataset(root) == expected
    assert dataset(str(root)) == expected
    assert quarantined(root) == expected[:1]


def test_a_finished_run_can_be_named(root: Path) -> None:
    """It need not be the published one."""
    assert all(SECOND in path for path in dataset(root, run=SECOND))
    assert published(reading(root), SECOND).run == SECOND


def test_paths_are_absolute(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative root gives the same paths."""
    absolute = dataset(root)
    monkeypatch.chdir(root.parent)
    assert dataset(root.name) == absolute


def test_files_that_no_record_names_are_ignored(root: Path) -> None:
    """Orphans of attempts that died are no part of the dataset."""
    before = dataset(root)
    (root / "runs" / FIRST / "data" / "0-orphan.jsonl").write_bytes(b"x")
    assert dataset(root) == before


def test_a_folder_that_is_not_there_is_not_created(tmp_path: Path) -> None:
    """A reader's slip of the pen leaves nothing behind."""
    with pytest.raises(StoreError, match="no such folder"):
        dataset(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_root(tmp_path: Path) -> None:
    """The refusal says what it is."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="a file, not a folder"):
        dataset(tmp_path / "file")


def test_a_folder_without_runs_is_said_to_be_empty(tmp_path: Path) -> None:
    """Most likely the path is wrong."""
    with pytest.raises(RunNotFoundError, match="nothing has been published") as refusal:
        dataset(tmp_path)
    assert "no run" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_unfinished_runs_are_named_with_the_way_on(tmp_path: Path) -> None:
    """Only the latest few are named."""
    for day in range(10, 18):
        DirectoryStore(tmp_path).create(paths.plan(f"202611{day}T020000Z"), b"{}")
    with pytest.raises(RunNotFoundError) as refusal:
        dataset(tmp_path)
    assert "20261117T020000Z and 3 earlier" in str(refusal.value)
    assert "nimbus run --resume" in str(refusal.value)


def test_a_finished_run_that_was_not_published_is_named(tmp_path: Path) -> None:
    """It can be read by its name."""
    finish(tmp_path, FIRST)
    publish(tmp_path, None)
    with pytest.raises(RunNotFoundError, match="not published"):
        dataset(tmp_path)


def test_a_misspelt_run_gets_the_nearest_names(root: Path) -> None:
    """Unfinished runs are not offered."""
    with pytest.raises(RunNotFoundError) as refusal:
        dataset(root, run=SECOND.replace("Z", ""))
    assert (refusal.value.expected or "").startswith(f"a finished run, such as {SECOND}")
    assert THIRD not in str(refusal.value)


@pytest.mark.parametrize("name", ["", ".", "..", f"../runs/{FIRST}", f"{FIRST}/data", "/etc"])
def test_a_run_is_a_name_and_never_a_path(root: Path, name: str) -> None:
    """Nothing outside runs/ is read."""
    with pytest.raises(RunNotFoundError, match="no such run"):
        dataset(root, run=name)


def test_an_unfinished_run_has_no_dataset(root: Path) -> None:
    """The refusal says how to finish it."""
    with pytest.raises(RunNotFoundError, match="not finished") as refusal:
        dataset(root, run=THIRD)
    assert "--resume" in str(refusal.value)


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_file_that_is_missing_or_cut_is_named(root: Path, damage: str) -> None:
    """Half a dataset is never handed out."""
    path = Path(dataset(root)[1])
    path.unlink() if damage == "missing" else path.write_bytes(b"ro")
    with pytest.raises(StoreError, match="incomplete") as refusal:
        dataset(root)
    assert str(path) in str(refusal.value)


def test_a_published_run_without_a_record_is_incomplete(root: Path) -> None:
    """live.json names a run whose run.json is gone."""
    (root / "runs" / FIRST / "run.json").unlink()
    with pytest.raises(StoreError, match="incomplete"):
        dataset(root)


def test_a_damaged_record_is_named(root: Path) -> None:
    """The error says which file."""
    (root / "live.json").write_text("{", encoding="utf-8")
    with pytest.raises(RecordInvalidError, match=r"live\.json"):
        dataset(root)


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """Return a folder whose files this process, for the time of the test, may read and not write."""
    folder = Path(tempfile.mkdtemp(prefix="nimbus-read-"))
    finish(folder, FIRST)
    publish(folder, FIRST)
    folder.chmod(0o555)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_reader_needs_no_permission_to_write(unprivileged: Path) -> None:
    """Another user's root, or a read-only mount, is read like one's own."""
    with pytest.raises(PermissionError):
        (unprivileged / "x").touch()
    assert len(dataset(unprivileged)) == 2


def test_what_may_not_be_read_is_named(unprivileged: Path) -> None:
    """The refusal speaks of reading."""
    if os.geteuid() != NOBODY:
        pytest.skip("takes two users")
    os.seteuid(0)
    (unprivileged / "live.json").chmod(0o600)
    os.seteuid(NOBODY)
    with pytest.raises(StoreError, match="cannot read") as refusal:
        dataset(unprivileged)
    assert "may read" in str(refusal.value)


def test_a_reader_changes_nothing(root: Path) -> None:
    """No file and no folder is newer after reading."""
    shutil.rmtree(root / ".staging")
    before = {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]}
    dataset(root)
    quarantined(root, run=SECOND)
    with pytest.raises(RunNotFoundError):
        dataset(root, run="x")
    assert {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]} == before


def test_reading_the_list_imports_nothing_heavy() -> None:
    """A script that only wants paths pays for the standard library alone."""
    heavy = "{'pyarrow', 'spacy', 'numpy', 'onnxruntime'}"
    code = f"import sys, nimbus_runtime.published; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_address_without_a_bucket_is_refused_in_words() -> None:
    """It is a mistake of the call, not of the program."""
    with pytest.raises(UsageError, match="not the address"):
        reading("s3://")

"""A document that ends its process is found and set aside; its neighbours are scored."""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from . import bundles, command, texts

ROOM = 600 << 20  # bytes for a run that needs about half of it
ROOM_OF_ADDRESSES = 2 << 30
_GROUPS = Path("/sys/fs/cgroup/memory")
LONG = "late " * 6000  # more characters than a chunk takes, so a chunk of its own


def _rows(root: Path, *options: str) -> list[dict[str, object]]:
    files = command.nimbus("dataset", root, *options).out.splitlines()
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def _neighbours(name: str, count: int) -> list[dict[str, object]]:
    return [{"id": f"{name}{number}", "text": texts.SCORED} for number in range(count)]


def test_documents_that_kill_are_found_one_by_one(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """Two in one shard, each in a chunk of its own, and one among others are quarantined with what they did."""
    two = [
        *_neighbours("a", 2),
        {"id": "segv", "text": f"{LONG} segvzz"},
        *_neighbours("b", 2),
        {"id": "killed", "text": f"{LONG} killzz"},
    ]
    among_others = [*_neighbours("c", 3), {"id": "abort", "text": "abortzz"}, *_neighbours("d", 2)]
    texts.write(tmp_path / "in" / "a.jsonl", two)
    texts.write(tmp_path / "in" / "b.jsonl", among_others)
    done = command.nimbus(
        *("run", tmp_path / "in", "-o", root, "--id-field", "id", "--workers", "2"),
        *("--max-quarantine", "50%"),
        bundle=foreign,
    )
    assert done.code == 0, done.err
    assert "A worker ended at shard 0 (signal SIGSEGV); another one goes on." in done.err
    rows = _rows(root, "--quarantined")
    assert [(row["id"], row["reason"]) for row in rows] == [
        (name, "worker-killed") for name in ("segv", "killed", "abort")
    ]
    for row, signal in zip(rows, ("SIGSEGV", "SIGKILL", "SIGABRT"), strict=True):
        assert f"ended by signal {signal}" in str(row["detail"])
    killers = {row["id"] for row in rows}
    scored = [record["id"] for record in [*two, *among_others] if record["id"] not in killers]
    assert [row["id"] for row in _rows(root)] == scored


@contextlib.contextmanager
def _limited(size: int) -> Iterator[Path]:
    """Make a memory control group, in which the kernel kills for lack of memory."""
    group = _GROUPS / f"nimbus-{secrets.token_hex(4)}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(size))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error}")
    try:
        yield group / "cgroup.procs"
    finally:
        command.wait_until(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        group.rmdir()


def test_a_document_that_takes_all_memory_is_found(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """When memory runs out the kernel takes the worker, and the supervisor lives to say why."""
    given = [*_neighbours("a", 2), {"id": "hoard", "text": f"{LONG} hoardzz"}, *_neighbours("b", 2)]
    path = texts.write(tmp_path / "in.jsonl", given)
    with _limited(ROOM) as members:
        done = command.run(
            *(path, "--id-field", "id", "--max-quarantine", "50%"),
            root=root,
            bundle=foreign,
            preexec_fn=lambda: members.write_text(str(os.getpid())),
        )
    assert done.code == 0, done.err
    assert done.json["reasons"] == {"worker-killed": 1}
    (row,) = _rows(root, "--quarantined")
    assert row["id"] == "hoard"
    assert "signal SIGKILL, as when memory runs out" in str(row["detail"])
    assert [row["id"] for row in _rows(root)] == ["a0", "a1", "b0", "b1"]


def test_a_document_that_is_refused_memory_costs_no_worker(foreign: bundles.Built, root: Path, tmp_path: Path) -> None:
    """Under `ulimit -v` an allocation fails like any other error of a component."""
    given = [*_neighbours("a", 2), {"id": "hoard", "text": "hoardzz"}, *_neighbours("b", 2)]
    path = texts.write(tmp_path / "in.jsonl", given)
    done = command.run(
        *(path, "--id-field", "id", "--max-quarantine", "50%"),
        root=root,
        bundle=foreign,
        environment={"MALLOC_MMAP_THRESHOLD_": "65536"},  # else glibc may keep the addresses of what was freed
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ROOM_OF_ADDRESSES, ROOM_OF_ADDRESSES)),
    )
    assert done.code == 0, done.err
    assert done.json["reasons"] == {"component-error": 1}
    (row,) = _rows(root, "--quarantined")
    assert (row["id"], row["detail"]) == ("hoard", "foreign raised MemoryError")

"""What a disk refuses is said in words, and a run goes on when the disk is mended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import bundles, command, texts


def _call(*arguments: str | Path) -> None:
    said = subprocess.run([*map(str, arguments)], capture_output=True, text=True, check=False)
    if said.returncode:
        pytest.skip(f"{' '.join(map(str, arguments[:3]))}: {said.stderr.strip() or said.returncode}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    _call("mount", "-t", "tmpfs", "-o", "size=1m", "nimbus-test", place)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Return inputs whose rows fill some hundred kilobytes."""
    return texts.many(tmp_path / "in", files=4, documents=120)


def test_a_run_on_a_full_disk_goes_on_when_there_is_room(plain: bundles.Built, disk: Path, given: Path) -> None:
    """The words say what to do; what was finished before the disk was full is kept."""
    root = disk / "root"
    filler = disk / "filler"
    filler.write_bytes(b"x" * (850 << 10))
    command_line = ("run", given, "-o", root, "--workers", "1", "--format", "jsonl", "--id-field", "id")
    full = command.nimbus(*command_line, bundle=plain)
    assert full.code == 1
    assert "no room left on the disk" in full.err
    assert "--resume" in full.err
    assert "Traceback" not in full.err
    (run,) = command.names(root / "runs")
    kept = len(list((root / "runs" / run / "commits").glob("*/*.json")))
    assert 0 < kept < 4
    _call("mount", "-o", "remount,size=64m", disk)
    done = command.nimbus(*command_line, "--resume", bundle=plain)
    assert done.code == 0, done.err
    assert f"4 shards, {kept} of them done before" in done.err
    command.check_root(root)
    assert command.record(root / "runs" / run / "run.json")["counts"]["documents"] == 4 * 120


def test_a_disk_without_any_room_is_refused_in_words(plain: bundles.Built, disk: Path, given: Path) -> None:
    """Nothing is begun, and nothing but words is said."""
    with (disk / "filler").open("wb") as filler:
        size = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        os.posix_fallocate(filler.fileno(), 0, size)
    full = command.run(given, root=disk / "root", bundle=plain)
    assert (full.code, full.json["error"]) == (1, "StoreFullError")
    assert "Traceback" not in full.err


def test_a_folder_that_cannot_be_written_is_refused_in_words(plain: bundles.Built, disk: Path, given: Path) -> None:
    """A read-only file system is one of the ways."""
    _call("mount", "-o", "remount,ro", disk)
    refused = command.run(given, root=disk / "root", bundle=plain)
    assert (refused.code, refused.json["error"]) == (1, "StoreError")
    assert "Read-only" in refused.err
    assert str(disk / "root") in refused.err


@pytest.mark.parametrize("below", ["", "root"])
def test_a_file_is_no_output_folder(plain: bundles.Built, given: Path, tmp_path: Path, below: str) -> None:
    """Neither the file itself nor a place below it."""
    (tmp_path / "file").touch()
    refused = command.run(given, root=tmp_path / "file" / below, bundle=plain)
    assert (refused.code, refused.json["error"]) == (1, "StoreError")
    assert "file" in refused.json["where"]


def test_a_file_system_without_hard_links_is_refused(plain: bundles.Built, given: Path, tmp_path: Path) -> None:
    """Nothing could be created exactly once there, so nothing is begun."""
    image, place = tmp_path / "image", tmp_path / "fat"
    image.write_bytes(b"\0" * (2 << 20))
    place.mkdir()
    try:
        _call("mkfs.vfat", image)
    except FileNotFoundError:
        pytest.skip("mkfs.vfat is not installed")
    _call("mount", "-t", "vfat", "-o", "loop", image, place)
    try:
        refused = command.run(given, root=place / "root", bundle=plain)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    assert (refused.code, refused.json["error"]) == (1, "StoreUnsupportedError")
    assert "no hard links" in refused.err

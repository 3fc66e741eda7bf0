"""A run stops by name when an input is not what was planned."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nimbus_runtime.contract.errors import InputChangedError, InputUnreadableError
from nimbus_runtime.contract.inputs import Fields, Slice
from nimbus_runtime.readers import read

if TYPE_CHECKING:
    from conftest import Write


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv", "a.parquet", "a.spacy"])
@pytest.mark.parametrize("content", [b"text\nb\n", b""])
def test_a_change_before_reading_is_found(name: str, content: bytes, write: Write) -> None:
    """Another time of change is enough, in any format, even of an empty file."""
    file = write(name, content)
    os.utime(file.key, ns=(1, 1))
    with pytest.raises(InputChangedError, match=name):
        list(read(file, Slice(0, 1), Fields()))


def test_a_change_of_size_is_found(write: Write) -> None:
    """Even where the time of change was put back."""
    file = write("a.txt", b"a\nb\n")
    Path(file.key).write_bytes(b"a\nb\nc\n")
    os.utime(file.key, ns=(int(file.version), int(file.version)))
    with pytest.raises(InputChangedError, match=r"a\.txt"):
        list(read(file, Slice(0, 4), Fields()))


def test_a_change_during_reading_is_found(write: Write) -> None:
    """What was read by then may be of either state."""
    file = write("a.txt", b"a\nb\n")
    items = read(file, Slice(0, 4), Fields())
    next(items)
    with Path(file.key).open("ab") as stream:
        stream.write(b"c\n")
    next(items)
    with pytest.raises(InputChangedError):
        next(items)


def test_a_file_that_is_gone_has_changed(write: Write) -> None:
    """Removed since the plan was made."""
    file = write("a.txt", b"a\n")
    Path(file.key).unlink()
    with pytest.raises(InputChangedError) as caught:
        list(read(file, Slice(0, 2), Fields()))
    assert caught.value.got == "no such file"


def test_a_failure_of_the_disk_is_unreadable(write: Write, tmp_path: Path) -> None:
    """What the system says is part of the message."""
    file = replace(write("a.txt", b"a\n"), key=str(tmp_path))
    with pytest.raises(InputUnreadableError, match=r"a\.txt") as caught:
        list(read(file, Slice(0, 2), Fields()))
    assert "directory" in (caught.value.got or "")


def test_stopping_early_is_no_failure(write: Write) -> None:
    """Who wants the first documents only may leave."""
    items = read(write("a.txt", b"a\nb\n"), Slice(0, 4), Fields())
    next(items)
    items.close()  # type: ignore[attr-defined]


def test_importing_the_readers_is_light() -> None:
    """The libraries of single formats are imported only where such a file is read."""
    heavy = {"numpy", "pyarrow", "spacy", "zstandard"}
    code = f"import sys, nimbus_runtime.readers; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

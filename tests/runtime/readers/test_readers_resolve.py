"""What a user may name as inputs, and the list that a plan gets."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest
from tests.fixtures import permissions

from nimbus_runtime.contract.errors import InputNotFoundError, InputUnreadableError, UsageError
from nimbus_runtime.contract.inputs import Compression, Format
from nimbus_runtime.readers import resolve


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder of inputs, and go there."""
    root = tmp_path / "in"
    for name in (
        "b.jsonl",
        "a.txt",
        "sub/c.CSV",
        "sub/deep/d.ndjson",
        ".hidden.txt",
        ".git/e.txt",
        "notes.md",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x\n")
    monkeypatch.chdir(root)
    return root


def names(inputs: list[str], default_format: Format | None = None) -> list[str]:
    """Return the names that inputs resolve to."""
    return [file.name for file in resolve(inputs, Path("spool"), default_format=default_format)]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (["."], ["a.txt", "b.jsonl", "sub/c.CSV", "sub/deep/d.ndjson"]),
        (["sub"], ["c.CSV", "deep/d.ndjson"]),
        (["sub/deep/d.ndjson"], ["d.ndjson"]),
        (["*"], ["a.txt", "b.jsonl", "sub/c.CSV", "sub/deep/d.ndjson"]),
        (["*.txt"], ["a.txt"]),
        (["**/*.ndjson", "./a.txt"], ["a.txt", "sub/deep/d.ndjson"]),
        (
            ["b.jsonl", "a.txt", "./sub/../b.jsonl", "."],
            ["a.txt", "b.jsonl", "sub/c.CSV", "sub/deep/d.ndjson"],
        ),
        ([".git/e.txt"], ["e.txt"]),
    ],
)
@pytest.mark.usefixtures("tree")
def test_inputs_are_expanded_sorted_and_taken_once(inputs: list[str], expected: list[str]) -> None:
    """Names are paths below what all files have in common, free of the machine's folders."""
    assert names(inputs) == expected


def test_a_link_to_a_file_is_that_file(tree: Path) -> None:
    """Links keep their names, circles end, and one file is read once."""
    (tree / "z.txt").symlink_to("a.txt")
    (tree / "sub" / "up").symlink_to("..")
    assert names(["z.txt"]) == ["z.txt"]
    assert names(["z.txt", "a.txt"]) == names(["a.txt", "z.txt"]) == ["a.txt"]
    assert names(["."]) == ["a.txt", "b.jsonl", "sub/c.CSV", "sub/deep/d.ndjson"]


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonl", Format.JSONL),
        ("a.ndjson", Format.JSONL),
        ("a.csv", Format.CSV),
        ("a.tsv", Format.CSV),
        ("a.parquet", Format.PARQUET),
        ("a.pq", Format.PARQUET),
        ("a.txt", Format.TEXT),
        ("a.text", Format.TEXT),
        ("a.spacy", Format.DOCBIN),
    ],
)
def test_the_suffix_says_the_format(name: str, form: Format, tmp_path: Path) -> None:
    """Size and version are the file's as it is now."""
    path = tmp_path / name
    path.write_bytes(b"abc")
    (file,) = resolve([str(path)], tmp_path)
    assert (file.format, file.compression, file.key) == (form, Compression.NONE, str(path))
    assert (file.size, file.version) == (3, str(path.stat().st_mtime_ns))


@pytest.mark.usefixtures("tree")
def test_a_file_of_unknown_suffix_needs_a_format() -> None:
    """Named explicitly it is never skipped; by a pattern it is, unless a format is given."""
    with pytest.raises(UsageError, match=r"notes\.md") as caught:
        names(["notes.md"])
    assert ".jsonl" in (caught.value.expected or "")
    assert "--input-format" in (caught.value.remedy or "")
    (file,) = resolve(["notes.md"], Path("spool"), default_format=Format.TEXT)
    assert file.format is Format.TEXT
    assert names(["[an]*"]) == ["a.txt"]
    assert names(["*.md", "a.txt"], Format.TEXT) == ["a.txt", "notes.md"]


@pytest.mark.parametrize("pattern", ["absent.txt", "absent/*.txt", "a.txt/b.txt", "x" * 300, "nul\0"])
@pytest.mark.usefixtures("tree")
def test_what_is_not_there_is_named(pattern: str) -> None:
    """A path or pattern that finds nothing stops the run before it starts."""
    with pytest.raises(InputNotFoundError) as caught:
        names([pattern])
    assert pattern in caught.value.what


def test_a_folder_without_inputs_is_named(tree: Path) -> None:
    """The message says which suffixes are known."""
    (tree / "empty").mkdir()
    (tree / "empty" / "readme.md").touch()
    for pattern in ("empty", "empty/*"):
        with pytest.raises(InputNotFoundError, match="empty") as caught:
            names([pattern])
        assert ".parquet" in (caught.value.expected or "")


@pytest.mark.parametrize("inputs", [[], [""], ["-"]])
@pytest.mark.usefixtures("tree")
def test_nothing_to_read_is_a_mistake_of_the_call(inputs: list[str]) -> None:
    """Neither no input, nor an empty name, nor standard input where there is none."""
    with pytest.raises(UsageError):
        names(inputs)


def test_what_is_no_regular_file_is_refused(tree: Path) -> None:
    """A pipe is not opened, which would wait for ever."""
    os.mkfifo(tree / "p.txt")
    with pytest.raises(InputUnreadableError, match="not a regular file"):
        names(["p.txt"])


def test_a_link_to_nothing_is_named(tree: Path) -> None:
    """In a folder it is not skipped either."""
    (tree / "z.txt").symlink_to("absent")
    with pytest.raises(InputNotFoundError, match="link to nothing"):
        names(["z.txt"])
    with pytest.raises(InputUnreadableError, match=r"z\.txt"):
        names(["."])


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("a.txt", "."),
        ("sub", "."),
        ("sub", "**/*.jsonl"),
        ("sub", "**"),
        ("sub", "*/*.CSV"),
        ("sub", "s*/c.CSV"),
        ("sub/deep", "sub/**/*.CSV"),
    ],
)
@pytest.mark.parametrize("mode", [0, 0o444])
def test_a_lack_of_permission_is_named(name: str, pattern: str, mode: int, tree: Path) -> None:
    """A file or folder that may not be read is never skipped, also where a pattern looks into it."""
    (tree / name).chmod(mode if (tree / name).is_dir() else 0)
    try:
        with permissions.obeyed(), pytest.raises(InputUnreadableError, match=name):
            names([pattern])
    finally:
        (tree / name).chmod(0o700)


def test_a_name_that_is_no_utf8_is_refused(tree: Path) -> None:
    """It could not be written to a plan."""
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff.txt")).touch()
    with pytest.raises(InputUnreadableError, match="not UTF-8") as caught:
        names(["."])
    assert "\\xff.txt" in str(caught.value).encode().decode()


@pytest.mark.parametrize(
    ("name", "content", "got"),
    [
        ("a.jsonl.gz", b'{"text": "a"}', "neither"),
        ("a.jsonl.zst", gzip.compress(b"a", mtime=0), "gzip"),
        ("a.jsonl", gzip.compress(b"a", mtime=0), "gzip"),
        ("a.txt", b"\x28\xb5\x2f\xfd", "zstd"),
    ],
)
def test_a_suffix_must_fit_the_first_bytes(name: str, content: bytes, got: str, tmp_path: Path) -> None:
    """Neither is a plain file taken for a packed one, nor the other way round."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputUnreadableError, match="not packed as its name says") as caught:
        resolve([str(tmp_path / name)], tmp_path)
    assert got in (caught.value.got or "")


def test_parquet_inside_gzip_is_refused(tmp_path: Path) -> None:
    """Its footer could not be reached."""
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(b"PAR1", mtime=0))
    with pytest.raises(UsageError, match="Parquet inside gzip"):
        resolve([str(tmp_path)], tmp_path)


def test_standard_input_is_kept_under_its_digest(tmp_path: Path) -> None:
    """The same content gives the same file of the same age."""
    spool = tmp_path / "spool"
    (first,) = resolve(["-", "-"], spool, io.BytesIO(b"a\n"))
    (again,) = resolve(["-"], spool, io.BytesIO(b"a\n"))
    (other,) = resolve(["-"], spool, io.BytesIO(b""))
    assert first == again
    assert (first.name, first.format, first.size) == ("stdin.jsonl", Format.JSONL, 2)
    assert other.key != first.key
    assert other.size == 0
    assert sorted(path.name for path in spool.iterdir()) == sorted([Path(first.key).name, Path(other.key).name])


def test_standard_input_may_be_packed_and_of_any_format(tmp_path: Path) -> None:
    """Compression shows in the first bytes; the format is said."""
    (file,) = resolve(["-"], tmp_path / "s", io.BytesIO(gzip.compress(b"a", mtime=0)), Format.TEXT)
    assert (file.name, file.format, file.compression) == ("stdin.txt.gz", Format.TEXT, Compression.GZIP)


def test_standard_input_keeps_names_unique(tmp_path: Path) -> None:
    """A file may have the name that standard input has."""
    (tmp_path / "stdin.jsonl").write_bytes(b"{}")
    files = resolve([str(tmp_path / "stdin.jsonl"), "-"], tmp_path / "s", io.BytesIO(b"{}"))
    assert [file.name for file in files] == ["-stdin.jsonl", "stdin.jsonl"]

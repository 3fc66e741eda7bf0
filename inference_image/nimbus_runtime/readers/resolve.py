"""Turns what a user names as inputs into the list of files that a plan holds."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.errors import InputNotFoundError, InputUnreadableError, UsageError
from nimbus_runtime.contract.inputs import Compression, Format, InputFile
from nimbus_runtime.readers.addresses import resolve_objects
from nimbus_runtime.readers.compression import MAGIC_LENGTH, detect
from nimbus_runtime.readers.expand import expand
from nimbus_runtime.readers.formats import READERS, recognise, suffixes_in_words
from nimbus_runtime.readers.objects import SCHEME
from nimbus_runtime.readers.spool import spooled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_STDIN = "-"


def resolve(
    inputs: Sequence[str],
    spool: Path,
    stdin: BinaryIO | None = None,
    default_format: Format | None = None,
) -> list[InputFile]:
    """Return the files behind paths, folders, patterns, s3:// addresses and `-`, each once, sorted by name.

    Standard input is first written to the folder `spool`. `default_format` is the format of
    standard input, and of files that are named, or matched by a pattern, and whose suffix says
    nothing.
    """
    if not inputs:
        what = "no input is named"
        raise UsageError(what, expected="files, folders, patterns, or - for standard input", remedy="Name one.")
    addresses = [address for address in inputs if address.startswith(SCHEME)]
    if addresses:
        if len(addresses) < len(inputs):
            what = "inputs lie both in a bucket and on this machine"
            raise UsageError(what, expected="all in one place", remedy="Run them one after the other, or copy them.")
        files = resolve_objects(addresses, default_format)
        for file in files:
            _expect_readable(file)
        return sorted(files, key=lambda file: file.name)
    patterns = [pattern for pattern in inputs if pattern != _STDIN]
    found = [path for pattern in patterns for path in _expanded(pattern, default_format)]
    paths = {os.path.realpath(path): path for path in sorted(found, reverse=True)}
    files = [_inspect(path, name, default_format) for path, name in _named(list(paths.values()))]
    if _STDIN in inputs:
        files.append(_standard_input(stdin, spool, default_format, {file.name for file in files}))
    return sorted(files, key=lambda file: file.name)


def _expanded(pattern: str, default_format: Format | None) -> list[Path]:
    def known(path: Path) -> bool:
        return recognise(path.name)[0] is not None

    paths = expand(pattern, known, take_unknown=default_format is not None)
    if not paths:
        what = f"{pattern} holds no file that can be read"
        raise InputNotFoundError(
            what,
            expected=f"a file named {suffixes_in_words()}",
            remedy="Name files one by one with --input-format where their suffix is another.",
        )
    return paths


def _named(paths: list[Path]) -> list[tuple[Path, str]]:
    """Give each file its path below the deepest folder that all have in common."""
    if not paths:
        return []
    top = os.path.commonpath([path.parent for path in paths])
    named = [(path, path.relative_to(top).as_posix()) for path in paths]
    for path, name in named:
        if not _is_utf8(name):
            what = "a file has a name that is not UTF-8"
            where = os.fsencode(path).decode("utf-8", "backslashreplace")
            raise InputUnreadableError(what, where=where, remedy="Rename the file.")
    return named


def _inspect(path: Path, name: str, default_format: Format | None) -> InputFile:
    """Look at a file's name, state and first bytes."""
    form, compression = recognise(path.name)
    form = form or default_format
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = f"{name} is not a regular file"
            raise InputUnreadableError(what, where=str(path), remedy="Pipe it in and name the input -.")
        if form is None:
            what = f"nothing says which format {name} has"
            raise UsageError(
                what,
                where=str(path),
                expected=f"a suffix out of {suffixes_in_words()}",
                remedy=f"Say it with --input-format: {', '.join(READERS)}.",
            )
        with path.open("rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            head = stream.read(MAGIC_LENGTH)
    except OSError as error:
        what = f"{name} cannot be read"
        raise InputUnreadableError(
            what,
            where=str(path),
            got=error.strerror,
            remedy="Check the permissions of the file and of its folder.",
        ) from error
    found = detect(head)
    if head and found is not compression:
        raise _disguised(path, name, found, compression)
    file = InputFile(str(path), name, status.st_size, str(status.st_mtime_ns), form, compression)
    _expect_readable(file)
    return file


def _expect_readable(file: InputFile) -> None:
    if file.format is Format.PARQUET and file.compression is not Compression.NONE:
        what = f"{file.name} is Parquet inside {file.compression}"
        raise UsageError(
            what,
            where=file.key,
            expected="Parquet without another compression around it: it packs its own columns",
            remedy="Unpack the file.",
        )


def _disguised(path: Path, name: str, found: Compression, claimed: Compression) -> InputUnreadableError:
    words = {Compression.NONE: "neither gzip nor zstd"}
    return InputUnreadableError(
        f"{name} is not packed as its name says",
        where=str(path),
        got=f"content that is {words.get(found, found)}",
        expected=f"{'no compression' if claimed is Compression.NONE else claimed}, by its suffix",
        remedy="Give the file the suffix that its content has, or write it again.",
    )


def _standard_input(stdin: BinaryIO | None, spool: Path, default_format: Format | None, taken: set[str]) -> InputFile:
    if stdin is None:
        what = "there is no standard input to read"
        raise UsageError(what, expected="files, folders or patterns", remedy="Write it to a file, and name that.")
    form = default_format or Format.JSONL
    path, compression, suffix = spooled(stdin, spool, READERS[form].SUFFIXES[0])
    name = f"stdin{suffix}"
    while name in taken:
        name = f"-{name}"
    status = path.stat()
    file = InputFile(str(path), name, status.st_size, str(status.st_mtime_ns), form, compression)
    _expect_readable(file)
    return file


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True

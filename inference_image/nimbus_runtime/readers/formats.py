"""Which formats there are: a format is one module and one line of `READERS`."""

from __future__ import annotations

from collections import deque
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from nimbus_runtime.at_once import each
from nimbus_runtime.contract.inputs import Compression, Format
from nimbus_runtime.readers import delimited, docbin, jsonl, parquet, text
from nimbus_runtime.readers.compression import SUFFIXES as PACKED
from nimbus_runtime.readers.objects import SCHEME, sample
from nimbus_runtime.readers.opening import opened
from nimbus_runtime.s3 import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nimbus_runtime.contract.documents import Document, Rejected
    from nimbus_runtime.contract.inputs import Fields, InputFile, Slice


class FormatReader(Protocol):
    """What the module of a format offers. No file it is given is empty."""

    SUFFIXES: tuple[str, ...]

    def check_schema(self, file: InputFile, fields: Fields) -> None:
        """Raise where the file has no usable text field."""

    def split(self, file: InputFile, target: int) -> list[Slice]:
        """Return slices of about `target` uncompressed bytes, which together are the file."""

    def read(self, file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:
        """Yield what the slice holds, in the file's order."""


READERS: dict[Format, FormatReader] = {
    Format.JSONL: jsonl,
    Format.CSV: delimited,
    Format.PARQUET: parquet,
    Format.TEXT: text,
    Format.DOCBIN: docbin,
}
# Where slices of these begin is read, of a table at its end, of CSV all over: then each has some megabytes in memory.
_SPLIT_AT_ONCE = {Format.PARQUET: AT_ONCE, Format.CSV: 8}
KNOWN_SUFFIXES: dict[str, Format] = {suffix: name for name, reader in READERS.items() for suffix in reader.SUFFIXES}


def recognise(name: str) -> tuple[Format | None, Compression]:
    """Return what a file's name says about its content."""
    path = PurePath(name.lower())
    compression = PACKED.get(path.suffix, Compression.NONE)
    if compression is not Compression.NONE:
        path = path.with_suffix("")
    return KNOWN_SUFFIXES.get(path.suffix), compression


def suffixes_in_words() -> str:
    """Return the suffixes that name a format, for messages."""
    return f"{', '.join(KNOWN_SUFFIXES)}, each also with {' or '.join(PACKED)}"


def check_schema(file: InputFile, fields: Fields) -> None:
    """Raise InputSchemaError or InputUnreadableError where a run over the file could only fail.

    A file without any content passes: it has no documents.
    """
    if file.size:
        READERS[file.format].check_schema(file, fields)


def check_schemas(files: Sequence[InputFile], fields: Fields) -> None:
    """Check the schema of every file; of objects in a bucket, those that are looked into before a run."""
    if files and files[0].key.startswith(SCHEME):
        deque(each(lambda file: check_schema(file, fields), sample(files)), maxlen=0)
    else:
        for file in files:
            check_schema(file, fields)


def split(file: InputFile, target: int) -> list[Slice]:
    """Return slices of about `target` uncompressed bytes, the same for the same content.

    Every document lies in exactly one of them. A packed file and a DocBin are one slice; an
    empty file is none.
    """
    if target < 1:
        message = f"target is {target}: a slice has at least one byte"
        raise ValueError(message)
    return READERS[file.format].split(file, target) if file.size else []


def split_all(files: Sequence[InputFile], target: int) -> Iterator[list[Slice]]:
    """Yield the slices of every file, in order; of objects in a bucket that are read for it, several at once."""
    read = {_SPLIT_AT_ONCE[file.format] for file in files if file.format in _SPLIT_AT_ONCE}
    if read and files[0].key.startswith(SCHEME):
        yield from each(lambda file: split(file, target), files, min(read))
    else:
        yield from (split(file, target) for file in files)


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:
    """Yield the documents of a slice and the records that are none, in the file's order.

    Raises InputChangedError where the file is no longer what it was when it was resolved, and
    InputUnreadableError where its bytes cannot be had.
    """
    return READERS[file.format].read(file, part, fields) if file.size else _nothing(file)


def _nothing(file: InputFile) -> Iterator[Document | Rejected]:
    with opened(file):
        yield from ()

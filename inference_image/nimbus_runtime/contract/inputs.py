"""Inputs as a plan names them: files, and the slices of files that shards read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How documents are laid out in an input."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    TEXT = "text"  # a line a document
    DOCBIN = "docbin"


class Compression(StrEnum):
    """How an input is packed. A packed input cannot be split."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input as it was when the run was planned.

    `key` is where it is read (an absolute path); `name` is unique in the run and free of the
    machine's folders, so that derived ids are the same anywhere. `size` is in bytes; `version`
    changes when the file does (modification time in nanoseconds, or an ETag).
    """

    key: str
    name: str
    size: int
    version: str
    format: Format
    compression: Compression


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an input: `start` up to, not including, `end`.

    Bytes for text, JSONL and CSV; row groups for Parquet; (0, 1) for an input that is read whole.
    A line belongs to the slice in which its first byte lies.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record hold the text and the id. Text and DocBin inputs have neither."""

    text: str = "text"
    id: str | None = None

"""Texts of the user's own for a load test, of any format that a run reads; the locust files read JSON lines."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime import readers
from nimbus_runtime.contract.documents import Document, Rejected
from nimbus_runtime.contract.errors import UsageError
from nimbus_runtime.contract.inputs import Fields, Format
from nimbus_runtime.readers.formats import recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIELD = "text"
"""The field of the lines that are written."""

_KEPT = 20_000  # texts, the first ones
_LARGE = 1 << 40  # bytes of a slice: a file is read from its beginning to wherever there are enough


def is_lines(source: str) -> bool:
    """Say whether this is one file whose name tells no format: JSON lines, or a text a line."""
    several = "://" in source or any(mark in source for mark in "*?[") or Path(source).is_dir()
    return not several and recognise(Path(source).name)[0] is None


def check(sources: Sequence[str], field: str, form: Format | None) -> None:
    """Refuse in words what cannot be read as a run would read it, or holds no text."""
    next(_texts(sources, field, form))


def write(sources: Sequence[str], field: str, form: Format | None, to: Path) -> None:
    """Write the first texts as JSON lines; records that a run would put into quarantine are left out."""
    with to.open("w", encoding="utf-8") as file:
        for text in islice(_texts(sources, field, form), _KEPT):
            file.write(json.dumps({FIELD: text}) + "\n")


def _texts(sources: Sequence[str], field: str, form: Format | None) -> Iterator[str]:
    fields, refused, some = Fields(field), None, False
    files = readers.resolve(sources, Path(os.devnull), default_format=form)
    readers.check_schemas(files, fields)
    for file in files:
        for part in readers.split(file, _LARGE):
            for item in readers.read(file, part, fields):
                if isinstance(item, Document) and item.text.strip():
                    some = True
                    yield item.text
                elif isinstance(item, Rejected):
                    refused = refused or item.detail
    if not some:
        raise UsageError(
            "there are no texts to send",
            where=", ".join(sources),
            got=refused or f"{len(files)} files without any",
            remedy="name other texts with --payloads, or their field as text_field in nimbus.toml",
        )

"""Writes a project's files: whole or not at all, and why one cannot be written is said in words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nimbus.config.errors import FileNotWrittenError


@contextmanager
def in_words(place: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into a failure in words."""
    try:
        yield
    except OSError as error:
        raise FileNotWrittenError(
            f"this cannot be written: {error.strerror or error}",
            where=str(error.filename or place),
            remedy="let this user write there, or work in another folder",
        ) from None


def replace(file: Path, text: str) -> None:
    """Put a new text in a file's place; whoever reads it finds either of the two, whole."""
    place = file.resolve()  # where a link leads to, so that it stays one
    new = place.with_name(f".{place.name}.new")
    with in_words(file):
        try:
            new.write_text(text, encoding="utf-8")
            if place.exists():
                shutil.copymode(place, new)
            new.replace(place)
        finally:
            new.unlink(missing_ok=True)

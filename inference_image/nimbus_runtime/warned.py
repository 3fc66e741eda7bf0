"""Warnings of libraries, each once and by its place: a library may warn of every document, and quote it."""

from __future__ import annotations

import re
import sys
import warnings
from typing import TextIO

_CODE = re.compile(r"\[[A-Z]\d+\]")  # by which spaCy's documentation explains it


def once_each() -> None:
    """Show warnings of this process like that from now on."""
    seen: set[tuple[str, str, int]] = set()

    def show(  # noqa: PLR0913, PLR0917 - as the standard library calls it
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del line
        place = category.__name__, filename, lineno
        if place not in seen:
            seen.add(place)
            code = _CODE.match(str(message))
            named = f"{category.__name__} {code[0]}" if code else category.__name__
            (file or sys.stderr).write(f"{named} at {filename}:{lineno}; it is not told again\n")

    warnings.showwarning = show

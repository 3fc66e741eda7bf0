"""Writes docs/supported.md: its words are written by hand, its tables by the tests that prove them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

PLACE = Path(__file__).parents[1] / "docs" / "supported.md"


def write_table(name: str, rows: Sequence[Sequence[str]]) -> None:
    """Put a table between its marks, `<!-- name -->` and `<!-- /name -->`, and fail if another one stood there."""
    before = PLACE.read_text(encoding="utf-8")
    heading, *body = ["| " + " | ".join(row) + " |" for row in rows]
    table = "\n".join([heading, "|" + "---|" * len(rows[0]), *body])
    marked = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert marked.search(before), f"docs/supported.md has no place for {name}"
    after = marked.sub(lambda found: found.group(1) + table + "\n" + found.group(2), before)
    PLACE.write_text(after, encoding="utf-8")
    assert after == before, "docs/supported.md was out of date; it has been written again: look at it and commit it"

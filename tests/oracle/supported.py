"""Renders docs/supported.md: its words are written by hand, its tables by the tests that prove them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .matrix import Case


def with_transformers(text: str, cases: Iterable[Case], kinds: Sequence[str]) -> str:
    """Return the document with the table of transformers; each line has been compared over all kinds of documents."""
    rows = [[case.stack, case.encoder, case.tokenizer, "equal"] for case in cases]
    heading = ["trained with", "encoder", "tokenizer", f"over {len(kinds)} kinds of documents"]
    return with_table(text, "transformers", [heading, *rows])


def with_table(text: str, name: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the document with a table between its marks, `<!-- name -->` and `<!-- /name -->`."""
    heading, *body = ["| " + " | ".join(row) + " |" for row in rows]
    table = "\n".join([heading, "|" + "---|" * len(rows[0]), *body])
    marked = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    assert marked.search(text), f"docs/supported.md has no place for {name}"
    return marked.sub(lambda found: found.group(1) + table + "\n" + found.group(2), text)

"""The columns of an exported row, and how each travels: everything is text, or JSON as text.

Offsets, scores and metadata are nested, which neither CSV nor SQL has a common type for. JSON
is what both hold, and what PostgreSQL (JSONB) and SQLite (its json functions) can query.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nimbus_runtime.contract.annotations import TOKEN_LEVEL, Annotation

Kind = Literal["text", "json"]
_TWO_COLUMNS = {Annotation.TOKENS: ("token_starts", "token_ends")}


def columns(annotations: Iterable[Annotation]) -> dict[str, Kind]:
    """Return the columns of a run that wrote these annotations, in the order of an exported row."""
    wanted = set(annotations)
    if wanted & TOKEN_LEVEL:
        wanted.add(Annotation.TOKENS)
    nested = [
        name
        for annotation in Annotation
        if annotation in wanted
        for name in _TWO_COLUMNS.get(annotation, (annotation.value,))
    ]
    return {
        "id": "text",
        **dict.fromkeys(nested, "json"),
        "metadata": "json",
        "input_hash": "text",
        "bundle_digest": "text",
    }

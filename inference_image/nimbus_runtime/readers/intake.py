"""Decides what becomes of a record once its format is taken off: a document, or why it is none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id, unusable_text
from nimbus_runtime.readers.shapes import Shapes

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_ESCAPED = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes in the records of one input, whose documents bring ids or are given some."""

    name: str
    brings_ids: bool = False
    shapes: Shapes = field(default_factory=Shapes)

    def reject(self, position: int, content: bytes, why: tuple[Reason, str]) -> Rejected:
        """Return the rejection of a record in which no id could be found."""
        return Rejected(derived_id(self.name, position, content), position, *why)

    def admit(
        self, position: int, content: bytes, text: object, given_id: object, others: dict[str, object]
    ) -> Document | Rejected:
        """Return the document, or its rejection under its own id where that is usable.

        `content` is what an id is derived from; `given_id` counts only where the input brings ids.
        """
        if self.brings_ids:
            if isinstance(given_id, int) and not isinstance(given_id, bool):
                given_id = str(given_id)
            why = _unusable_id(given_id)
            if why is not None or not isinstance(given_id, str):
                return self.reject(position, content, why or (Reason.WRONG_TYPE, "the id"))
            identity = given_id
        else:
            identity = derived_id(self.name, position, content)
        why = unusable_text(text)
        if why is not None or not isinstance(text, str):
            return Rejected(identity, position, *(why or (Reason.WRONG_TYPE, "the text field")))
        return Document(identity, text, as_json(others) if others else None, position, self.shapes.of(others))


def as_json(others: dict[str, object]) -> str:
    """Return a compact JSON object that is valid JSON and valid UTF-8 whatever the values.

    What JSON has no number for becomes null.
    """
    try:
        metadata = _COMPACT(others)
    except ValueError:
        others = {key: _finite(value) for key, value in others.items()}
        metadata = _COMPACT(others)
    if not metadata.isascii():
        try:
            metadata.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return _ESCAPED(others)
    return metadata


def distinct_names(names: list[str]) -> list[str]:
    """Return column names of which none comes twice: a second "a" becomes "a_1"."""
    taken = set(names)
    distinct: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in distinct or (number and candidate in taken):
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct


def _unusable_id(value: object) -> tuple[Reason, str] | None:
    if value is None:
        return Reason.INVALID_RECORD, "the id field is absent or null"
    if not isinstance(value, str):
        return Reason.WRONG_TYPE, f"the id field holds {type(value).__name__}, not a string or an integer"
    why = unusable_text(value)
    return why and (why[0], f"the id field: {why[1]}")


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value

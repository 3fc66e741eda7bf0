"""A document on its way through a run, and what becomes of one that cannot be scored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a document is quarantined. The value is what records and reports say."""

    INVALID_UTF8 = "invalid-utf8"
    INVALID_RECORD = "invalid-record"  # a line that is not JSON, a CSV row with too many or too few fields
    MISSING_TEXT = "missing-text"  # the text field is absent or null
    WRONG_TYPE = "wrong-type"  # the text field is not a string
    LONE_SURROGATE = "lone-surrogate"  # half of a UTF-16 pair: no valid text
    NUL = "nul-character"
    TOO_LONG = "too-long"  # more characters than the pipeline accepts
    COMPONENT_ERROR = "component-error"
    WORKER_KILLED = "worker-killed"  # it ends the process: out of memory, a crash in native code
    UNLISTED_LABEL = "unlisted-label"  # a category that the bundle does not list


@dataclass(frozen=True, slots=True)
class Document:
    """A text to score.

    `position` is where it starts in its input: a byte offset in text, JSONL and CSV, a row
    or document number elsewhere. `metadata` is a JSON object of the other fields, None
    where there are none; `fields` says which those are and of which type, without any value.
    """

    id: str
    text: str
    metadata: str | None
    position: int
    fields: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that could not be read or scored.

    `detail` never holds any of the document's text.
    """

    id: str
    position: int
    reason: Reason
    detail: str


def derived_id(input_name: str, position: int, content: bytes) -> str:
    """Return the id of a document that brings none: 16 hexadecimal digits of a hash.

    The same content at the same position of an input of the same name always gets the same id.
    """
    head = f"{input_name}\0{position}\0".encode("utf-8", "surrogatepass")
    return hashlib.sha256(head + content).hexdigest()[:16]


def unusable_text(value: object) -> tuple[Reason, str] | None:
    """Say why a value cannot be a document's text, or return None where it can."""
    if value is None:
        return Reason.MISSING_TEXT, "the text field is absent or null"
    if not isinstance(value, str):
        return Reason.WRONG_TYPE, f"the text field holds {type(value).__name__}, not a string"
    if "\0" in value:
        return Reason.NUL, f"a NUL character at character {value.index(chr(0))}"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return Reason.LONE_SURROGATE, f"a lone surrogate at character {error.start}"
    return None

"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from nimbus_runtime.contract.documents import Document, Reason, Rejected
from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Fields, InputFile, Slice
from nimbus_runtime.readers.intake import Intake
from nimbus_runtime.readers.lines import LONGEST, TOO_LONG, crowded, even_slices, lines_of, too_many, without_end
from nimbus_runtime.readers.opening import GLANCE
from nimbus_runtime.readers.schema import expect_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES: tuple[str, ...] = (".jsonl", ".ndjson")

_SAMPLE = 100  # lines that show which fields there are
# NaN and the infinities are no JSON, but Python's own encoder writes them: they are read as null.
_decode = json.JSONDecoder(parse_constant=lambda _: None).decode


def check_schema(file: InputFile, fields: Fields) -> None:
    """Look for the fields in the objects among the first lines that are not blank, until all are found."""
    every_line = lines_of(file, Slice(0, file.size), GLANCE)
    wanted = {fields.text, fields.id or fields.text}
    names: dict[str, None] | None = None
    first, count = b"", 0
    for _, line in islice((numbered for numbered in every_line if numbered[1].strip()), _SAMPLE):
        first, count = first or line, count + 1
        record = _parse(line)
        if isinstance(record, dict):
            names = (names or {}) | dict.fromkeys(record)
            if wanted <= names.keys():
                return
    if names is not None:
        expect_fields(file, fields, names)
    elif count:
        raise _not_jsonl(file, first, count)


def split(file: InputFile, target: int) -> list[Slice]:
    """Return byte ranges."""
    return even_slices(file, target)


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:
    """Yield a document a line that is not blank, all other fields in its metadata."""
    intake = Intake(file.name, brings_ids=fields.id is not None)
    for offset, line in lines_of(file, part):
        outcome = _take(intake, fields, offset, line)
        if outcome is not None:
            yield outcome


def _take(intake: Intake, fields: Fields, offset: int, line: bytes) -> Document | Rejected | None:
    content = without_end(line)
    if len(line) > LONGEST:
        return intake.reject(offset, content, TOO_LONG)
    record = _parse(content)
    if not isinstance(record, dict):
        return intake.reject(offset, content, record) if content.strip() else None
    text = record.pop(fields.text, None)
    if fields.id is None:
        given_id = None
    else:
        given_id = text if fields.id == fields.text else record.pop(fields.id, None)
    try:
        return intake.admit(offset, content, text, given_id, record)
    except RecursionError:
        return intake.reject(offset, content, _TOO_DEEP)


_TOO_DEEP = (Reason.INVALID_RECORD, "JSON that is nested too deeply")
_TOO_MANY = too_many("commas and opening brackets")
_TOO_LARGE = (Reason.INVALID_RECORD, "JSON that takes more memory than there is")


def _parse(content: bytes) -> dict[str, object] | tuple[Reason, str]:
    """Return the object of a line, or why it holds none."""
    if crowded(content, b",", b"[", b"{"):
        return _TOO_MANY
    try:
        value = _decode(content.decode())
    except UnicodeDecodeError as error:
        return Reason.INVALID_UTF8, f"invalid UTF-8 at byte {error.start} of the line"
    except json.JSONDecodeError as error:
        return Reason.INVALID_RECORD, f"not JSON: {error.msg} (column {error.pos + 1})"
    except ValueError:
        return Reason.INVALID_RECORD, "JSON with a number of too many digits"
    except (RecursionError, MemoryError) as error:
        return _TOO_DEEP if isinstance(error, RecursionError) else _TOO_LARGE
    return value if isinstance(value, dict) else _no_object(value)


def _no_object(value: object) -> tuple[Reason, str]:
    return Reason.INVALID_RECORD, f"a JSON value of type {type(value).__name__}, not an object"


def _not_jsonl(file: InputFile, first: bytes, count: int) -> InputSchemaError:
    remedy = "Write one JSON object a line, or name the format that the file has."
    if first.lstrip().startswith(b"["):
        remedy = "It may be one JSON array: write each of its items on a line of its own."
    elif first.startswith((b"\xff\xfe", b"\xfe\xff")):
        remedy = "It begins like UTF-16: convert it to UTF-8."
    return InputSchemaError(
        f"{file.name} does not look like JSON Lines",
        where=file.key,
        got=f"no object in the first {count} lines" if count > 1 else "no object in the first line",
        expected="a JSON object on each line",
        remedy=remedy,
    )

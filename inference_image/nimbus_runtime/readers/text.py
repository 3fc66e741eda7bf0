"""Plain text: every line is a document, an empty one too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime.contract.documents import Document, Reason, Rejected
from nimbus_runtime.contract.inputs import Fields, InputFile, Slice
from nimbus_runtime.readers.intake import Intake
from nimbus_runtime.readers.lines import LONGEST, TOO_LONG, even_slices, lines_of, without_end
from nimbus_runtime.readers.opening import GLANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES: tuple[str, ...] = (".txt", ".text")


def check_schema(file: InputFile, fields: Fields) -> None:  # noqa: ARG001 (text has no fields)
    """Read the first line: there is no schema, but compression may be broken from the start."""
    next(lines_of(file, Slice(0, file.size), GLANCE), None)


def split(file: InputFile, target: int) -> list[Slice]:
    """Return byte ranges."""
    return even_slices(file, target)


def read(file: InputFile, part: Slice, fields: Fields) -> Iterator[Document | Rejected]:  # noqa: ARG001 (text has no fields)
    """Yield a document a line. A newline at the end of the file begins no further one."""
    intake = Intake(file.name)
    for offset, line in lines_of(file, part):
        content = without_end(line)
        if len(line) > LONGEST:
            yield intake.reject(offset, content, TOO_LONG)
            continue
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            why = Reason.INVALID_UTF8, f"invalid UTF-8 at byte {error.start} of the line"
            yield intake.reject(offset, content, why)
            continue
        yield intake.admit(offset, content, text, None, {})

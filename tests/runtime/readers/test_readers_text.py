"""Plain text: a line a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.readers import check_schema

if TYPE_CHECKING:
    from conftest import ReadAll, Write


def test_an_empty_line_is_an_empty_document(write: Write, read_all: ReadAll) -> None:
    """A final newline ends the last line and begins no further one."""
    items = read_all(write("a.txt", b"\xef\xbb\xbfa\r\n\nb\x0bc\r\r\n"))
    assert [(item.text, item.position) for item in items if isinstance(item, Document)] == [
        ("a", 3),
        ("", 6),
        ("b\x0bc\r", 7),
    ]
    assert items[1].id == derived_id("a.txt", 6, b"")


def test_bad_lines_are_rejected_beside_their_neighbours(write: Write, read_all: ReadAll) -> None:
    """Broken UTF-8 names the byte of the line."""
    items = read_all(write("a.txt", b"a\nbc\xe2\x82\nd\0\ne"))
    bad = [item for item in items if isinstance(item, Rejected)]
    assert [item.reason for item in bad] == [Reason.INVALID_UTF8, Reason.NUL]
    assert "byte 2 of the line" in bad[0].detail
    assert [item.text for item in items if isinstance(item, Document)] == ["a", "e"]


def test_text_has_no_schema(write: Write) -> None:
    """Whatever fields are asked for, any file passes."""
    check_schema(write("a.txt", b"\xff\xfe"), Fields("body", "key"))

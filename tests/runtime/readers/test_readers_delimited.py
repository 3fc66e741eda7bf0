"""CSV: rows of any length and shape, and what is wrong with some."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id
from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.readers import check_schema

if TYPE_CHECKING:
    from conftest import ReadAll, Write


def test_other_columns_are_strings_and_offsets_are_bytes(write: Write, read_all: ReadAll) -> None:
    """Nothing is guessed of a column's type, and a BOM belongs to no column."""
    content = b'\xef\xbb\xbftext,n\r\n"a\r\nb",1\r\n\r\n\xc3\xa9,\r\n'
    items = read_all(write("a.csv", content))
    assert items == [
        Document(derived_id("a.csv", 11, b'"a\r\nb",1'), "a\r\nb", '{"n":"1"}', 11),
        Document(derived_id("a.csv", 23, b"\xc3\xa9,"), "é", '{"n":""}', 23),
    ]


def test_a_tab_separates_only_in_tsv(write: Write, read_all: ReadAll) -> None:
    """The delimiter follows from the suffix and is never guessed."""
    (tabs,) = read_all(write("a.tsv", b"text\tn\na,b\t1\n"))
    (commas,) = read_all(write("a.csv", b"text,n\na\tb,1\n"))
    assert isinstance(tabs, Document)
    assert isinstance(commas, Document)
    assert (tabs.text, commas.text) == ("a,b", "a\tb")


def test_ids_come_from_their_column(write: Write, read_all: ReadAll) -> None:
    """An id column is no metadata."""
    (item,) = read_all(write("a.csv", b"key,text\n007,a\n"), Fields(id="key"))
    assert item == Document("007", "a", None, 9)


def test_long_fields_are_read(write: Write, read_all: ReadAll) -> None:
    """Python's own limit of 128 KiB a field does not apply."""
    (item,) = read_all(write("a.csv", b'text\n"' + b"x\n" * 200_000 + b'"\n'))
    assert isinstance(item, Document)
    assert len(item.text) == 400_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"hunter2", Reason.INVALID_RECORD),
        (b"hunter2,2,3", Reason.INVALID_RECORD),
        (b'"hunter2"x,1', Reason.INVALID_RECORD),
        (b"hunter2\rx,1", Reason.INVALID_RECORD),
        (b"hunter2\xff,1", Reason.INVALID_UTF8),
        (b"hunter2\0,1", Reason.NUL),
    ],
)
def test_a_bad_row_is_rejected_alone(row: bytes, reason: Reason, write: Write, read_all: ReadAll) -> None:
    """Its neighbours are read, and its content is not told."""
    before, bad, after = read_all(write("a.csv", b"text,n\ngood,1\n" + row + b'\n"go\nod",1\n'))
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert after.text == "go\nod"
    assert isinstance(bad, Rejected)
    assert (bad.reason, bad.position, bad.id) == (reason, 14, derived_id("a.csv", 14, row))
    assert "hunter2" not in bad.detail


def test_a_quote_inside_a_field_is_a_character(write: Write, read_all: ReadAll) -> None:
    """Only where a field begins does a quote open one, so that inches swallow no lines."""
    items = read_all(write("a.csv", b'n,text\n1,5" pipe\n2,next\n'))
    assert [item.text for item in items if isinstance(item, Document)] == ['5" pipe', "next"]


@pytest.mark.parametrize("target", [1, 10, 1000])
def test_a_quote_that_never_closes_costs_one_line(target: int, write: Write, read_all: ReadAll) -> None:
    """The rows behind it are read, in slices of any size."""
    items = read_all(write("a.csv", b'n,text\n1,"open\n2,b\n3,c\n'), target=target)
    assert isinstance(items[0], Rejected)
    assert items[0].reason is Reason.INVALID_RECORD
    assert [item.text for item in items if isinstance(item, Document)] == ["b", "c"]


def test_columns_of_one_name_are_told_apart(write: Write, read_all: ReadAll) -> None:
    """No column is lost to another of the same name."""
    (item,) = read_all(write("a.csv", b"a,text,a,a_1\n1,t,2,3\n"))
    assert isinstance(item, Document)
    assert json.loads(item.metadata or "") == {"a": "1", "a_2": "2", "a_1": "3"}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"body,lang\n", "no field 'text'"),
        (b"text,text\n", "2 columns named 'text'"),
        (b"text\xff\n", "no readable header"),
        (b'text,"n\n', "no readable header"),
    ],
)
def test_an_unusable_header_is_refused(header: bytes, words: str, write: Write) -> None:
    """Before any work starts, with what was found."""
    with pytest.raises(InputSchemaError, match=words) as caught:
        check_schema(write("a.csv", header + b"a,b\n"), Fields())
    assert caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"\n\r\n", b"\xef\xbb\xbf", b"text\n", b"text"])
def test_a_file_without_rows_is_fine(content: bytes, write: Write, read_all: ReadAll) -> None:
    """With or without a header it has no documents."""
    file = write("a.csv", content)
    check_schema(file, Fields())
    assert read_all(file) == []


@pytest.mark.parametrize(
    ("name", "header", "words"),
    [
        ("a.csv", b"id;text;lang", "semicolons, not by commas"),
        ("a.csv", b'"id";"the text"', "semicolons, not by commas"),
        ("a.csv", b"id\ttext", "tabs, not by commas"),
        ("a.csv.gz", b"id|text", "bars, not by commas"),
        ("a.tsv", b"id,text", "commas, not by tabs"),
    ],
)
def test_another_separator_is_told_by_the_header(name: str, header: bytes, words: str, write: Write) -> None:
    """It says what to do, and nothing that may be somebody's words."""
    content = header + b"\n1\n"
    with pytest.raises(InputSchemaError, match=words) as caught:
        check_schema(write(name, gzip.compress(content) if name.endswith(".gz") else content), Fields())
    assert "Write the file again" in str(caught.value)
    assert ("name it .tsv" in str(caught.value)) == (b"\t" in header)


def test_a_file_without_a_header_keeps_its_text_to_itself(write: Write) -> None:
    """What stands where names should be may be a document: only what looks like a name is shown."""
    with pytest.raises(InputSchemaError) as caught:
        check_schema(write("b.csv", b"1,hunter2 is the password of the whole account\n"), Fields())
    assert caught.value.got == "2 fields, of names that may be text: is there a header?"
    for row in (b"Anna Schmidt,anna@example.org,4111 1111 1111 1111\n", b"Anna Miller,terrible late service,Berlin\n"):
        with pytest.raises(InputSchemaError) as caught:
            check_schema(write("c.csv", row), Fields())
        said = f"{caught.value.got}{caught.value.remedy}"
        assert not [word for word in ("Anna", "4111", "late", "Berlin") if word in said]
    with pytest.raises(InputSchemaError) as caught:
        check_schema(write("d.csv", b"Body,order-id,country_code,line2\n"), Fields())
    assert caught.value.got == "fields 'Body', 'order-id', 'country_code', 'line2'"

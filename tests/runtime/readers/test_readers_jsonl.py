"""JSON Lines: what becomes a document, and what is rejected beside its neighbours."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id
from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.readers import check_schema

if TYPE_CHECKING:
    from conftest import ReadAll, Write

GOOD = b'{"text": "good"}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "hunter2\xff"}', Reason.INVALID_UTF8),
        (b'{"text": "hunter2"', Reason.INVALID_RECORD),
        (b'["hunter2"]', Reason.INVALID_RECORD),
        (b'{"text": "hunter2"} {"text": 1}', Reason.INVALID_RECORD),
        (b'{"hunter2": ' + b"9" * 5000 + b"}", Reason.INVALID_RECORD),
        (b"[" * 200_000, Reason.INVALID_RECORD),
        (b'{"hunter2": 1}', Reason.MISSING_TEXT),
        (b'{"text": null}', Reason.MISSING_TEXT),
        (b'{"text": NaN}', Reason.MISSING_TEXT),
        (b'{"text": ["hunter2"]}', Reason.WRONG_TYPE),
        (b'{"text": "hunter2\\u0000"}', Reason.NUL),
        (b'{"text": "hunter2\\ud800"}', Reason.LONE_SURROGATE),
    ],
)
def test_a_bad_line_is_rejected_alone(line: bytes, reason: Reason, write: Write, read_all: ReadAll) -> None:
    """Its neighbours are read, its place and reason are told, its content is not."""
    file = write("a.jsonl", GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    before, bad, after = read_all(file)
    assert isinstance(before, Document)
    assert isinstance(after, Document)
    assert isinstance(bad, Rejected)
    assert (bad.reason, bad.position) == (reason, len(GOOD) + 1)
    assert bad.id == derived_id("a.jsonl", bad.position, line)
    assert "hunter2" not in bad.detail


def test_blank_lines_are_skipped_and_line_ends_stripped(write: Write, read_all: ReadAll) -> None:
    r"""Neither \r\n nor a missing last newline changes a document's id."""
    file = write("a.jsonl", b"\xef\xbb\xbf\r\n  \n" + GOOD + b"\r\n\n" + GOOD)
    items = read_all(file)
    assert [item.position for item in items] == [8, 8 + len(GOOD) + 3]
    assert [item.id for item in items] == [derived_id("a.jsonl", item.position, GOOD) for item in items]


def test_only_a_newline_ends_a_line(write: Write, read_all: ReadAll) -> None:
    """Characters that Python calls line ends are text."""
    text = "a\x85b\u2028c\u2029d"
    content = json.dumps({"text": text}, ensure_ascii=False).encode()
    (item,) = read_all(write("a.jsonl", content))
    assert isinstance(item, Document)
    assert item.text == text


@pytest.mark.parametrize(
    ("record", "metadata"),
    [
        ('{"text": "a"}', None),
        ('{"z": 1, "text": "a", "b": {"c": [true, null]}}', '{"z":1,"b":{"c":[true,null]}}'),
        ('{"text": "a", "id": 7}', '{"id":7}'),
        ('{"text": "a", "n": NaN, "i": [-Infinity, 1e999]}', '{"n":null,"i":[null,null]}'),
        ('{"text": "a", "k": "é"}', '{"k":"é"}'),
        ('{"text": "a", "k": "é\\ud800"}', '{"k":"\\u00e9\\ud800"}'),
    ],
)
def test_the_other_fields_are_metadata(record: str, metadata: str | None, write: Write, read_all: ReadAll) -> None:
    """They are compact JSON in the order of the input, and valid whatever they were."""
    (item,) = read_all(write("a.jsonl", record.encode()))
    assert isinstance(item, Document)
    assert item.metadata == metadata
    if metadata is not None:
        json.loads(metadata.encode(), parse_constant=pytest.fail)


@pytest.mark.parametrize(("value", "expected"), [('"a b"', "a b"), ("12", "12"), ("-3", "-3"), ('""', "")])
def test_an_id_is_taken_from_its_field(value: str, expected: str, write: Write, read_all: ReadAll) -> None:
    """Strings stay as they are, integers become decimal, and neither is metadata too."""
    (item,) = read_all(write("a.jsonl", f'{{"text": "a", "key": {value}}}'.encode()), Fields(id="key"))
    assert isinstance(item, Document)
    assert (item.id, item.metadata) == (expected, None)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ('"key": true', Reason.WRONG_TYPE),
        ('"key": 1.0', Reason.WRONG_TYPE),
        ('"key": [1]', Reason.WRONG_TYPE),
        ('"key": null', Reason.INVALID_RECORD),
        ('"other": 1', Reason.INVALID_RECORD),
        ('"key": "a\\u0000"', Reason.NUL),
        ('"key": "\\udc00"', Reason.LONE_SURROGATE),
    ],
)
def test_an_unusable_id_is_rejected(field: str, reason: Reason, write: Write, read_all: ReadAll) -> None:
    """A document whose id cannot be written is quarantined under a derived one."""
    line = f'{{"text": "a", {field}}}'.encode()
    (item,) = read_all(write("a.jsonl", line), Fields(id="key"))
    assert isinstance(item, Rejected)
    assert (item.id, item.reason) == (derived_id("a.jsonl", 0, line), reason)


def test_a_bad_text_is_rejected_under_its_own_id(write: Write, read_all: ReadAll) -> None:
    """Who finds it in quarantine can find it in the source."""
    (item,) = read_all(write("a.jsonl", b'{"text": null, "key": "k1"}'), Fields(id="key"))
    assert isinstance(item, Rejected)
    assert item.id == "k1"


def test_a_line_too_long_for_memory_is_rejected(write: Write, read_all: ReadAll) -> None:
    """It is never held whole, and the next line is read."""
    file = write("a.jsonl", b'{"text": "' + b"x" * (65 << 20) + b'"}\n' + GOOD)
    long, good = read_all(file)
    assert isinstance(long, Rejected)
    assert long.reason is Reason.TOO_LONG
    assert isinstance(good, Document)
    assert good.position == file.size - len(GOOD)


@pytest.mark.parametrize(
    ("name", "record", "marks"),
    [
        ("a.jsonl", b'{"text": "x", "m": [%b0]}', "commas and opening brackets"),
        ("b.jsonl", b'{"text": "%b"}', "commas and opening brackets"),
        ("a.csv", b"%bx", "commas"),
    ],
)
def test_a_record_of_more_values_than_memory_holds_is_not_parsed(
    name: str, record: bytes, marks: str, write: Write, read_all: ReadAll
) -> None:
    """Some megabytes of brackets and commas would take gigabytes; such a record ends no worker.

    What is counted is said: it may stand in a text.
    """
    head = b"text\n" if name.endswith(".csv") else b""
    many = record % (b"0," * 2_000_001)
    tracemalloc.start()
    (found,) = read_all(write(name, head + many + b"\n"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, Rejected)
    assert (found.reason, found.position) == (Reason.INVALID_RECORD, len(head))
    assert found.detail == f"a record with more than 2,000,000 {marks}, those within its texts included"
    assert peak < 10 * len(many)


def test_a_missing_text_field_is_refused_with_the_nearest_name(write: Write) -> None:
    """The message lists what is there."""
    file = write("a.jsonl", b'not json\n{"Texts": 1, "lang": 2}\n')
    with pytest.raises(InputSchemaError) as caught:
        check_schema(file, Fields())
    assert "'Texts', 'lang'" in (caught.value.got or "")
    assert "'Texts'" in (caught.value.remedy or "")


def test_a_name_that_may_be_text_hides_no_other(write: Write) -> None:
    """The others are listed, and the nearest of them is offered."""
    file = write("a.jsonl", '{"Texts": 1, "Preis (€)": 2, "lang": 3}\n'.encode())
    with pytest.raises(InputSchemaError) as caught:
        check_schema(file, Fields())
    assert caught.value.got == "fields 'Texts', 'lang' and 1 more"
    assert "'Texts'" in caught.value.remedy
    with pytest.raises(InputSchemaError) as caught:
        check_schema(write("b.jsonl", '{"Preis (€)": 2}\n'.encode()), Fields())
    assert caught.value.got == "1 field, of names that may be text"


def test_a_field_may_be_missing_in_some_lines(write: Write) -> None:
    """One record that has it is enough, for the text and for the id."""
    file = write("a.jsonl", b'\n{"a": 1}\n{"text": 1}\n{"key": 1}\n')
    check_schema(file, Fields(id="key"))
    with pytest.raises(InputSchemaError, match="'nr' for the id"):
        check_schema(file, Fields(id="nr"))


def test_only_the_first_hundred_lines_are_looked_at(write: Write) -> None:
    """A field that first comes later does not count."""
    with pytest.raises(InputSchemaError):
        check_schema(write("a.jsonl", b"{}\n" * 100 + GOOD), Fields())


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"hello\nworld\n", "one JSON object a line"),
        (b'[\n{"text": "a"},\n', "array"),
        ("{}".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_does_not_look_like_jsonl_is_refused(content: bytes, hint: str, write: Write) -> None:
    """The remedy fits the likely cause."""
    if hint == "array":
        content = content.replace(b"\n{", b" {")
    with pytest.raises(InputSchemaError, match="does not look like") as caught:
        check_schema(write("a.jsonl", content), Fields())
    assert hint in (caught.value.remedy or "")


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing_but_blank_lines_is_fine(content: bytes, write: Write, read_all: ReadAll) -> None:
    """A file without documents is no failure."""
    file = write("a.jsonl", content)
    check_schema(file, Fields())
    assert read_all(file) == []

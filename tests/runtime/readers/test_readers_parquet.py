"""Parquet: typed columns as JSON, and strings that are none."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime.contract.documents import Document, Reason, Rejected, derived_id
from nimbus_runtime.contract.errors import InputSchemaError, InputUnreadableError
from nimbus_runtime.contract.inputs import Fields, Slice
from nimbus_runtime.readers import check_schema, read, split

if TYPE_CHECKING:
    from conftest import ReadAll, Write


def packed(table: pa.Table, rows: int = 1000) -> bytes:
    """Return a table as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=rows)
    return bytes(sink.getvalue())


NESTED = pa.struct([("at", pa.list_(pa.timestamp("ns", "Europe/Berlin"))), ("m", pa.map_(pa.int8(), pa.string()))])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.int64(), 2**62, 2**62),
        (pa.float32(), 0.5, 0.5),
        (pa.float64(), float("nan"), None),
        (pa.float64(), float("-inf"), None),
        (pa.bool_(), True, True),
        (pa.string(), "é", "é"),
        (pa.null(), None, None),
        (pa.date32(), 0, "1970-01-01"),
        (pa.date32(), 2**31 - 1, "+5881580-07-11"),
        (pa.date32(), -719529, "-000001-12-31"),
        (pa.time32("s"), 3661, "01:01:01"),
        (pa.time64("ns"), 1, "00:00:00.000000001"),
        (pa.timestamp("ms"), -1, "1969-12-31T23:59:59.999"),
        (pa.timestamp("ns", "Europe/Berlin"), 1, "1970-01-01T00:00:00.000000001+00:00"),
        (pa.timestamp("s"), datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00"),
        (pa.duration("ms"), -1500, "-PT1.500S"),
        (pa.decimal128(38, 10), Decimal("1E-10"), "0.0000000001"),
        (pa.binary(), b"\xff\x00", "/wA="),
        (pa.dictionary(pa.int8(), pa.string()), "a", "a"),
        (pa.list_(pa.float64()), [1.0, None, float("nan")], [1.0, None, None]),
        (NESTED, {"at": [0], "m": [(1, "a")]}, {"at": ["1970-01-01T00:00:00+00:00"], "m": {"1": "a"}}),
        (NESTED, None, None),
    ],
)
def test_other_columns_are_json(
    kind: pa.DataType, value: object, expected: object, write: Write, read_all: ReadAll
) -> None:
    """Every type has one way to be written, which no machine's settings change."""
    table = pa.table({"text": ["a"], "x": pa.array([value], kind)})
    (item,) = read_all(write("a.parquet", packed(table)))
    assert isinstance(item, Document)
    assert json.loads(item.metadata or "", parse_constant=pytest.fail) == {"x": expected}


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
)
def test_any_kind_of_string_is_text(kind: pa.DataType, write: Write, read_all: ReadAll) -> None:
    """Null is a missing text, and its neighbours are read."""
    file = write("a.pq", packed(pa.table({"text": pa.array(["a", None, "b"], kind)})))
    check_schema(file, Fields())
    first, missing, last = read_all(file)
    assert first == Document(derived_id("a.pq", 0, b"a"), "a", None, 0)
    assert last == Document(derived_id("a.pq", 2, b"b"), "b", None, 2)
    assert isinstance(missing, Rejected)
    assert (missing.reason, missing.id) == (Reason.MISSING_TEXT, derived_id("a.pq", 1, b""))


def test_a_string_that_is_no_utf8_is_rejected_alone(write: Write, read_all: ReadAll) -> None:
    """Parquet does not promise what its type says; neither in the text nor beside it."""
    broken = pa.array([b"a", b"b\xff", b"c", b"d"], pa.binary()).view(pa.string())
    nested = pa.array([[b"a"], [b"b"], [b"c\xff"], [b"d"]], pa.list_(pa.binary()))
    inner = pa.ListArray.from_arrays(nested.offsets, nested.values.view(pa.string()))
    items = read_all(write("a.parquet", packed(pa.table({"text": broken, "x": inner}))))
    bad = [item for item in items if isinstance(item, Rejected)]
    assert [(item.position, item.reason) for item in bad] == [
        (1, Reason.INVALID_UTF8),
        (2, Reason.INVALID_UTF8),
    ]
    assert bad[0].id == derived_id("a.parquet", 1, b"b\xff")
    assert [item.text for item in items if isinstance(item, Document)] == ["a", "d"]


def test_ids_may_be_integers(write: Write, read_all: ReadAll) -> None:
    """They become decimal, as in JSON; null is rejected."""
    table = pa.table({"text": ["a", "b"], "key": pa.array([2**63, None], pa.uint64())})
    file = write("a.parquet", packed(table))
    check_schema(file, Fields(id="key"))
    good, bad = read_all(file, Fields(id="key"))
    assert good == Document(str(2**63), "a", None, 0)
    assert isinstance(bad, Rejected)
    assert bad.reason is Reason.INVALID_RECORD


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"text": pa.array([1])}, "int64"),
        ({"text": pa.array([b"a"])}, "binary"),
        ({"body": pa.array(["a"])}, "'body'"),
        ({"text": pa.array(["a"]), "key": pa.array([1.5])}, "double"),
    ],
)
def test_unusable_columns_are_refused(columns: dict[str, pa.Array], words: str, write: Write) -> None:
    """The message names the column's type, or the columns there are."""
    with pytest.raises(InputSchemaError, match=words):
        check_schema(write("a.parquet", packed(pa.table(columns))), Fields(id="key" if "key" in columns else None))


def test_row_groups_are_grouped_by_the_size_of_their_strings(write: Write) -> None:
    """A column of large numbers next to the text does not make slices smaller."""
    texts = [f"{number:0100}" for number in range(40)]
    vectors = pa.array([[float(number)] * 100 for number in range(40)], pa.list_(pa.float64()))
    file = write("a.parquet", packed(pa.table({"text": texts, "v": vectors}), rows=5))
    assert split(file, 1) == [Slice(number, number + 1) for number in range(8)]
    assert split(file, 1600) == [Slice(0, 2), Slice(2, 4), Slice(4, 6), Slice(6, 8)]
    assert [item.position for item in read(file, Slice(3, 4), Fields())] == list(range(15, 20))


def test_fewer_large_rows_are_held_at_once(write: Write) -> None:
    """What is read ahead is bounded by bytes as well as by rows."""
    rows = [{"text": f"{number}", "image": f"{number}" + "x" * (2 << 20)} for number in range(70)]
    file = write("a.parquet", packed(pa.Table.from_pylist(rows)))
    tracemalloc.start()
    found = [item.position for item in read(file, Slice(0, 1), Fields())]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == list(range(70))
    assert peak < 100 << 20  # of 140 MiB


def test_a_table_without_rows_has_no_slices(write: Write) -> None:
    """It is fine all the same."""
    file = write("a.parquet", packed(pa.table({"text": pa.array([], pa.string())})))
    check_schema(file, Fields())
    assert split(file, 10) == []


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_broken_table_is_unreadable(keep: float, write: Write) -> None:
    """A file that breaks off has lost its footer."""
    content = packed(pa.table({"text": ["a"] * 100}))
    file = write("a.parquet", content[: int(len(content) * keep)])
    with pytest.raises(InputUnreadableError, match=r"a\.parquet") as caught:
        check_schema(file, Fields())
    assert caught.value.expected == "a Parquet file"


def test_a_damaged_page_is_unreadable(write: Write, read_all: ReadAll) -> None:
    """Damage that only reading finds is named like any other."""
    content = packed(pa.table({"text": [f"{number:050}" for number in range(1000)]}))
    file = write("a.parquet", content[:100] + b"\xff" * 400 + content[500:])
    with pytest.raises(InputUnreadableError):
        read_all(file)

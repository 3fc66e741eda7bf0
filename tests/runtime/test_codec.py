"""Rules of records as bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimbus_runtime.contract import codec
from nimbus_runtime.contract.errors import RecordInvalidError
from nimbus_runtime.contract.records import Commit, Counts, DataFile, Live, Plan, Release, Run

TEXT = st.text(st.characters(), max_size=8)  # half surrogate pairs among them, as in paths that are not UTF-8
st.register_type_strategy(str, TEXT)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


@pytest.mark.parametrize("cls", [Plan, Commit, Run, Live, Release])
@given(data=st.data())
def test_a_record_survives_its_bytes(cls: type, data: st.DataObject) -> None:
    """Reading what was written gives the record again, and writing that gives the same bytes."""
    record = data.draw(st.from_type(cls))
    written = codec.encode(record)
    assert codec.decode(cls, written, "here") == record
    assert codec.encode(codec.decode(cls, written, "here")) == written


@pytest.mark.parametrize("name", ["shard", "rows", "counts", "quarantine"])
def test_a_field_is_read_alone_as_with_all_others(name: str) -> None:
    """As strictly too: where it is damaged or missing, it is named."""
    written = codec.encode(COMMIT)
    assert codec.decode_field(Commit, name, written, "here") == getattr(COMMIT, name)
    others = {key: value for key, value in json.loads(written).items() if key != name}
    for damaged in (others, {**others, name: [1]}):
        with pytest.raises(RecordInvalidError):
            codec.decode_field(Commit, name, json.dumps(damaged).encode(), "here")
    with pytest.raises(RecordInvalidError, match="schema version"):
        codec.decode_field(Plan, "execution", written.replace(b'"schema_version":1', b'"schema_version":99'), "here")


FILE = DataFile("a.parquet", 1, 2)
COMMIT = Commit(0, "r", "a", FILE, None, FILE, Counts(reasons={"nul-character": 1}), 0.5)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shard": "0"}, "record.shard"),
        ({"shard": True}, "record.shard"),
        ({"seconds": None}, "record.seconds"),
        ({"seconds": 10**400}, "record.seconds"),
        ({"rows": {"file": "a", "rows": 1}}, "record.rows"),
        ({"rows": {"file": "a", "rows": 1, "size": 1.5}}, "record.rows.size"),
        ({"counts": {"reasons": {"nul-character": "1"}}}, "record.counts.reasons.nul-character"),
        ({"counts": []}, "record.counts"),
    ],
)
def test_a_damaged_record_names_the_field(change: dict[str, object], field: str) -> None:
    """Whoever must mend it knows where to look."""
    damaged = json.dumps({**json.loads(codec.encode(COMMIT)), **change}).encode()
    with pytest.raises(RecordInvalidError) as refusal:
        codec.decode(Commit, damaged, "record")
    assert refusal.value.where == field


@pytest.mark.parametrize("field", ["shard", "rows", "counts", "seconds"])
def test_a_missing_field_is_named(field: str) -> None:
    """Only fields with a default may be left out."""
    plain = json.loads(codec.encode(COMMIT))
    del plain[field]
    with pytest.raises(RecordInvalidError, match=f"a field '{field}'"):
        codec.decode(Commit, json.dumps(plain).encode(), "record")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_is_a_damaged_record(data: bytes) -> None:
    """Whatever the bytes are, the failure has words."""
    with pytest.raises(RecordInvalidError):
        codec.decode(Commit, data, "record")


@pytest.mark.parametrize("data", [b"[]", b"null", b'{"schema_version": 2}', b"{}"])
def test_a_foreign_schema_is_refused_before_anything_else(data: bytes) -> None:
    """A newer version's record is not half understood."""
    with pytest.raises(RecordInvalidError, match="schema version 1"):
        codec.decode(Commit, data, "record")


def test_bytes_are_canonical() -> None:
    """Sorted keys, no spaces, a final newline: the same record has the same hash anywhere."""
    assert codec.encode(FILE) == b'{"file":"a.parquet","rows":1,"size":2}\n'

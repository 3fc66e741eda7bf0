"""Turns Arrow columns into values that JSON has.

Python's own date and time types are avoided: they end at microseconds and need a time zone
database, and an instant must be written the same on any machine.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A string value that is not valid UTF-8 from byte `at` on."""

    content: bytes
    at: int


def column_values(column: pa.Array) -> list[object]:
    """Return the values of a column as JSON has them.

    Times are ISO 8601, with an instant in UTC; decimals are strings, bytes are base64, structs
    and maps are objects, and what is no finite number is None.
    """
    from pyarrow import types  # noqa: PLC0415 (only for those who have such files)

    kind = column.type
    if types.is_dictionary(kind):
        kind = kind.value_type
    if not (_is_extension(kind) or types.is_nested(kind) or types.is_temporal(kind)):
        try:
            return [_json(value) for value in column.to_pylist()]
        except UnicodeDecodeError:
            pass  # one of them is broken: they are taken one by one
    return [_cell(scalar) for scalar in column]


def _cell(scalar: pa.Scalar) -> object:
    try:
        return _value(scalar)
    except UnicodeDecodeError as error:
        return Undecodable(bytes(error.object), error.start)


def _value(scalar: pa.Scalar) -> object:  # noqa: PLR0911 (one for each kind of type)
    from pyarrow import types  # noqa: PLC0415

    kind = scalar.type
    if not scalar.is_valid:
        return None
    if types.is_dictionary(kind):
        return _value(scalar.value)
    if _is_extension(kind):
        storage = kind.storage_type
        plain = not (types.is_nested(storage) or types.is_temporal(storage))
        return _json(scalar.as_py()) if plain else _value(scalar.value)
    if types.is_map(kind):
        entries = scalar.values
        pairs = zip(entries.field(0), entries.field(1), strict=True)
        return {_key(_value(key)): _value(item) for key, item in pairs}
    if types.is_struct(kind):
        return {kind.field(number).name: _value(scalar[number]) for number in range(kind.num_fields)}
    if types.is_nested(kind):
        return [_value(item) for item in scalar.values]
    if types.is_temporal(kind):
        return _time(kind, scalar.value)
    return _json(scalar.as_py())


def _is_extension(kind: pa.DataType) -> bool:
    return hasattr(kind, "storage_type")


def _key(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _json(value: object) -> object:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _time(kind: pa.DataType, count: int) -> str:
    """Return a count of days or of a fraction of seconds in ISO 8601."""
    from pyarrow import types  # noqa: PLC0415

    if types.is_date32(kind):
        return _date(count)
    if types.is_date64(kind):
        return _date(count // 86_400_000)
    digits = _DIGITS[kind.unit]
    seconds, rest = divmod(abs(count) if types.is_duration(kind) else count, 10**digits)
    fraction = f".{rest:0{digits}}" if rest else ""
    if types.is_duration(kind):
        return f"{'-' if count < 0 else ''}PT{seconds}{fraction}S"
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
    if types.is_time(kind):
        return clock
    return f"{_date(days)}T{clock}{'' if kind.tz is None else '+00:00'}"


def _date(days: int) -> str:
    try:
        return (_EPOCH.date() + timedelta(days=days)).isoformat()
    except OverflowError:  # a year that Python's dates do not have
        cycles, days = divmod(days, 146_097)  # the days of 400 years, after which the calendar repeats
        day: date = _EPOCH.date() + timedelta(days=days)
        year = day.year + 400 * cycles
        return f"{'-' if year < 0 else '+'}{abs(year):06}{day:-%m-%d}"

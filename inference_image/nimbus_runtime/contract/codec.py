"""Records as bytes and back: canonical JSON, read strictly into frozen dataclasses.

The same record always gives the same bytes (sorted keys, no spaces, a final newline), and a
damaged one gives an error that names the field. Nothing but plain JSON values is ever built.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import types
import typing
from enum import Enum
from typing import Any, TypeVar

from nimbus_runtime.contract.errors import RecordInvalidError

Record = TypeVar("Record")


def encode(record: object) -> bytes:
    """Return a record's canonical bytes."""
    return canonical(plain(record))


def canonical(value: object) -> bytes:
    """Return the one JSON text of a plain value that records and digests use."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return (text + "\n").encode()
    except UnicodeEncodeError:  # a path that is not UTF-8 holds half surrogate pairs, which only an escape can say
        return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()


def decode(cls: type[Record], data: bytes, where: str) -> Record:
    """Read a record of class `cls`; `where` names its place in the error."""
    return build(cls, _plain_record(cls, data, where), where)


def decode_field(cls: type, name: str, data: bytes, where: str) -> Any:  # noqa: ANN401 - of the field's own type
    """Read one field of a record: of a large one it takes a fraction of the time."""
    value = _expect(dict, _plain_record(cls, data, where), where)
    if name not in value:
        raise _invalid(where, "nothing", f"a field {name!r}")
    return _read(_hints(cls)[name], value[name], f"{where}.{name}")


def _plain_record(cls: type, data: bytes, where: str) -> object:
    """Return a record's plain values, its schema version known."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _invalid(where, f"not JSON ({type(error).__name__})", f"a {cls.__name__} record") from None
    wanted = getattr(cls, "SCHEMA", None)
    got = value.get("schema_version") if isinstance(value, dict) else type(value).__name__
    if wanted is not None and (got != wanted or isinstance(got, bool)):
        raise RecordInvalidError(
            f"cannot read this {cls.__name__} record",
            where=where,
            got=f"schema version {got}",
            expected=f"schema version {wanted}",
            remedy="use the version of Nimbus that wrote it, or a newer one",
        )
    return value


def build(cls: type[Record], value: object, where: str) -> Record:
    """Return the record that plain values mean, such as those of another record's field."""
    return typing.cast("Record", _read(cls, value, where))


def plain(value: object) -> object:
    """Return a record as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        values = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        schema = getattr(value, "SCHEMA", None)
        return values if schema is None else {"schema_version": schema, **values}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def _read(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401, C901, PLR0911 - one branch a kind of value
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        (kind,) = (a for a in arguments if a is not type(None))
        return _read(kind, value, where)
    if origin is tuple and arguments[-1:] == (Ellipsis,):
        return tuple(_read(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(_expect(list, value, where)))
    if origin is tuple:
        items = _expect(list, value, where)
        if len(items) != len(arguments):
            raise _invalid(where, f"{len(items)} items", f"{len(arguments)} items")
        return tuple(_read(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(arguments, items, strict=True)))
    if origin is dict:
        items = _expect(dict, value, where)
        return {str(k): _read(arguments[1], v, f"{where}.{k}") for k, v in items.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, _expect(dict, value, where), where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(str(member.value) for member in kind)
            raise _invalid(where, repr(value), f"one of {allowed}") from None
    if kind is object:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            return float(value)
    return _expect(kind, value, where)


def _read_dataclass(kind: type, value: dict[str, Any], where: str) -> object:
    hints = _hints(kind)
    known = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            known[field.name] = _read(hints[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise _invalid(where, "nothing", f"a field {field.name!r}")
    return kind(**known)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """Return the types of a dataclass's fields, resolved once: a plan holds them a hundred thousand times."""
    return typing.get_type_hints(kind)


def _expect(kind: type, value: Any, where: str) -> Any:  # noqa: ANN401 - checked here, typed by the caller
    wrong_bool = isinstance(value, bool) and kind is not bool
    if wrong_bool or not isinstance(value, kind):
        raise _invalid(where, type(value).__name__, kind.__name__)
    return value


def _invalid(where: str, got: str, expected: str) -> RecordInvalidError:
    return RecordInvalidError(
        "a record is damaged",
        where=where,
        got=got,
        expected=expected,
        remedy="restore the file from a backup, or remove the run it belongs to and start it again",
    )

"""Plain values into the dataclass of a section: strictly, and with the nearest known key for an unknown one."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from nimbus.config.errors import ConfigInvalidError, ConfigUnknownKeyError
from nimbus.config.keys import Key

Path = tuple[str, ...]
Origin = Callable[[Path], str]
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", dict: "a table", list: "a list"}

_LISTED, _NAMED = 20, 5  # names that an error lists: all where they are so few, else the nearest


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A key of a section: its name, type, meaning, and what it is where it is left out."""

    name: str
    kind: Any
    key: Key
    required: bool
    default: object


def fields(cls: type) -> Iterator[Field]:
    """Yield the keys of a section's class."""
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        kind, key = split(hints[field.name])
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        missing = default is dataclasses.MISSING
        yield Field(field.name, kind, key, missing, None if missing else default)


def split(hint: Any) -> tuple[Any, Key]:  # noqa: ANN401 - any annotation
    """Return an annotation's type and what it says of the key."""
    if typing.get_origin(hint) is typing.Annotated:
        kind, key, *_ = typing.get_args(hint)
        return kind, key
    return hint, Key((hint.__doc__ or "").partition("\n")[0] if isinstance(hint, type) else "")


def optional(kind: Any) -> Any:  # noqa: ANN401 - any type
    """Return what a type is besides None."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        (kind,) = (part for part in typing.get_args(kind) if part is not type(None))
    return kind


def read(cls: type, table: object, path: Path, origin: Origin, beside: Sequence[str] = ()) -> Any:  # noqa: ANN401
    """Return the instance of `cls` that a table means; errors name where a value was given.

    Names that `beside` lists are others' to read.
    """
    known = {field.name: field for field in fields(cls)}
    given = _expect(dict, table, path, origin)
    for name in given:
        if name not in known and name not in beside:
            raise unknown("key", name, (*known, *beside), origin((*path, name)))
    values = {name: value for name, value in given.items() if name in known}
    missing = [field.name for field in known.values() if field.required and field.name not in values]
    if missing:
        raise ConfigInvalidError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            where=origin(path),
            expected=_shown(known[missing[0]]),
            remedy="add it",
        )
    read_values = {
        name: _value(known[name].kind, known[name].key, value, (*path, name), origin) for name, value in values.items()
    }
    try:
        return cls(**read_values)
    except ValueError as error:
        raise ConfigInvalidError(
            f"this section cannot be: {error}", where=origin(path), remedy="change it as this says"
        ) from None


def _shown(field: Field) -> str:
    head = f"[{field.name}]" if dataclasses.is_dataclass(optional(field.kind)) else f"{field.name} = …"
    return f"{head} ({field.key.about.rstrip('.')})"


def unknown(what: str, name: str, known: Iterable[str], where: str) -> ConfigUnknownKeyError:
    """Return the refusal of a name that nothing knows."""
    allowed = tuple(known)
    near = difflib.get_close_matches(name, allowed, n=_NAMED, cutoff=0.5)
    listed = allowed if len(allowed) <= _LISTED else tuple(near) or allowed[:_LISTED]
    return ConfigUnknownKeyError(
        f"there is no {what} {name!r}",
        where=where,
        expected=f"one of {', '.join(listed)}" + (" …" if len(listed) < len(allowed) else ""),
        remedy=f"did you mean {near[0]!r}?" if near else "take it out",
    )


def _value(kind: Any, key: Key, value: Any, path: Path, origin: Origin) -> Any:  # noqa: ANN401 - one branch a kind
    kind = optional(kind)
    parts = typing.get_origin(kind), typing.get_args(kind)
    if parts[0] is tuple:
        items = _expect(list, value, path, origin)
        if key.nonempty and not items:
            raise _wrong("an empty list", "at least one", path, origin)
        return tuple(_value(parts[1][0], key, item, path, origin) for item in items)
    if parts[0] is dict:
        inner, inner_key = split(parts[1][1])
        items = _expect(dict, value, path, origin)
        return {name: _value(inner, inner_key, item, (*path, name), origin) for name, item in items.items()}
    if dataclasses.is_dataclass(kind):
        return read(typing.cast("type", kind), value, path, origin)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, path, origin)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    return _bounded(_expect(kind, value, path, origin), key, path, origin)


def _member(kind: type[Enum], value: object, path: Path, origin: Origin) -> Enum:
    try:
        return kind(value)
    except ValueError:
        allowed = [str(member.value) for member in kind]
        near = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise _wrong(repr(value), f"one of {', '.join(allowed)}{hint}", path, origin) from None


def _bounded(value: Any, key: Key, path: Path, origin: Origin) -> Any:  # noqa: ANN401 - what came in
    least, most = key.least, key.most
    low, high = least is not None and value < least, most is not None and value > most
    if low or high or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN alone differs from itself
        if least is not None and most is not None:
            allowed = f"from {least:g} to {most:g}"
        else:
            allowed = f"at least {least:g}" if least is not None else f"at most {most:g}"
        raise _wrong(repr(value), allowed, path, origin)
    if key.nonempty and isinstance(value, str) and not value.strip():
        raise _wrong(repr(value), "a text that is not empty; leave the key out for its default", path, origin)
    if key.pattern is not None and not re.search(key.pattern, value):
        raise _wrong(repr(value), key.says or key.pattern, path, origin)
    return value


def _expect(kind: type, value: Any, path: Path, origin: Origin) -> Any:  # noqa: ANN401 - checked here
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        got = "a table" if isinstance(value, dict) else repr(value)
        raise _wrong(got, _WORDS.get(kind, kind.__name__), path, origin)
    return value


def _wrong(got: str, expected: str, path: Path, origin: Origin) -> ConfigInvalidError:
    name = path[-1] if path else "the file"
    return ConfigInvalidError(
        f"{name} has a value that it cannot have",
        where=origin(path),
        got=got,
        expected=expected,
        remedy="change it there; `nimbus config schema` says what every key may be",
    )

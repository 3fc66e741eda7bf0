"""Which fields the records of an input have, and of which JSON type: what tells a changed schema.

Names and types only, never a value. A record costs one look into a dictionary: most have a shape that was seen before.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from nimbus_runtime.readers.schema import looks_like_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAMES = 100  # of a slice that are told apart, the first ones
_SHAPES, _WIDE = 1000, 1000  # that are remembered, each of at most so many fields
_OTHERS = "others"  # all fields of a record that are not told apart
_TYPES = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "object",
}
_BLANK = {True: "string", False: "null"}


class Shapes:
    """Says of each record of a slice which fields it has.

    `columns` are those of a table without types, all of them: an empty cell of it is its null, and where one column is
    not called like a column, the first row may be somebody's text, and no name is shown.
    """

    def __init__(self, columns: Iterable[str] | None = None) -> None:
        """Begin with no names."""
        self._typed = columns is None
        self._shows = columns is None or all(looks_like_name(name, table=True) for name in columns)
        self._names: dict[str, str] = {}
        self._seen: dict[tuple[object, ...], tuple[str, ...]] = {}

    def of(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        """Return `type name` of each field, in order, and `others`; a name that may be text is a hash of it."""
        if not fields:
            return ()
        kinds = map(type, fields.values()) if self._typed else map(bool, fields.values())
        shape = (*fields, *kinds)
        known = self._seen.get(shape)
        if known is None:
            known = self._told(fields)
            if len(fields) <= _WIDE:
                if len(self._seen) >= _SHAPES:
                    self._seen.clear()
                self._seen[shape] = known
        return known

    def _told(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        return tuple(sorted({self._entry(name, value) for name, value in fields.items()}))

    def _entry(self, name: str, value: object) -> str:
        shown = self._names.get(name)
        if shown is None:
            if len(self._names) >= _NAMES:
                return _OTHERS
            shown = self._names[name] = name if self._shows and looks_like_name(name) else _hashed(name)
        return f"{_TYPES.get(type(value), 'string') if self._typed else _BLANK[bool(value)]} {shown}"


def _hashed(name: str) -> str:
    return f"#{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

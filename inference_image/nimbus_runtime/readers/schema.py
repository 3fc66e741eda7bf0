"""Words for inputs whose fields are not those that were asked for."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from nimbus_runtime.contract.errors import InputSchemaError
from nimbus_runtime.contract.inputs import Format
from nimbus_runtime.contract.words import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nimbus_runtime.contract.inputs import Fields, InputFile

_MOST = 20  # names in a message
_LONGEST = 40  # characters of one; beyond, it may be the text of a file without a header
_WORD = re.compile(r"[^\W\d][\w.:/-]*")  # one that is no telephone number
_NAME = re.compile(rf"{_WORD.pattern}(?: [\w.:/-]+){{0,2}}")  # what looks like a name, and not like somebody's words
_DIGITS = 4  # in one: dates, and numbers of cards and telephones, have more


def expect_fields(file: InputFile, fields: Fields, found: Iterable[str]) -> None:
    """Raise InputSchemaError where the text field, or the id field that was named, is not found."""
    names = list(dict.fromkeys(found))
    for role, wanted in (("text", fields.text), ("id", fields.id)):
        if wanted is not None and wanted not in names:
            what = f"{file.name} has no field {wanted!r} for the {role}"
            raise InputSchemaError(
                what,
                where=file.key,
                got=_listed(file, names),
                expected=f"a field named {wanted!r}",
                remedy=_remedy(file, role, wanted, names),
            )


def expect_once(file: InputFile, fields: Fields, columns: list[str]) -> None:
    """Raise InputSchemaError where a column that is to be read comes more than once."""
    for wanted in (fields.text, fields.id):
        if wanted is not None and columns.count(wanted) > 1:
            what = f"{file.name} has {columns.count(wanted)} columns named {wanted!r}"
            raise InputSchemaError(
                what,
                where=file.key,
                got=_listed(file, columns),
                expected="one column of that name",
                remedy="Rename the others.",
            )


def _listed(file: InputFile, names: list[str]) -> str:
    if not names:
        return "no fields"
    known = _shown(file, names)
    if not known:
        ask = ": is there a header?" if file.format is Format.CSV else ""
        return f"{plural(len(names), 'field')}, of names that may be text{ask}"
    more = len(names) - len(known[:_MOST])
    return f"fields {', '.join(map(repr, known[:_MOST]))}" + (f" and {more} more" if more else "")


def _shown(file: InputFile, names: list[str]) -> list[str]:
    """Return those that may be shown: what may be the text of a document never gets into a log.

    Of a table without a header the first row stands for the names, so that all of them have to look like such.
    """
    if file.format is Format.CSV and not all(looks_like_name(name, table=True) for name in names):
        return []
    return list(filter(looks_like_name, names))


def looks_like_name(name: str, *, table: bool = False) -> bool:
    """Say whether this is a field's name, and not somebody's words; in the first row of a table it is one word."""
    is_one = (_WORD if table else _NAME).fullmatch(name)
    return bool(is_one) and len(name) <= _LONGEST and sum(map(str.isdigit, name)) <= _DIGITS


def _remedy(file: InputFile, role: str, wanted: str, names: list[str]) -> str:
    folded = {name.casefold(): name for name in reversed(_shown(file, names))}
    near = get_close_matches(wanted.casefold(), folded, n=1)
    nearest = f" The nearest is {folded[near[0]]!r}." if near else ""
    return f"Name the field that holds the {role}: --{role}-field, or {role}_field in nimbus.toml.{nearest}"

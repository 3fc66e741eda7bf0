"""What `--to` may name: a file whose suffix says its format, or a database's URL.

Decided without touching the disk or a database. A URL may hold a password, so errors here
name its scheme and nothing else of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nimbus_runtime.contract.errors import UsageError

DEFAULT_TABLE = "predictions"
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,62}"  # 63 is PostgreSQL's limit
_TABLE = re.compile(rf"(?:{_NAME}\.)?{_NAME}")
_FILE = re.compile(r"\.(?P<format>parquet|jsonl|csv)(?:\.(?P<packing>gz|zst))?$", re.IGNORECASE)
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+_.-]*)://")
_DATABASES = ("sqlite", "postgresql", "postgres", "postgresql+psycopg")
_ALLOWED = (
    "a file ending in .parquet, .jsonl or .csv (the last two also with .gz or .zst), "
    "sqlite:file.db, or postgresql://user@host/database"
)


class FileFormat(StrEnum):
    """How the rows of a file are laid out."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    CSV = "csv"


class Packing(StrEnum):
    """How a file of lines is compressed."""

    NONE = ""
    GZIP = "gz"
    ZSTD = "zst"


class Existing(StrEnum):
    """What becomes of a target that exists."""

    REFUSE = "refuse"
    REPLACE = "replace"
    APPEND = "append"


@dataclass(frozen=True, slots=True)
class FileTarget:
    """One file, to be created or replaced."""

    path: Path
    format: FileFormat
    packing: Packing
    replace: bool


@dataclass(frozen=True, slots=True)
class TableTarget:
    """One table, its name perhaps with a schema's. `url` may hold a password."""

    url: str
    table: str
    existing: Existing

    def __repr__(self) -> str:
        """Leave the URL out."""
        return f"TableTarget(table={self.table!r}, existing={self.existing.value!r})"


def parse(to: str, table: str | None, existing: Existing) -> FileTarget | TableTarget:
    """Return the target that a call names; anything ambiguous is refused."""
    scheme = _SCHEME.match(to)
    if scheme or to.startswith("sqlite:"):
        name = scheme["scheme"].lower() if scheme else "sqlite"
        return _table(to, name, table or DEFAULT_TABLE, existing)
    if table is not None:
        raise _refused("a file has no table", got=f"--table {table} with {to}", remedy="leave --table out")
    if existing is Existing.APPEND:
        raise _refused(
            "a file is written whole, so nothing can be appended to it",
            got=f"--append with {to}",
            remedy="use --replace, another name, or a database's table",
        )
    match = _FILE.search(Path(to).name)
    if match is None:
        raise _refused("this name does not say what to write", got=to or "an empty name", expected=_ALLOWED)
    form, packing = FileFormat(match["format"].lower()), Packing((match["packing"] or "").lower())
    if form is FileFormat.PARQUET and packing is not Packing.NONE:
        raise _refused("Parquet is compressed inside already", got=to, remedy=f"leave .{packing.value} out of the name")
    return FileTarget(Path(to), form, packing, existing is Existing.REPLACE)


def _table(url: str, scheme: str, table: str, existing: Existing) -> TableTarget:
    if scheme not in _DATABASES:
        raise _refused("Nimbus does not write there", got=f"{scheme}://…", expected=_ALLOWED)
    if _TABLE.fullmatch(table) is None:
        raise _refused(
            "this cannot name a table",
            got=table,
            expected="at most 63 letters, digits and underscores, perhaps after a schema's name and a dot",
        )
    schema, _, name = table.rpartition(".")
    if schema and scheme == "sqlite":
        raise _refused("SQLite has no schemas", got=table, remedy=f"write --table {name}")
    return TableTarget(url, table, existing)


def _refused(what: str, *, got: str, expected: str | None = None, remedy: str | None = None) -> UsageError:
    return UsageError(what, where="--to", got=got, expected=expected, remedy=remedy)

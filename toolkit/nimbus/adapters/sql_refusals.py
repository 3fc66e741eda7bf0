"""What databases refuse, in words: by PostgreSQL's five-digit states and by SQLite's sentences.

A database quotes the values it chokes on in details and contexts, and those are documents'
metadata; only its first sentence and the row's number are passed on. Passwords never are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nimbus_runtime.contract.errors import ExportError, UsageError

_COPIED = re.compile(r"^COPY \S+, line (\d+)(?:, column (\w+))?", re.MULTILINE)
_NUL_IN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SPACE = "free some space, or export somewhere else"
_WRITABLE = "choose a file, in a folder, that this user may write to"
_ACCOUNT = "check them; PGPASSWORD and ~/.pgpass are read where the URL has no password"

# The beginning of a state or a part of the message -> (what happened, what to do); the first that fits.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    ("28", "the database refuses this user or password", _ACCOUNT),
    ("password authentication failed", "the database refuses this user or password", _ACCOUNT),
    ("no password supplied", "the database asks for a password", _ACCOUNT),
    ("pg_hba.conf", "the database refuses connections of this user from here", "ask its administrator"),
    ("53100", "the database's disk is full", _SPACE),
    ("disk is full", "no room left on the disk", _SPACE),
    ("22", "the database cannot hold one of the values", "correct the input's metadata, or export to a file"),
    ("23505", "two rows have the same id and run", "add --replace, or name another --table"),
    ("2BP01", "other objects, such as views, are built on this table", "drop them first, or use --append"),
    ("3F000", "there is no such schema", "create it, or leave the schema out of --table"),
    ("42501", "this user may not do that", "ask for the right to create and write tables there"),
    ("42809", "this is not a table", "name another --table"),
    ("readonly database", "this user may not write the database's file", _WRITABLE),
    ("unable to open", "the database's file cannot be opened", _WRITABLE),
    ("not a database", "this file is not an SQLite database", "choose another name"),
    ("is locked", "another process is writing to this database", "try again when it has finished"),
    ("does not exist", "there is no such user or database", "create it, or check the URL"),
    ("connection option", "the database's URL has an option that PostgreSQL does not know", "leave it out"),
    ("connection", "cannot reach the database", "check host, port and network, and that the server runs"),
)


def explained(error: BaseException, where: str, password: object) -> ExportError:
    """Return a driver's error in words, without any value of a row and without the password."""
    diagnosis = getattr(error, "diag", None)
    message = getattr(diagnosis, "message_primary", None) or " ".join(str(error).split())
    if password:
        message = message.replace(str(password), "***")
    state = getattr(error, "sqlstate", None) or ""
    fitting = (words for sign, *words in _CAUSES if (state.startswith(sign) if sign[0].isdigit() else sign in message))
    what, remedy = next(fitting, ("the database refuses the export", "see what it says; nothing was changed"))
    place = _COPIED.search(getattr(diagnosis, "context", None) or "")
    if place:
        where += f", row {place[1]}" + (f", column {place[2]}" if place[2] else "")
    return ExportError(what, where=where, got=message, remedy=remedy)


def check_url(url: str) -> None:
    """Refuse a URL whose password would be read as a part of the host, and then be shown."""
    if url.count("@") > 1:
        raise UsageError(
            "the database's URL can be read in two ways",
            where="--to",
            got="more than one @",
            remedy="write @ as %40 in the user's name and the password, or put the password into PGPASSWORD",
        )


def unreadable_url() -> UsageError:
    """Return the refusal of a URL, of which nothing is repeated."""
    return UsageError(
        "the database's URL cannot be read",
        where="--to",
        expected="postgresql://user@host:port/database or sqlite:path/to/file.db",
        remedy="write special characters of the password as %XX, or put it into PGPASSWORD",
    )


def check_no_nul(names: Sequence[str], row: Sequence[str | None]) -> None:
    """Refuse the one character that PostgreSQL's text and JSONB cannot hold."""
    for name, value in zip(names, row, strict=True):
        if value and ("\0" in value or ("\\u0000" in value and _NUL_IN_JSON.search(value))):
            raise ExportError(
                "PostgreSQL cannot hold a NUL character",
                where=f"document {row[0]!r}, column {name}",
                remedy="remove it from the input, or export to a file or to SQLite",
            )


def other_columns(where: str, got: str, expected: str) -> ExportError:
    """Return the refusal to append to a table of other columns."""
    return ExportError(
        "the table does not fit this run",
        where=where,
        got=got,
        expected=expected,
        remedy="add --replace to write it anew, or name another --table",
    )

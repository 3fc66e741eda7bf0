"""What PostgreSQL and the way to it refuse, in words, without passwords or values."""

from __future__ import annotations

import socket
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from nimbus import assembly
from nimbus_runtime.contract.errors import ExportError, NimbusError, UsageError
from nimbus_runtime.contract.records import OutputFormat

if TYPE_CHECKING:
    from conftest import Builder, RowsOf, Server


@pytest.fixture
def table(postgresql: Server) -> Iterator[str]:
    """Return the name of a table that is gone afterwards."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    with psycopg.connect(postgresql.url) as connection:
        connection.execute(f"drop table if exists {name} cascade")


def refusal(root: Path, url: str, **options: Any) -> str:  # noqa: ANN401
    """Return the words of a failing export."""
    with pytest.raises(NimbusError) as failure:
        assembly.export(root, url, **options)
    assert failure.value.__cause__ is None
    return str(failure.value)


def test_a_unix_socket_needs_no_password(root: Path, postgresql: Server, table: str) -> None:
    """The socket's folder stands in the URL's query; what is shown of the URL keeps it."""
    exported = assembly.export(root, postgresql.socket_url, table=table)
    assert f"host={postgresql.folder}" in exported.target.replace("%2F", "/")


def test_the_password_is_never_shown(root: Path, postgresql: Server, table: str) -> None:
    """Neither on success nor in any of the refusals, wherever in the URL it stands."""
    hidden = f"postgresql://postgres@127.0.0.1:{postgresql.port}/postgres?password={postgresql.password}"
    shown = [
        assembly.export(root, postgresql.url, table=table).target,
        refusal(root, postgresql.url, table=table),
        refusal(root, hidden, table=table),
        refusal(root, postgresql.url + "x", table=table),
        refusal(root, postgresql.url.replace("@", "@@"), table=table),
        refusal(root, postgresql.url.replace("@127", "@nowhere.invalid:x"), table=table),
    ]
    assert not [text for text in shown if postgresql.password in text]
    assert "***" in shown[0]


def test_a_password_may_come_from_the_environment(
    root: Path, postgresql: Server, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PGPASSWORD is what keeps it out of a shell's history."""
    monkeypatch.setenv("PGPASSWORD", postgresql.password)
    url = postgresql.url.replace(f":{postgresql.password}", "")
    assert assembly.export(root, url, table=table).rows == 70


@pytest.mark.parametrize("given", [":wr0ng-one", ""])
def test_a_wrong_or_missing_password_is_named_so(root: Path, postgresql: Server, given: str) -> None:
    """The remedy says where passwords are read."""
    words = refusal(root, postgresql.url.replace(f":{postgresql.password}", given))
    assert "password" in words
    assert "PGPASSWORD" in words
    assert "wr0ng-one" not in words


def test_an_unreachable_server_is_named_so(root: Path) -> None:
    """A closed port is not a stack trace."""
    with socket.socket() as bound:  # which nobody else can listen at meanwhile
        bound.bind(("127.0.0.1", 0))
        words = refusal(root, f"postgresql://me:secret@127.0.0.1:{bound.getsockname()[1]}/x")
    assert "cannot reach the database" in words
    assert "secret" not in words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("?foo=secret", "option that PostgreSQL does not know"),
        ("x", "no such user or database"),
    ],
)
def test_other_faults_of_a_url_are_explained(root: Path, postgresql: Server, change: str, words: str) -> None:
    """A database or an option that is not there."""
    text = refusal(root, postgresql.url + change)
    assert words in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("column", "value"), [("metadata", {"note": "a\0b"}), ("metadata", {"a\0": 1}), ("id", "doc\0-1")]
)
@pytest.mark.parametrize("output_format", OutputFormat)
def test_nul_is_refused_with_its_document(
    build: Builder,
    postgresql: Server,
    table: str,
    column: str,
    value: object,
    output_format: OutputFormat,
    example_rows: RowsOf,
) -> None:
    """PostgreSQL's text and JSONB hold no NUL; the refusal names document and column, not the value."""
    rows = example_rows(3)
    rows[1][column] = value
    words = refusal(build(rows, output_format=output_format), postgresql.url, table=table)
    assert "NUL" in words
    assert f"column {column}" in words
    assert "note" not in words


def test_a_backslash_before_u0000_is_no_nul(
    build: Builder, postgresql: Server, table: str, example_rows: RowsOf
) -> None:
    """Text that spells an escape is text."""
    rows = example_rows(1)
    rows[0]["metadata"] = {"path": r"C:\u0000"}
    assert assembly.export(build(rows), postgresql.url, table=table).rows == 1


@pytest.mark.parametrize("value", ["half \ud800 pair", float("nan")])
def test_other_values_are_refused_by_row_and_column(
    build: Builder, postgresql: Server, table: str, value: object, example_rows: RowsOf
) -> None:
    """The server's sentence is passed on, not the value that its details quote."""
    rows = example_rows(3)
    rows[1]["metadata"] = {"private": value}
    words = refusal(build(rows, output_format=OutputFormat.PARQUET), postgresql.url, table=table)
    assert "row 2, column metadata" in words
    assert "private" not in words


def test_views_on_a_table_outlive_a_replacement(
    build: Builder, postgresql: Server, table: str, example_rows: RowsOf
) -> None:
    """A table that fits is emptied, not dropped, so views, grants and indices stay."""
    root = build(example_rows(3))
    assembly.export(root, postgresql.url, table=table)
    with psycopg.connect(postgresql.url) as connection:
        connection.execute(f"create view v_{table} as select id from {table}")  # noqa: S608 - our own name
    assembly.export(root, postgresql.url, table=table, existing="replace")
    with psycopg.connect(postgresql.url) as connection:
        assert connection.execute(f"select count(*) from v_{table}").fetchall() == [(3,)]  # noqa: S608


def test_views_on_a_table_of_other_columns_are_an_obstacle(root: Path, postgresql: Server, table: str) -> None:
    """What would have to be dropped with it is the user's decision."""
    with psycopg.connect(postgresql.url) as connection:
        connection.execute(f"create table {table} (x int)")
        connection.execute(f"create view v_{table} as select * from {table}")  # noqa: S608 - our own name
    assert "views" in refusal(root, postgresql.url, table=table, existing="replace")


def test_rights_and_schemas_are_named(root: Path, postgresql: Server) -> None:
    """A schema that is not there, and a user who may not create tables."""
    assert "no such schema" in refusal(root, postgresql.url, table="nowhere.rows")
    role = f"r{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgresql.url) as connection:
        connection.execute(f"create role {role} login password 'pw-of-role'")
    url = postgresql.url.replace(f"postgres:{postgresql.password}", f"{role}:pw-of-role")
    assert "may not do that" in refusal(root, url)


def test_types_and_key_are_postgresqls_own(root: Path, postgresql: Server, table: str) -> None:
    """Nested columns are JSONB, the others text; (id, run) is the key."""
    assembly.export(root, postgresql.url, table=f"public.{table}")
    with psycopg.connect(postgresql.url) as connection:
        query = "select column_name, data_type from information_schema.columns where table_name = %s"
        types: dict[str, str] = dict(connection.execute(query, [table]).fetchall())
        key = connection.execute("select indexdef from pg_indexes where tablename = %s", [table]).fetchall()
    assert {name for name, kind in types.items() if kind == "text"} == {
        "id",
        "input_hash",
        "bundle_digest",
        "run",
    }
    assert set(types.values()) == {"text", "jsonb"}
    assert "(id, run)" in key[0][0]


@pytest.mark.parametrize(
    ("module", "extra"), [("psycopg", "nimbus-nlp[postgresql]"), ("sqlalchemy", "nimbus-nlp[postgresql]")]
)
def test_a_missing_driver_names_the_extra(root: Path, monkeypatch: pytest.MonkeyPatch, module: str, extra: str) -> None:
    """The remedy can be pasted into a shell."""
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "nimbus.adapters.sql", raising=False)
    monkeypatch.delattr("nimbus.adapters.sql", raising=False)
    with pytest.raises(ExportError, match="not installed") as failure:
        assembly.export(root, "postgresql://me@127.0.0.1/x")
    assert "pip install" in str(failure.value)
    assert extra in str(failure.value)


def test_a_url_that_can_be_read_in_two_ways_is_refused(root: Path) -> None:
    """An @ in a password would make its rest a host, and a host is shown."""
    with pytest.raises(UsageError, match="two ways") as failure:
        assembly.export(root, "postgresql://me:pa@ss@127.0.0.1/x")
    assert "ss@" not in str(failure.value)

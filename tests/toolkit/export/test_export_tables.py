"""Rules of the table targets, for SQLite and for a real PostgreSQL alike."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from nimbus import assembly
from nimbus_runtime.contract.errors import ExportError, UsageError
from nimbus_runtime.contract.records import OutputFormat
from nimbus_runtime.published import dataset

if TYPE_CHECKING:
    from conftest import Builder, RowsOf, Server

TEXTS = {"id", "input_hash", "bundle_digest", "run"}
LATER = "20261123T020000Z"
Expected = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Database:
    """A database that tests look into with its own driver."""

    url: str
    connect: Callable[[], Any]

    def rows(self, table: str = "predictions") -> list[dict[str, Any]]:
        """Return a table's rows with JSON read, in the order of run and document."""
        with closing(self.connect()) as connection:
            cursor = connection.execute(f"select * from {table}")  # noqa: S608 - our own name
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        read = [{k: v if k in TEXTS or not isinstance(v, str) else json.loads(v) for k, v in r.items()} for r in rows]
        return sorted(read, key=lambda row: (row["run"], int(row["id"].removeprefix("doc-"))))

    def execute(self, statement: str) -> Any:  # noqa: ANN401 - whatever the driver gives
        """Execute one statement and commit."""
        with closing(self.connect()) as connection:
            cursor = connection.execute(statement)
            result = cursor.fetchall() if cursor.description else None
            connection.commit()
            return result


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a fresh database of either kind."""
    if request.param == "sqlite":
        path = tmp_path / "rows.db"
        yield Database(f"sqlite:{path}", lambda: sqlite3.connect(path))
        return
    server: Server = request.getfixturevalue("postgresql")
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = server.url.removesuffix("postgres") + name
    yield Database(url, lambda: psycopg.connect(url))


@pytest.fixture
def expected(example_rows: RowsOf, run_name: str) -> Expected:
    """Return the function that gives a run's rows as a table holds them."""
    return lambda run=run_name, number=70: [row | {"run": run} for row in example_rows(number)]


def test_a_table_holds_every_row_with_its_run(root: Path, database: Database, expected: Expected) -> None:
    """Whatever the run's format and the database, the rows are the same."""
    exported = assembly.export(root, database.url)
    assert exported.rows == 70
    assert "predictions" in exported.target
    assert database.rows() == expected()


def test_nested_columns_can_be_queried(root: Path, database: Database) -> None:
    """JSONB in PostgreSQL and JSON text in SQLite answer the databases' own JSON functions."""
    assembly.export(root, database.url)
    score = "(cats->>'GOOD')" if database.url.startswith("sqlite") else "(cats->>'GOOD')::float"
    assert database.execute(f"select count(*) from predictions where {score} = 0.25") == [(70,)]  # noqa: S608


def test_the_table_can_be_named(root: Path, database: Database) -> None:
    """A name that is a keyword or has capitals is quoted."""
    assembly.export(root, database.url, table="Order")
    assert len(database.rows('"Order"')) == 70


@pytest.mark.parametrize("name", ["a b", "x;drop table y", "1st", "a.b.c", "é" * 3, "n" * 64])
def test_names_that_need_trust_are_refused(root: Path, database: Database, name: str) -> None:
    """A table's name is letters, digits and underscores."""
    with pytest.raises(UsageError, match="cannot name a table"):
        assembly.export(root, database.url, table=name)


def test_an_existing_table_is_refused_unless_asked_for(root: Path, database: Database, expected: Expected) -> None:
    """The refusal names both ways on, and changes nothing."""
    assembly.export(root, database.url)
    with pytest.raises(UsageError, match="exists already") as refusal:
        assembly.export(root, database.url)
    assert "--replace" in str(refusal.value)
    assert "--append" in str(refusal.value)
    assert database.rows() == expected()


def test_replace_leaves_only_the_new_rows(
    build: Builder, database: Database, example_rows: RowsOf, expected: Expected
) -> None:
    """Rows of other runs go as well."""
    root = build(example_rows(70))
    assembly.export(root, database.url)
    build(example_rows(5), run=LATER)
    assembly.export(root, database.url, existing="replace")
    assert database.rows() == expected(LATER, 5)


def test_replace_writes_a_table_of_other_columns_anew(root: Path, database: Database, expected: Expected) -> None:
    """What the table held before does not matter."""
    database.execute("create table predictions (something integer)")
    assembly.export(root, database.url, existing="replace")
    assert database.rows() == expected()


def test_append_twice_does_not_double(
    build: Builder, database: Database, example_rows: RowsOf, run_name: str, expected: Expected
) -> None:
    """Runs stand beside each other, and a repeated one replaces its own rows."""
    root = build(example_rows(70))
    assembly.export(root, database.url, existing="append")
    build(example_rows(5), run=LATER)
    for _ in range(2):
        assembly.export(root, database.url, existing="append")
    assert database.rows() == expected() + expected(LATER, 5)
    assembly.export(root, database.url, existing="append", run=run_name)
    assert database.rows() == expected() + expected(LATER, 5)


def test_append_refuses_a_table_of_other_columns(root: Path, database: Database) -> None:
    """The refusal shows both sets of columns."""
    database.execute("create table predictions (id text, run text)")
    with pytest.raises(ExportError, match="does not fit") as refusal:
        assembly.export(root, database.url, existing="append")
    assert "token_starts" in str(refusal.value)
    assert database.rows() == []


def test_ids_that_repeat_have_no_primary_key(
    build: Builder, database: Database, example_rows: RowsOf, run_name: str
) -> None:
    """Every row of a run with repeated ids arrives; such a run does not fit a table with a key."""
    root = build(example_rows(70))
    assembly.export(root, database.url, table="keyed")
    build(example_rows(3), example_rows(3), run=LATER, duplicates=3)
    assembly.export(root, database.url, table="free")
    assert len(database.rows("free")) == 6
    with pytest.raises(ExportError, match="does not fit"):
        assembly.export(root, database.url, table="keyed", existing="append")
    assembly.export(root, database.url, table="free", existing="append", run=run_name)
    assert len(database.rows("free")) == 76


@pytest.mark.parametrize("existing", ["refuse", "replace", "append"])
@pytest.mark.parametrize("held", ["nothing", "fitting", "other"])
def test_a_failure_takes_everything_back(
    build: Builder, database: Database, existing: str, held: str, example_rows: RowsOf
) -> None:
    """A damaged last shard leaves the database as it was, whatever had been begun."""
    root = build(example_rows(30))
    if held == "fitting":
        assembly.export(root, database.url)
    elif held == "other":
        database.execute("create table predictions (id text, run text)")
        database.execute("insert into predictions values ('doc-1', 'x')")
    before = None if held == "nothing" else database.rows()
    build(example_rows(1500), example_rows(5, 1500), run=LATER)
    last = Path(dataset(root)[1])
    last.write_bytes(b"\0" * last.stat().st_size)
    with pytest.raises((ExportError, UsageError)):
        assembly.export(root, database.url, existing=existing)
    if before is not None:
        assert database.rows() == before
    elif database.url.startswith("sqlite"):
        assert not Path(database.url.removeprefix("sqlite:")).exists()
    else:
        assert database.execute("select count(*) from pg_tables where tablename = 'predictions'") == [(0,)]


def test_readers_see_the_old_rows_until_the_new_ones_are_there(
    build: Builder, database: Database, monkeypatch: pytest.MonkeyPatch, example_rows: RowsOf
) -> None:
    """In the middle of --replace a reader gets the table before it, at once."""
    if database.url.startswith("sqlite"):
        pytest.skip("SQLite may ask its readers to wait")
    monkeypatch.chdir("/")
    root = build(example_rows(70))
    assembly.export(root, database.url)
    build(example_rows(2_500), run=LATER)
    seen = []

    def look(done: int, _rows: int) -> None:
        with closing(database.connect()) as connection:
            connection.execute("set lock_timeout = '60s'")
            seen.append((done, connection.execute("select count(*) from predictions").fetchall()[0][0]))

    assembly.export(root, database.url, existing="replace", progress=look)
    assert seen == [(1000, 70), (2000, 70), (2500, 70)]
    assert len(database.rows()) == 2_500


def test_two_exports_of_a_run_at_once_do_not_double(build: Builder, database: Database, example_rows: RowsOf) -> None:
    """The second waits for the first, then replaces its rows."""
    root = build(example_rows(2_000), duplicates=1)  # no key that would forbid doubles
    assembly.export(root, database.url)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(assembly.export, root, database.url, existing="append") for _ in range(2)]
    assert [one.result().rows for one in both] == [2_000, 2_000]
    assert len(database.rows()) == 2_000


def test_sqlite_is_read_by_its_long_url_too(root: Path, tmp_path: Path, expected: Expected) -> None:
    """sqlite:///path is SQLAlchemy's own form."""
    assembly.export(root, f"sqlite:///{tmp_path}/a.db")
    assert Database("", lambda: sqlite3.connect(tmp_path / "a.db")).rows() == expected()


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://", "sqlite::memory:"])
def test_a_database_without_a_file_is_refused(root: Path, url: str) -> None:
    """Nothing would remain of it."""
    with pytest.raises(UsageError, match="not named"):
        assembly.export(root, url)


def test_a_file_that_is_no_database_is_left_alone(root: Path, tmp_path: Path) -> None:
    """SQLite's refusal is passed on, and the file stays."""
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, and not a database " * 100, encoding="utf-8")
    with pytest.raises(ExportError, match="not an SQLite database"):
        assembly.export(root, f"sqlite:{path}", existing="replace")
    assert path.read_text(encoding="utf-8").startswith("these")


def test_nul_is_no_obstacle_to_sqlite(build: Builder, tmp_path: Path, example_rows: RowsOf) -> None:
    """SQLite keeps what PostgreSQL refuses."""
    rows = example_rows(1)
    rows[0]["metadata"] = {"note": "a\0b"}
    root = build(rows, output_format=OutputFormat.PARQUET)
    assembly.export(root, f"sqlite:{tmp_path}/a.db")
    read = Database("", lambda: sqlite3.connect(tmp_path / "a.db")).rows()
    assert read[0]["metadata"] == {"note": "a\0b"}
    shutil.rmtree(root)

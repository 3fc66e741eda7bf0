"""One table in SQLite or PostgreSQL, written in one transaction: all rows of a run or nothing.

These two take table definitions back with everything else when a transaction fails; a
database that commits them at once (MySQL does) could not keep that promise.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nimbus.adapters import sql_refusals as refusals
from nimbus_runtime.contract.errors import ExportError, UsageError

try:
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import JSONB
except ImportError:
    raise ExportError(
        "tables are written with SQLAlchemy, which is not installed",
        remedy="pip install 'nimbus-nlp[sqlite]' for SQLite, or 'nimbus-nlp[postgresql]'",
    ) from None

if TYPE_CHECKING:
    import sqlite3

    import psycopg

Row = tuple[str | None, ...]
_SECONDS = "10"  # to reach a server
_POSTGRESQL = "postgresql"


class SqlTable:
    """A table with the dataset's columns and `run`; its primary key is (id, run) where ids are unique."""

    def __init__(self, url: str, table: str, run: str, *, unique: bool, existing: str) -> None:
        """Name the table, perhaps with its schema; `existing` is refuse, replace or append."""
        self._url = _parsed(url)
        self._schema, _, self._table = table.rpartition(".")
        self._run, self._unique, self._existing = run, unique, existing

    @property
    def location(self) -> str:
        """Return database and table; no password, and of the URL's query only what names the server."""
        shown = {key: value for key, value in self._url.query.items() if key in ("host", "port")}
        url = self._url.set(drivername=self._url.get_backend_name(), query=shown).render_as_string()
        return f"{url} table {'.'.join(filter(None, (self._schema, self._table)))}"

    def write(self, columns: Mapping[str, str], batches: Iterable[Iterable[Row]]) -> None:
        """Create the table, or make room in it, insert every batch, commit."""
        with self._transaction() as connection:
            table = self._prepare(connection, columns)
            with_run = ([(*row, self._run) for row in batch] for batch in batches)
            write = _copy if connection.dialect.name == _POSTGRESQL else _insert
            write(connection, table, with_run)

    def _prepare(self, connection: sa.Connection, columns: Mapping[str, str]) -> sa.Table:
        """Leave the table there without this run's rows."""
        json = JSONB() if connection.dialect.name == _POSTGRESQL else sa.Text()
        fields = [sa.Column(name, json if kind == "json" else sa.Text()) for name, kind in columns.items()]
        key = [sa.PrimaryKeyConstraint("id", "run")] if self._unique else []
        table = sa.Table(
            self._table,
            sa.MetaData(self._schema or None),
            *fields,
            sa.Column("run", sa.Text(), nullable=False),
            *key,
        )
        if not sa.inspect(connection).has_table(self._table, table.schema):
            table.create(connection)
            return table
        if self._existing == "refuse":
            raise UsageError(
                "the table exists already",
                where=self.location,
                remedy="add --replace to write it anew, --append to add this run, or name another --table",
            )
        if connection.dialect.name == _POSTGRESQL:  # readers go on; a second export waits
            connection.exec_driver_sql(f"LOCK TABLE {_quoted(connection, table)} IN SHARE ROW EXCLUSIVE MODE")
        present = sa.Table(self._table, sa.MetaData(self._schema or None), autoload_with=connection)
        got, expected = _shape(connection, present), _shape(connection, table)
        fits = got == expected
        if self._existing == "append":
            if not fits and (got[0] != expected[0] or present.primary_key.columns):
                raise refusals.other_columns(self.location, "; ".join(got), "; ".join(expected))
            connection.execute(table.delete().where(table.c.run == self._run))
        elif fits:  # keeps grants, views and indices, and locks no reader out
            connection.execute(table.delete())
        else:
            table.drop(connection)
            table.create(connection)
        return table

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        opened = _postgresql(self._url) if self._url.get_backend_name() == _POSTGRESQL else _sqlite(self._url)
        with opened as engine:
            try:
                with engine.begin() as connection:
                    yield connection
            except sa.exc.SQLAlchemyError as error:
                cause = getattr(error, "orig", None) or error
                secret = self._url.password or self._url.query.get("password")
                raise refusals.explained(cause, self.location, secret) from None


def _parsed(url: str) -> sa.URL:
    """Read a URL; `sqlite:file.db` is short for sqlite:///file.db."""
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        parsed = sa.URL.create("sqlite", database=url.removeprefix("sqlite:"))
    else:
        refusals.check_url(url)
        try:
            parsed = sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):
            raise refusals.unreadable_url() from None
    if parsed.drivername in ("postgres", _POSTGRESQL):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise UsageError(
            "the database's file is not named",
            where="--to",
            expected="sqlite:path/to/file.db",
            remedy="add the name of the file",
        )
    return parsed


@contextlib.contextmanager
def _sqlite(url: sa.URL) -> Iterator[sa.Engine]:
    file = Path(url.database or "")
    existed, folder = file.exists(), file.absolute().parent
    if not folder.is_dir():
        raise ExportError(
            "the folder of the target does not exist",
            where=str(folder),
            remedy="create it, or check the path",
        )
    engine = sa.create_engine(url, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _(driver: sqlite3.Connection, _record: object) -> None:
        driver.isolation_level = None  # Python's own transactions would leave CREATE TABLE out

    @sa.event.listens_for(engine, "begin")
    def _(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        yield engine
    except BaseException:
        with contextlib.suppress(sa.exc.SQLAlchemyError), engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # undoes what a full disk left
        if not existed and file.exists() and not file.stat().st_size:
            file.unlink()
        raise
    finally:
        engine.dispose()


@contextlib.contextmanager
def _postgresql(url: sa.URL) -> Iterator[sa.Engine]:
    try:
        import psycopg  # noqa: F401, PLC0415 - only to say what is missing
    except ImportError:
        raise ExportError(
            "the driver for PostgreSQL is not installed", remedy="pip install 'nimbus-nlp[postgresql]'"
        ) from None
    if "connect_timeout" not in url.query and "PGCONNECT_TIMEOUT" not in os.environ:
        url = url.update_query_dict({"connect_timeout": _SECONDS})
    engine = sa.create_engine(url, hide_parameters=True, connect_args={"client_encoding": "utf8"})
    try:
        yield engine
    finally:
        engine.dispose()


def _copy(connection: sa.Connection, table: sa.Table, batches: Iterable[list[Row]]) -> None:
    import psycopg  # noqa: PLC0415 - needed for PostgreSQL alone

    names = [column.name for column in table.columns]
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    statement = f"COPY {_quoted(connection, table)} ({_quoted_names(connection, names)}) FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for batch in batches:
                for row in batch:
                    refusals.check_no_nul(names, row)
                    copy.write_row(row)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError(None, None, error) from None


def _insert(connection: sa.Connection, table: sa.Table, batches: Iterable[list[Row]]) -> None:
    names = [column.name for column in table.columns]
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {_quoted(connection, table)} ({_quoted_names(connection, names)}) VALUES ({marks})"  # noqa: S608
    for batch in batches:
        if batch:
            connection.exec_driver_sql(statement, batch)


def _shape(connection: sa.Connection, table: sa.Table) -> tuple[str, str]:
    """Return a table's columns with their types, and its primary key, as words that can be compared."""
    columns = sorted(f"{column.name} {column.type.compile(connection.dialect)}" for column in table.columns)
    key = ", ".join(column.name for column in table.primary_key.columns)
    return ", ".join(columns), f"primary key ({key})" if key else "no primary key"


def _quoted(connection: sa.Connection, table: sa.Table) -> str:
    return connection.dialect.identifier_preparer.format_table(table)


def _quoted_names(connection: sa.Connection, names: list[str]) -> str:
    return ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)

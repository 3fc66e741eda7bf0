"""Roots with a published dataset, built from records alone, and a PostgreSQL server to throw away."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nimbus_runtime.contract import paths
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.codec import encode
from nimbus_runtime.contract.records import Counts, DataFile, Duplicates, Entry, Live, OutputFormat, Run
from nimbus_runtime.store import DirectoryStore

RUN = "20261122T020000Z"
ANNOTATIONS = (Annotation.ENTS, Annotation.CATS, Annotation.TOKENS, Annotation.POS)
_SPAN = [("start", pa.int32()), ("end", pa.int32())]
_NAMES = [(name, pa.string()) for name in ("label", "kb_id", "id")]
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("ents", pa.list_(pa.struct([*_SPAN, *_NAMES]))),
        ("cats", pa.struct([("GOOD", pa.float32()), ('BÄD, "really"', pa.float32())])),
        ("token_starts", pa.list_(pa.int32())),
        ("token_ends", pa.list_(pa.int32())),
        ("pos", pa.list_(pa.string())),
        ("metadata", pa.string()),
        pa.field("input_hash", pa.string(), nullable=False),
        pa.field("bundle_digest", pa.string(), nullable=False),
    ]
)
Rows = list[dict[str, Any]]
RowsOf = Callable[..., Rows]
Builder = Callable[..., Path]


def rows_of(number: int, start: int = 0) -> Rows:
    """Return rows as a run writes them; every seventh has no entity, every third no metadata."""
    return [
        {
            "id": f"doc-{n}",
            "ents": [] if n % 7 == 0 else [{"start": 0, "end": n % 9 + 1, "label": "ORG", "kb_id": "Q1", "id": None}],
            "cats": {"GOOD": 0.25, 'BÄD, "really"': 0.75},
            "token_starts": [0, 4],
            "token_ends": [3, 9],
            "pos": ["NOUN", "VERB"],
            "metadata": None if n % 3 == 0 else {"n": n, "note": 'a "quoted", wörd\nand 💡'},
            "input_hash": hashlib.sha256(str(n).encode()).hexdigest(),
            "bundle_digest": "b" * 64,
        }
        for n in range(start, start + number)
    ]


def build_root(
    root: Path,
    shards: Sequence[Rows],
    output_format: OutputFormat = OutputFormat.PARQUET,
    *,
    run: str = RUN,
    duplicates: int = 0,
    publish: bool = True,
) -> Path:
    """Write a finished run of these shards into a root; publish it unless told otherwise."""
    store = DirectoryStore(root)
    files = tuple(_write(store, run, rows, output_format) for rows in shards)
    scored = sum(file.rows for file in files)
    record = Run(
        run=run,
        release="r1",
        bundle_digest="b" * 64,
        epoch=0,
        scheduled_time="2026-11-22T02:00:00Z",
        finished="2026-11-22T02:05:00Z",
        output_format=output_format,
        annotations=ANNOTATIONS,
        rows=files,
        quarantine=(),
        features=(),
        counts=Counts(documents=scored, scored=scored),
        duplicates=Duplicates(ids=duplicates),
    )
    store.create(paths.dataset(run), encode(record))
    if publish:
        before = store.read_versioned(paths.LIVE)
        live = Live(
            sequence=1,
            entry=Entry("publish", "a test", "2026-11-22T02:05:00Z", "", "attempt"),
            release="r1",
            dataset=run,
        )
        assert store.compare_and_swap(paths.LIVE, encode(live), before.version if before else None)
    return root


def _write(store: DirectoryStore, run: str, rows: Rows, output_format: OutputFormat) -> DataFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        if output_format is OutputFormat.PARQUET:
            flat = [row | {"metadata": row["metadata"] and json.dumps(row["metadata"])} for row in rows]
            pq.write_table(pa.Table.from_pylist(flat, SCHEMA), path)
        else:
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        content = path.read_bytes()
    name = f"{hashlib.sha256(content).hexdigest()}.{output_format.value}"
    store.create(paths.data(run, name), content)
    return DataFile(name, len(rows), len(content))


@pytest.fixture
def example_rows() -> RowsOf:
    """Return the function that makes rows: how many, and from which number on."""
    return rows_of


@pytest.fixture
def run_name() -> str:
    """Return the name that a built run has unless it is given another."""
    return RUN


@pytest.fixture
def rows_schema() -> pa.Schema:
    """Return the schema of a built run's Parquet files."""
    return SCHEMA


@pytest.fixture(params=list(OutputFormat))
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a root whose published run has two shards of 40 and 30 rows, once in each format."""
    return build_root(tmp_path / "root", [rows_of(40), rows_of(30, 40)], request.param)


@pytest.fixture
def build(tmp_path: Path) -> Builder:
    """Return a function that builds a root of given shards."""

    def make(*shards: Rows, output_format: OutputFormat = OutputFormat.JSONL, **more: Any) -> Path:  # noqa: ANN401
        return build_root(tmp_path / "root", shards, output_format, **more)

    return make


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL: `url` needs a password, `socket_url` none."""

    folder: str
    port: int
    password: str

    @property
    def url(self) -> str:
        """Return the URL over the loopback interface."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def socket_url(self) -> str:
        """Return the URL over the Unix socket."""
        return f"postgresql://postgres@/postgres?host={self.folder}&port={self.port}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """Run a cluster of its own on the loopback interface and a Unix socket, and remove it."""
    programs = _programs()
    folder = tempfile.mkdtemp(prefix="nimbus-pg-", dir="/tmp")  # a socket's path must be short
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, user)
    secret = Path(folder, "password")
    secret.write_text("s3cret-w0rd", encoding="utf-8")
    secret.chmod(0o644)

    def start() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=20"
        call("pg_ctl", "-w", "-t", "240", "-l", f"{folder}/log", "-o", options, "start")
        return port

    def started() -> int:
        with contextlib.suppress(subprocess.CalledProcessError):  # somebody else has taken the port meanwhile
            return start()
        return start()

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), "-D", f"{folder}/data", *arguments],
            user=user if os.geteuid() == 0 else None,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    try:
        accounts = ("-U", "postgres", f"--pwfile={secret}", "--auth-local=trust", "--auth-host=scram-sha-256")
        call("initdb", "-N", "-E", "UTF8", "--locale=C.UTF-8", *accounts)
        port = started()
        yield Server(folder, port, "s3cret-w0rd")
    finally:
        if Path(folder, "data", "postmaster.pid").exists():
            call("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; skip where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not debian:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    return debian[-1].parent

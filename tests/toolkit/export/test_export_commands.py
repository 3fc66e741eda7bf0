"""Rules of `nimbus dataset` and `nimbus export` as commands: streams, JSON, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nimbus_runtime.published import dataset

if TYPE_CHECKING:
    from conftest import Builder, RowsOf

MAIN = [sys.executable, "-m", "nimbus.cli.main"]


def nimbus(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Call the command line in a process of its own."""
    return subprocess.run([*MAIN, *map(str, arguments)], check=False, capture_output=True, text=True)


def test_dataset_prints_a_path_a_line(root: Path) -> None:
    """Nothing but the paths is on stdout, in their order."""
    done = nimbus("dataset", root)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, dataset(root), "")


def test_dataset_as_json_names_the_run(root: Path, run_name: str) -> None:
    """One object with the schema's version."""
    said = json.loads(nimbus("dataset", root, "--json").stdout)
    assert (said["schema_version"], said["run"], said["files"]) == (1, run_name, dataset(root))


def test_nothing_quarantined_is_no_failure(root: Path) -> None:
    """An empty list is empty on stdout; the sentence goes to stderr."""
    done = nimbus("dataset", root, "--quarantined")
    assert (done.returncode, done.stdout) == (0, "")
    assert "quarantined no document" in done.stderr


def test_a_named_run_is_listed(build: Builder, example_rows: RowsOf) -> None:
    """--run takes any finished run."""
    root = build(example_rows(1), run="manual-1", publish=False)
    assert nimbus("dataset", root).returncode == 2
    assert nimbus("dataset", root, "--run", "manual-1").stdout.count("\n") == 1


def test_export_says_where_it_wrote(root: Path, tmp_path: Path) -> None:
    """The target is on stdout, the sentence on stderr."""
    target = tmp_path / "rows.csv"
    done = nimbus("export", root, "--to", target)
    assert (done.returncode, done.stdout) == (0, f"{target}\n")
    assert "70 rows" in done.stderr


def test_export_as_json_counts(root: Path, tmp_path: Path, run_name: str) -> None:
    """One object: run, release, rows, target."""
    said = json.loads(nimbus("export", root, "--to", f"sqlite:{tmp_path}/a.db", "--table", "t", "--json").stdout)
    assert (said["run"], said["rows"], said["release"]) == (run_name, 70, "r1")
    assert said["target"] == f"sqlite:///{tmp_path}/a.db table t"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--to", "rows.xlsx"], 2),
        (["--to", "{tmp}/rows.csv", "--replace", "--append"], 2),
        (["--to", "{tmp}/none/rows.csv"], 1),
        (["--to", "{tmp}/rows.csv", "--run", "other"], 2),
        ([], 2),
    ],
)
def test_a_failure_never_exits_with_zero(root: Path, tmp_path: Path, arguments: list[str], code: int) -> None:
    """2 for what the call asks, 1 for what the machine refuses; no stack trace."""
    done = nimbus("export", root, *(argument.format(tmp=tmp_path) for argument in arguments))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["dataset", "export"])
def test_help_and_lists_import_nothing_heavy(root: Path, verb: str) -> None:
    """Neither pyarrow nor SQLAlchemy is loaded before it is used."""
    arguments = ["dataset", str(root)] if verb == "dataset" else ["export", "--help"]
    code = (
        f"import sys; from nimbus.cli.main import nimbus; nimbus({arguments!r}, standalone_mode=False);"
        "sys.exit(bool({'pyarrow', 'sqlalchemy', 'psycopg', 'spacy', 'zstandard'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_file_is_exported_without_the_databases_libraries(root: Path, tmp_path: Path) -> None:
    """Who writes files needs no extra."""
    code = (
        "import sys; sys.modules.update(sqlalchemy=None, psycopg=None); from nimbus import assembly;"
        f"assembly.export({str(root)!r}, {str(tmp_path / 'rows.jsonl')!r})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

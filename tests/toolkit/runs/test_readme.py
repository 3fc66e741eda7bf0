"""What the README promises of a run, typed as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nimbus
from nimbus import demo

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the README's two commands were typed, with the demo's pipeline and texts."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "training").mkdir()
    (folder / "training" / "model-best").symlink_to(demo.PIPELINES / "support_cnn")
    text = demo.TEXTS.read_text("utf-8").replace('"text"', '"body"')
    (folder / "mails.jsonl").write_text("".join(text.splitlines(keepends=True)[:40]), "utf-8")
    commands = re.findall(r"^    (nimbus (?:compile|run) [^#\n]*)", README.read_text("utf-8"), re.MULTILINE)
    for command in commands[:2]:
        _type(command, folder)
    return folder


def _type(command: str, folder: Path) -> None:
    arguments = shlex.split(command)[1:]
    subprocess.run([sys.executable, "-m", "nimbus.cli.main", *arguments], cwd=folder, check=True)


@pytest.mark.parametrize("library", ["pandas", "polars", "duckdb"])
def test_every_way_to_read_a_dataset_works(folder: Path, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the README's Python reads all documents of the published dataset."""
    module = pytest.importorskip(library)
    line = next(line for line in README.read_text("utf-8").splitlines() if line.startswith(f"{library}.read_parquet"))
    monkeypatch.chdir(folder)
    assert len(eval(line, {library: module, "nimbus": nimbus})) == 40  # noqa: S307 - the README's own line


def test_every_way_to_export_a_dataset_works(folder: Path) -> None:
    """Each export of the README that needs no server writes its target."""
    commands = re.findall(r"^    (nimbus export [^#\n]*)", README.read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 3
    for command in commands[:2]:
        _type(command, folder)
    assert (folder / "predictions.parquet").is_file()
    assert (folder / "predictions.db").is_file()

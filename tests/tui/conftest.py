"""A project whose local environment was really built: two releases of the demo's pipeline, a run of each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nimbus import demo

_TEXTS = 60
_FILE = """\
[pipeline]
name = "support"
source = "{source}"

[input]
paths = ["texts.jsonl"]
id_field = "id"

[output]
max_quarantine = {share}

[schedule]
expression = "cron(0 2 * * ? *)"

[environments.staging]
root = "{staging}"
protected = true
"""


def nimbus(folder: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run a verb in a folder; it ends with one of these codes."""
    done = subprocess.run(
        [sys.executable, "-m", "nimbus.cli.main", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode in codes, done.stderr
    return done.stdout


def write_project(folder: Path, share: float) -> None:
    """Write a project's file; another share makes another release of the same bundle."""
    source = (demo.PIPELINES / "support_cnn").as_posix()
    (folder / "nimbus.toml").write_text(_FILE.format(source=source, share=share, staging=".nimbus/local"), "utf-8")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with two releases, each of which has published a dataset."""
    folder = tmp_path_factory.mktemp("built")
    texts = demo.TEXTS.read_text("utf-8").splitlines()[:_TEXTS]
    broken = json.dumps({"id": "[red]not a text[/]\u202e\u001b[2J", "text": 5})
    (folder / "texts.jsonl").write_text("\n".join([*texts, broken]) + "\n", "utf-8")
    for share in (0.1, 0.2):
        write_project(folder, share)
        nimbus(folder, "deploy", "--yes", "--no-gate", "--reason", f"tolerates {share}")
        nimbus(folder, "run", "--env", "local", "--quiet")
    return folder


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the built project, to be changed."""
    folder = tmp_path / "project"
    shutil.copytree(built, folder)
    return folder

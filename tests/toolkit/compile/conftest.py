"""Saved pipelines and the command line, for the tests of compiling."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.toolkit.compile import saved

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a saved CNN pipeline, to be copied before it is changed."""
    return saved.save_cnn(tmp_path_factory.mktemp("cnn") / "model-best")


@pytest.fixture(scope="session")
def trf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a saved transformer pipeline, to be copied before it is changed."""
    return saved.save_trf(tmp_path_factory.mktemp("trf") / "model-best")


@pytest.fixture(scope="session")
def nimbus() -> Run:
    """Return a function that runs the command line in a process of its own."""

    def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nimbus.cli.main", *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run

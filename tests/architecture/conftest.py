"""The checkout: its root, the files it is made of, and a Python to ask."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Project = dict[str, Any]
ModulesAfter = Callable[[str], set[str]]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Return the folder of the root pyproject.toml."""
    return ROOT


@pytest.fixture(scope="session")
def root_project() -> Project:
    """Return the root pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def runtime_project() -> Project:
    """Return the pyproject.toml of the slim wheel."""
    return tomllib.loads((ROOT / "inference_image" / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def modules_after() -> ModulesAfter:
    """Return a function that runs code in a new Python and returns the names of what it imported."""

    def ask(code: str) -> set[str]:
        at_exit = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
        command = [sys.executable, "-c", f"{at_exit}; {code}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return set(done.stderr.split())

    return ask

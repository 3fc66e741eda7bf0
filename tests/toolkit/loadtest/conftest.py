"""The locust files' own modules, which import each other by name, and bundles to put under load."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from tests.faults import bundles

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def locust_module() -> Callable[[str], ModuleType]:
    """Return a function that imports one that needs no locust."""

    def load(name: str) -> ModuleType:
        sys.path.insert(0, str(ROOT / "loadtest"))
        try:
            return importlib.import_module(name)
        finally:
            sys.path.remove(str(ROOT / "loadtest"))

    return load


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a bundle of spaCy's own components."""
    return bundles.build(tmp_path_factory.mktemp("plain"))

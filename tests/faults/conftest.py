"""Bundles that all fault tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import bundles


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a bundle of spaCy's own components."""
    return bundles.build(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def foreign(plain: bundles.Built, tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a bundle with a component that raises, dies, hoards or waits on certain words."""
    return bundles.build_foreign(plain, tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder to publish in."""
    return tmp_path / "root"

"""Bundles of a live release and of candidates, each compiled once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixtures import candidates


@pytest.fixture(scope="session")
def live_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle that is live."""
    return candidates.build(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="session")
def same_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that says what live says."""
    return candidates.build(tmp_path_factory.mktemp("same"), version="1.1.0")


@pytest.fixture(scope="session")
def swapped_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that calls persons places."""
    return candidates.build(tmp_path_factory.mktemp("swapped"), version="1.2.0", person="PLACE", place="PERSON")


@pytest.fixture(scope="session")
def failing_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that fails on every third document."""
    return candidates.build(tmp_path_factory.mktemp("failing"), version="1.3.0", fails="third")


@pytest.fixture(scope="session")
def slow_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a candidate that takes a twentieth of a second more for each document."""
    return candidates.build(tmp_path_factory.mktemp("slow"), version="1.4.0", seconds=0.05)

"""Roots for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import DirectoryStore, S3Store, Store


@pytest.fixture
def root(tmp_path: Path) -> DirectoryStore:
    """Return an empty root in a folder."""
    return DirectoryStore(tmp_path / "root")


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, root: DirectoryStore) -> Iterator[Store]:
    """Return an empty root of each kind."""
    if request.param == "directory":
        yield root
        return
    yield S3Store(Bucket(request.getfixturevalue("bucket")), "support")

"""Empty roots of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import DirectoryStore, S3Store, Store


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty root of each kind."""
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "root")
    else:
        yield S3Store(Bucket(request.getfixturevalue("bucket")), "support")

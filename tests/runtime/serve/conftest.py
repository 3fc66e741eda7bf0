"""A server that most of these tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import Server, serving

from nimbus.compile.compile import compile_pipeline
from nimbus.compile.source import find
from nimbus.demo import PIPELINES


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's transformer pipeline, compiled."""
    path = tmp_path_factory.mktemp("serve") / "bundle"
    with find(str(PIPELINES / "support_trf")) as source:
        compile_pipeline(source, path)
    return path


@pytest.fixture(scope="session")
def server(bundle: Path) -> Iterator[Server]:
    """Return a warm server of it."""
    with serving(bundle) as running:
        yield running

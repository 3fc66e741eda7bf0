"""Both examples, applied once a process, and pipelines of theirs with a release."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import bundles

from .applying import Examples
from .example import Example
from .pipeline import Pipeline, deploy, empty, stop


@pytest.fixture(scope="session")
def minimal(examples: Examples) -> Example:
    """Return the smallest example, applied as it stands."""
    return examples.minimal.result().example


@pytest.fixture(scope="session")
def complete(examples: Examples) -> Example:
    """Return the example of several pipelines, applied as it stands."""
    return examples.complete.result().example


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle."""
    return bundles.build(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def pipeline(
    minimal: Example, plain: bundles.Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """Return the pipeline of the smallest example with a release, and nothing else in its bucket."""
    with deployed(
        Pipeline(minimal.aws, minimal.output("environment"), tmp_path / "in", plain), monkeypatch
    ) as pipeline:
        yield pipeline


@pytest.fixture
def overlapping(
    complete: Example, plain: bundles.Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """Return a pipeline whose runs may overlap, with a release."""
    outputs = complete.output("environment")["fr_chat"]
    with deployed(Pipeline(complete.aws, outputs, tmp_path / "in", plain), monkeypatch) as pipeline:
        yield pipeline


@contextmanager
def deployed(pipeline: Pipeline, patch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Have a release in a pipeline for a while."""
    for name in [each for each in os.environ if each.startswith("OPENBLAS_")]:
        patch.delenv(name)  # no task is told of it, and the last bits of numpy's products depend on it
    for name, value in pipeline.aws.environment().items():
        patch.setenv(name, value)
    deploy(pipeline)
    pipeline.aws.pause = 0.01
    try:
        yield pipeline
    finally:
        pipeline.aws.pause = 1.0
        pipeline.aws.faults.clear()
        pipeline.aws.fargate.images.clear()
        stop(pipeline)
        empty(pipeline)

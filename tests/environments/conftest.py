"""Environments that every rule of this folder is tried in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environments.environment import TEXTS, Environment, Local
from tests.faults import bundles

NIMBUS_TOML = """
[pipeline]
name = "en_support"
source = "original"

[input]
paths = ["inputs/*.jsonl"]
id_field = "id"

[output]
format = "jsonl"

[schedule]
expression = "cron(0 2 * * ? *)"
"""


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> bundles.Built:
    """Return a small bundle whose component can be held at a gate."""
    folder = tmp_path_factory.mktemp("environments")
    return bundles.build_foreign(bundles.build(folder / "plain"), folder / "foreign")


@pytest.fixture(params=["local"])
def environment(foreign: bundles.Built, tmp_path: Path) -> Iterator[Environment]:
    """Return an environment with inputs and a release that is live."""
    (tmp_path / "nimbus.toml").write_text(NIMBUS_TOML, encoding="utf-8")
    environment = Local(tmp_path, foreign)
    environment.write_inputs(TEXTS)
    environment.deploy()
    yield environment
    environment.gate.open()

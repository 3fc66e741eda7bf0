"""Environments that every rule of this folder is tried in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.environments.environment import TEXTS, Environment, Local
from tests.environments.people import DEPLOYER
from tests.faults import bundles, command
from tests.terraform.conftest import Terraform, provider, terraform

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws
    from tests.environments.cloud import Cloud

__all__ = ["provider", "terraform"]

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


@pytest.fixture(scope="module")
def applied(
    provider: Terraform, local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Make an environment as a user would, and return Terraform's folder and outputs."""
    del provider  # it can be had, or these tests are skipped
    folder = tmp_path_factory.mktemp("applied")
    (folder / "nimbus.toml").write_text(NIMBUS_TOML, encoding="utf-8")
    local_aws.reset()
    given = ("--env", "cloud", "--config", folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_aws.environment().items():
            patch.setenv(name, value)
        for verb in (("init", "--region", "eu-west-1"), ("apply", "--yes")):
            done = command.nimbus("infra", *verb, *given)
            assert done.code == 0, done.err
        yield folder / "infra" / "cloud", json.loads(command.nimbus("infra", "output", *given).out)["environment"]
    local_aws.reset()


@pytest.fixture
def deployer(
    applied: tuple[Path, dict[str, Any]], local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, dict[str, Any]]:
    """Let what is typed be signed by somebody who may deploy, and not change what Terraform made; return `applied`."""
    for name, value in local_aws.environment(role=DEPLOYER).items():
        monkeypatch.setenv(name, value)
    return applied


@pytest.fixture(params=["local", "aws"])
def environment(request: pytest.FixtureRequest, foreign: bundles.Built, tmp_path: Path) -> Iterator[Environment]:
    """Return an environment with inputs and a release that is live."""
    (tmp_path / "nimbus.toml").write_text(NIMBUS_TOML, encoding="utf-8")
    if request.param == "local":
        local = Local(tmp_path, foreign)
        _fill(local)
        yield local
        local.gate.open()
        return
    cloud = request.getfixturevalue("cloud")
    _fill(cloud)
    yield cloud


@pytest.fixture
def cloud(
    deployer: tuple[Path, dict[str, Any]], local_aws: LocalAws, foreign: bundles.Built, tmp_path: Path
) -> Iterator[Cloud]:
    """Return the environment on AWS, with nothing in it."""
    from tests.environments.cloud import CLOUD, Cloud  # noqa: PLC0415 - needs moto

    folder, outputs = deployer
    cloud = Cloud(tmp_path, foreign, local_aws, outputs)
    text = NIMBUS_TOML + CLOUD.format(terraform=folder, bucket=cloud.bucket)
    (tmp_path / "nimbus.toml").write_text(text, encoding="utf-8")
    yield cloud
    cloud.clear()


def _fill(environment: Environment) -> None:
    environment.write_inputs(TEXTS)
    environment.deploy()

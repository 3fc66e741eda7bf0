"""Environments that can be opened: from the file alone, or from what Terraform says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nimbus.config import Environment, Kind, Outputs, load, resolving
from nimbus.config.errors import ConfigInvalidError, EnvironmentIncompleteError

from .projects import OUTPUTS, in_toml, write

BY_TERRAFORM = "[environments.production]\nkind = 'aws'\nprotected = true\nterraform = 'infra'\n"


def resolve(file: Path, environment: str | None = None, outputs: dict[str, Any] | None = None) -> Environment:
    """Return an environment where Terraform's outputs are `outputs`."""
    return resolving.resolve(load(file, environment, variables={}), lambda _: outputs or {})


def test_a_local_environment_is_a_folder_beside_the_file(tmp_path: Path) -> None:
    """Its root is absolute, whatever folder the verb is called in."""
    assert resolve(write(tmp_path)).root == str(tmp_path / ".nimbus" / "local")
    assert resolve(write(tmp_path, "[environments.local]\nroot = 'scored'\n")).root == str(tmp_path / "scored")


def test_the_outputs_in_the_file_are_enough(tmp_path: Path) -> None:
    """What `terraform output -raw nimbus_toml` prints can be put there as it stands; no Terraform is needed then."""
    text = f"[environments.production]\nkind = 'aws'\n[environments.production.outputs]\n{in_toml(OUTPUTS)}"
    environment = resolve(write(tmp_path, text), "production")
    assert environment.kind is Kind.AWS
    assert environment.root == OUTPUTS["root"]
    assert environment.region == "eu-west-1"
    assert environment.outputs == Outputs(**OUTPUTS)


@pytest.mark.parametrize("by_name", [False, True])
def test_terraform_is_asked_for_what_the_file_does_not_say(tmp_path: Path, by_name: bool) -> None:
    """Whether a configuration has one pipeline, or says of several by their names."""
    (tmp_path / "infra").mkdir()
    block = {"kind": "aws", "added_later": 1, **OUTPUTS}
    outputs = {"environment": {"en_support": block, "de_contracts": {}} if by_name else block}
    environment = resolve(write(tmp_path, BY_TERRAFORM), "production", outputs)
    assert environment == Environment(
        name="production",
        kind=Kind.AWS,
        root=OUTPUTS["root"],
        protected=True,
        region="eu-west-1",
        outputs=Outputs(**OUTPUTS),
    )


@pytest.mark.parametrize(
    ("text", "folder", "outputs", "words"),
    [
        ("[environments.production]\nkind = 'aws'\n", False, {}, "infra init"),
        (BY_TERRAFORM, False, {}, "infra init"),
        (BY_TERRAFORM, True, {}, "infra apply"),
        (BY_TERRAFORM, True, {"environment": {"de_contracts": OUTPUTS}}, "infra apply"),
    ],
)
def test_an_environment_that_is_not_made_yet_says_what_makes_it(
    tmp_path: Path, text: str, folder: bool, outputs: dict[str, Any], words: str
) -> None:
    """Not written, or not applied, or applied for other pipelines."""
    if folder:
        (tmp_path / "infra").mkdir()
    with pytest.raises(EnvironmentIncompleteError) as refusal:
        resolve(write(tmp_path, text), "production", outputs)
    assert words in str(refusal.value.remedy)


def test_outputs_of_an_older_module_are_refused_by_what_they_lack(tmp_path: Path) -> None:
    """A missing one would surface much later, in the middle of a deployment."""
    (tmp_path / "infra").mkdir()
    older = {key: value for key, value in OUTPUTS.items() if key != "release_family"}
    with pytest.raises(ConfigInvalidError, match="release_family is missing"):
        resolve(write(tmp_path, BY_TERRAFORM), "production", {"environment": older})

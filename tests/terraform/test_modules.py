"""Rules of the Terraform modules and examples: what Terraform itself says of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .conftest import Terraform
from .tables import FOLDERS, MODULES, name

EXAMPLES = [folder for folder in FOLDERS if folder.parent.name == "examples"]


def test_every_file_is_formatted(terraform: Terraform) -> None:
    """`terraform fmt` has nothing to change."""
    done = terraform.run("fmt", "-check", "-diff", "-recursive", "-no-color", inside=terraform.folder)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("folder", EXAMPLES, ids=name)
def test_an_example_is_valid_with_all_its_modules(folder: Path, provider: Terraform) -> None:
    """Every name, type and reference is one that Terraform and the provider know; each module is in each example."""
    text = (folder / "main.tf").read_text(encoding="utf-8")
    called = [module.name for module in MODULES if f"../../modules/{module.name}" in text]
    assert called == [module.name for module in MODULES]
    done = provider.run("validate", "-no-color", inside=provider.at(name(folder)))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=name)
def test_a_module_keeps_its_rules(folder: Path, provider: Terraform) -> None:
    """Every run of the module's own tests passes: what it makes, and which values it refuses."""
    done = provider.run("test", "-no-color", inside=provider.at(name(folder)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


@pytest.mark.parametrize("folder", EXAMPLES, ids=name)
def test_the_backend_of_an_example_is_one(folder: Path, provider: Terraform, tmp_path: Path) -> None:
    """`backend.tf.example` needs another name and a bucket, and locks without a table."""
    text = (folder / "backend.tf.example").read_text(encoding="utf-8")
    assert "use_lockfile = true" in text
    shutil.copy(folder / "backend.tf.example", tmp_path / "backend.tf")
    done = provider.run("init", "-backend=false", "-no-color", inside=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    done = provider.run("validate", "-no-color", inside=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr

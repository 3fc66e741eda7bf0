"""Rules of the Terraform modules and examples: what Terraform itself says of them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .conftest import Terraform
from .tables import FOLDERS, MODULES, name

RULES = [path for folder in FOLDERS for path in sorted(folder.glob("tests/*.tftest.hcl"))]
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


@pytest.mark.parametrize("rules", RULES, ids=name)
def test_a_module_keeps_its_rules(rules: Path, provider: Terraform) -> None:
    """Every run of a module's own tests passes: what it makes, what its policies say, which values it refuses."""
    inside = provider.at(name(rules.parents[1]))
    done = provider.run("test", "-no-color", f"-filter=tests/{rules.name}", inside=inside)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* passed, 0 failed", done.stdout)


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

"""Rules of what starting costs: which libraries a new process has not imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from nimbus.cli.main import SECTIONS

if TYPE_CHECKING:
    from conftest import ModulesAfter

HEAVY = {
    "alibi_detect",
    "boto3",
    "fastapi",
    "locust",
    "numpy",
    "onnx",
    "onnxruntime",
    "pyarrow",
    "rich",
    "spacy",
    "sqlalchemy",
    "textual",
    "thinc",
    "tokenizers",
    "torch",
    "transformers",
    "uvicorn",
}
VERBS = [verb for verbs in SECTIONS.values() for verb in verbs]


def command(*arguments: str) -> str:
    """Return the code that calls the command line in its own process."""
    return f"sys.argv = {['nimbus', *arguments]!r}; from nimbus.cli.main import main; main()"


def test_the_overview_imports_nothing_heavy(modules_after: ModulesAfter) -> None:
    """`nimbus --help` answers at once."""
    imported = modules_after(command("--help"))
    assert "nimbus.cli.main" in imported
    assert not HEAVY & imported


@pytest.mark.parametrize("verb", VERBS)
def test_a_verbs_help_imports_nothing_heavy(verb: str, modules_after: ModulesAfter) -> None:
    """What a verb needs is imported when it works, not when it is asked about."""
    assert not HEAVY & modules_after(command(verb, "--help"))


LIGHT = ["nimbus", "nimbus.assembly", "nimbus_runtime", "nimbus_runtime.supervisor"]


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_imports_nothing_heavy(module: str, modules_after: ModulesAfter) -> None:
    """A scheduler or a supervisor that imports Nimbus stays small; only workers hold pipelines."""
    imported = modules_after(f"import {module}")
    assert module in imported
    assert not HEAVY & imported


def test_records_import_the_standard_library_only(modules_after: ModulesAfter) -> None:
    """Nothing beyond Python itself is loaded to read a record."""
    before = modules_after("pass")
    imported = modules_after("import nimbus_runtime.contract.records, nimbus_runtime.contract.codec") - before
    roots = {name.split(".")[0] for name in imported}
    assert roots - sys.stdlib_module_names == {"nimbus_runtime"}
    assert {".".join(name.split(".")[:2]) for name in imported if name.startswith("nimbus_runtime.")} == {
        "nimbus_runtime.contract"
    }

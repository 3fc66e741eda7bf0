"""Rules of who may import whom. The contracts themselves stand in pyproject.toml, each with its reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

CONTRACT = "nimbus_runtime.contract"


def test_every_layering_contract_is_kept(checkout: Path) -> None:
    """`lint-imports` finds nothing, lazy imports and those for types included."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-logo"], cwd=checkout, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_contract_imports_only_the_standard_library_and_itself() -> None:
    """Whoever speaks the protocol pays for nothing else, wherever in a module the import stands."""
    graph = grimp.build_graph("nimbus_runtime", include_external_packages=True)
    modules = {CONTRACT, *graph.find_descendants(CONTRACT)}
    imported = set().union(*map(graph.find_modules_directly_imported_by, modules))
    foreign = {name for name in imported - modules if name.split(".")[0] not in sys.stdlib_module_names}
    assert not foreign

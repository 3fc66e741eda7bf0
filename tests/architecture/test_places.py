"""Rules of what a tracked file may name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def test_no_tracked_file_names_a_machines_folder_or_a_registry(checkout: Path) -> None:
    """What is checked in works on every machine, with any index."""
    script = checkout / "tests" / "architecture" / "places.py"
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "line",
    [
        "see /home/someone/nimbus",
        "path = /Users/someone/x",
        "--index-url https://packages.example.com/simple",
        "https://files.pythonhosted" + ".org/packages/x",
        "url = https://mirror.example.com/api/pypi/all",
        "file:///srv/wheels/",
    ],
)
def test_a_folder_or_a_registry_is_found(line: str, checkout: Path, tmp_path: Path) -> None:
    """The check itself fails where it should."""
    folder = tmp_path / "checkout"
    script = folder / "tests" / "architecture" / "places.py"
    script.parent.mkdir(parents=True)
    script.write_bytes((checkout / "tests" / "architecture" / "places.py").read_bytes())
    (folder / "notes.md").write_text(f"first\n{line}\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    done = subprocess.run([sys.executable, script], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("notes.md:2: ")

"""terraform/readme.py as a module: its reading of our files is what the tests look at them with."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"
KEPT_OUT = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*")
"""What of it is no file of ours."""


def load() -> ModuleType:
    """Import the script by its path; it is part of no package."""
    spec = importlib.util.spec_from_file_location("terraform_readme", TERRAFORM / "readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


readme = load()
MODULES = [folder for folder in readme.folders() if folder.parent.name == "modules"]
FOLDERS = readme.folders()


def name(folder: Path) -> str:
    """Return a folder's name as tests are called by."""
    return str(folder.relative_to(TERRAFORM))

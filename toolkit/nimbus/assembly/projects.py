"""Beginning a project."""

from __future__ import annotations

from pathlib import Path

from nimbus import assembly
from nimbus.compile.inspect import Description
from nimbus.config import Project
from nimbus.projects import write
from nimbus.projects.write import Beginning


def describe(pipeline: str) -> Description:
    """Return what a trained pipeline holds, and what would compile."""
    return assembly.inspect(pipeline)


def begin(folder: Path, beginning: Beginning, *, replace: bool) -> Project:
    """Write a project's file, and return what it says."""
    return write.write(folder, beginning, replace=replace)

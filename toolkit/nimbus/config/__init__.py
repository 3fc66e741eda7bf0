"""`nimbus.toml`: what a pipeline reads and writes, when, within which limits, and where it runs.

Each section of the file is a frozen dataclass whose fields are the keys; whoever owns a section
adds its class, and a field in `project.Sections`. Reading, refusing unknown keys, variables of the
process's environment and the published JSON Schema follow from that.
"""

from __future__ import annotations

from nimbus.config.environments import Environment, Kind, Outputs
from nimbus.config.load import load
from nimbus.config.project import Project

__all__ = ["Environment", "Kind", "Outputs", "Project", "load"]

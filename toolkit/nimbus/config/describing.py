"""Adds to `nimbus.toml` without touching what stands there: comments and order are its owner's."""

from __future__ import annotations

import re

from nimbus.config.errors import ConfigInvalidError
from nimbus.config.project import Project

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PROTECTED = ("prod", "production", "live")


def describe(project: Project, environment: str) -> bool:
    """Append an environment on AWS to the file, unless it is described; return whether it was written."""
    if environment in project.environments:
        return False
    if not _NAME.fullmatch(environment):
        raise ConfigInvalidError(
            "this is no name for an environment", got=environment, expected="letters, digits, hyphens and underscores"
        )
    protected = str(environment.lower() in _PROTECTED).lower()
    text = project.file.read_text(encoding="utf-8").rstrip("\n")
    block = f'[environments.{environment}]\nkind = "aws"\nprotected = {protected}\n'
    project.file.write_text(f"{text}\n\n{block}", encoding="utf-8")
    return True

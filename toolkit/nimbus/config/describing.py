"""Adds to `nimbus.toml` without touching what stands there: comments and order are its owner's.

What could not be read afterwards is not written.
"""

from __future__ import annotations

import re

from nimbus.config import writing
from nimbus.config.errors import ConfigInvalidError, ConfigUnreadableError
from nimbus.config.load import parse
from nimbus.config.project import Project

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PROTECTED = ("prod", "production", "live")


def describe(project: Project, environment: str) -> bool:
    """Append an environment on AWS to the file, unless it is described; return whether it was written."""
    if environment in project.environments:
        return False
    if not _NAME.fullmatch(environment):
        raise ConfigInvalidError(
            "this is no name for an environment",
            got=environment,
            expected="letters, digits, hyphens and underscores",
            remedy="choose another name, such as production",
        )
    protected = str(environment.lower() in _PROTECTED).lower()
    block = f'[environments.{environment}]\nkind = "aws"\nprotected = {protected}\n'
    text = project.file.read_text(encoding="utf-8").rstrip("\n") + f"\n\n{block}"
    try:
        parse(text, project.file, environment)
    except ConfigUnreadableError as error:
        raise ConfigInvalidError(
            "an environment cannot be added at the end of this file",
            where=str(project.file),
            got=error.what.removeprefix("this file is not TOML: "),
            expected=f"environments as tables of their own, such as [environments.{environment}]",
            remedy="write those that are there like that, or describe the new one beside them by hand",
        ) from None
    writing.replace(project.file, text)
    return True

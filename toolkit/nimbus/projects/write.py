"""The text of a first nimbus.toml: what was found, and beside it what could be said besides."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from nimbus.config import Project, writing
from nimbus.config.load import FILE, SCHEMA_VERSION, parse
from nimbus_runtime.contract.errors import UsageError

_LONGEST = 24


class ProjectExistsError(UsageError):
    """There is a nimbus.toml already."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a project begins with."""

    name: str
    source: str
    inputs: tuple[str, ...]
    text_field: str = "text"
    id_field: str | None = None
    schedule: str | None = None
    time_zone: str = "UTC"


def name_of(pipeline: str) -> str:
    """Return a pipeline's name as resources can have it."""
    plain = re.sub(r"[^a-z0-9]+", "_", pipeline.lower()).strip("_")
    if not plain:  # nothing but letters that resources cannot have
        return "pipeline"
    plain = plain if plain[:1].isalpha() and len(plain) > 1 else f"p_{plain}"
    return plain[:_LONGEST].rstrip("_")


def text(beginning: Beginning) -> str:
    """Return the file."""
    id_field = f"id_field = {_toml(beginning.id_field)}" if beginning.id_field else '# id_field = "id"'
    if beginning.schedule:
        schedule = f"[schedule]\nexpression = {_toml(beginning.schedule)}\ntime_zone = {_toml(beginning.time_zone)}\n"
    else:
        schedule = (
            '# [schedule]\n# expression = "cron(0 2 * * ? *)"  # every night at two\n# time_zone = "Europe/Berlin"\n'
        )
    return f"""schema_version = {SCHEMA_VERSION}

[pipeline]
name = {_toml(beginning.name)}
source = {_toml(beginning.source)}

[input]
paths = [{", ".join(map(_toml, beginning.inputs))}]
text_field = {_toml(beginning.text_field)}
{id_field}

[output]
# annotations = ["ents", "cats"]  # all that the pipeline assigns, unless some are named
max_quarantine = 0.1  # share of the documents that may fail

{schedule}
[environments.local]
root = "scored"
"""


def expect_none(folder: Path) -> None:
    """Refuse a folder that has a project already."""
    file = folder / FILE
    if file.exists():
        raise ProjectExistsError(
            f"there is a {FILE} here already",
            where=str(file),
            remedy="look at it with `nimbus config show`, and change it by hand; --replace writes it anew, "
            "and what it says now, environments among it, is lost",
        )


def write(folder: Path, beginning: Beginning, *, replace: bool) -> Project:
    """Write the file into a folder, and return what it says; what could not be read is not written.

    One that is there is kept, unless it is to be replaced.
    """
    if not replace:
        expect_none(folder)
    file = folder / FILE
    told = text(beginning)
    project = parse(told, file.absolute(), variables={})
    writing.replace(file, told)
    return project


def _toml(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)

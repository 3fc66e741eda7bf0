"""Reads `nimbus.toml`: flag before variable before environment's section before file before default."""

from __future__ import annotations

import os
import tomllib
import types
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import fields
from pathlib import Path
from typing import Any

from nimbus.config import reading
from nimbus.config.environments import Described
from nimbus.config.errors import (
    ConfigInvalidError,
    ConfigNewerError,
    ConfigNotFoundError,
    ConfigUnreadableError,
    EnvironmentUnknownError,
)
from nimbus.config.layers import Layers
from nimbus.config.project import NAMES, Project

FILE = "nimbus.toml"
SCHEMA_VERSION = 1
LOCAL = "local"  # the environment that is there without being described, and is meant without being named
FLAGS: ContextVar[Mapping[str, str]] = ContextVar("flags", default=types.MappingProxyType({}))
"""What this process's command line has set; each verb that reads a project sees it."""
TOP = ("schema_version", *NAMES, "environments")


def load(
    file: Path | None = None,
    environment: str | None = None,
    *,
    variables: Mapping[str, str] = os.environ,
    flags: Mapping[str, str] | None = None,
) -> Project:
    """Return the file as it holds in an environment.

    Without `file`, the working folder and those above it are looked through. NIMBUS_CONFIG and
    NIMBUS_ENV stand for arguments that are not given. `flags` are texts by the dotted names of keys,
    such as input.paths; without them, those of the command line. The sections of every environment
    are checked, not only those that are wanted.
    """
    found = _find(file or (Path(variables["NIMBUS_CONFIG"]) if variables.get("NIMBUS_CONFIG") else None))
    return parse(_text(found), found, environment, variables=variables, flags=flags)


def parse(
    text: str,
    found: Path,
    environment: str | None = None,
    *,
    variables: Mapping[str, str] = os.environ,
    flags: Mapping[str, str] | None = None,
) -> Project:
    """Return what a text says in an environment, as if the file held it; see `load`."""
    tables = _tables(text, found)
    described = _environments(tables, found)
    chosen = environment or variables.get("NIMBUS_ENV") or LOCAL
    if chosen not in described:
        raise EnvironmentUnknownError(
            f"there is no environment {chosen!r}",
            where=f"{found}: environments",
            expected=f"one of {', '.join(described)}",
            remedy=f"name one of these, or describe it (on AWS: `nimbus infra init --env {chosen}`)",
        )
    layers = {name: _layers(tables, found, name) for name in described}
    for name, layer in layers.items():
        if name != chosen:
            layer.sections()
    wanted = layers[chosen]
    wanted.add_variables(variables)
    wanted.add_flags(FLAGS.get() if flags is None else flags)
    sections = wanted.sections()
    return Project(
        **{section.name: getattr(sections, section.name) for section in fields(sections)},
        file=found,
        environment=chosen,
        environments=described,
        origins={".".join(path): where for path, where in wanted.origins.items()},
    )


def _find(file: Path | None) -> Path:
    if file is not None:
        place = file / FILE if file.is_dir() else file
        if place is not file and not place.is_file():
            raise _not_found(file)
        if not place.is_file():
            raise ConfigNotFoundError(
                f"there is no file {place.name}",
                where=str(place.absolute()),
                expected=f"the {FILE} of a project, or its folder, as --config or NIMBUS_CONFIG names it",
                remedy="check the path, or leave it out to use that of this folder or of one above it",
            )
        return place.absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise _not_found(here)


def _not_found(where: Path) -> ConfigNotFoundError:
    return ConfigNotFoundError(
        f"there is no {FILE} here",
        where=str(where),
        expected=f"{FILE} in this folder or one above it, or the file that --config names",
        remedy="`nimbus init` writes one; or go to the project's folder",
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else f"is not TOML: {error}"
        raise ConfigUnreadableError(f"this file {why}", where=str(file), remedy="mend it there") from None


def _tables(text: str, file: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(text)
    except ValueError as error:
        raise ConfigUnreadableError(
            f"this file is not TOML: {error}", where=str(file), remedy="mend it there"
        ) from None
    version = tables.get("schema_version", SCHEMA_VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigInvalidError(
            "schema_version is not one",
            where=str(file),
            got=repr(version),
            expected=str(SCHEMA_VERSION),
            remedy=f"write schema_version = {SCHEMA_VERSION}",
        )
    if version > SCHEMA_VERSION:
        raise ConfigNewerError(
            "this file was written for a later version of Nimbus",
            where=str(file),
            got=f"schema_version = {version}",
            expected=f"schema_version = {SCHEMA_VERSION}",
            remedy="install that version of Nimbus, or a later one",
        )
    for name in tables:
        if name not in TOP:
            raise reading.unknown("section", name, TOP, str(file))
    return tables


def _environments(tables: dict[str, Any], file: Path) -> dict[str, Described]:
    """Return every environment that is described, and the local one."""

    def origin(path: reading.Path) -> str:
        return f"{file}: {'.'.join(path)}"

    given = tables.get("environments", {})
    if not isinstance(given, dict):
        raise ConfigInvalidError(
            "environments are tables",
            where=origin(("environments",)),
            expected="[environments.NAME]",
            remedy="write each as a table of its own",
        )
    described = {LOCAL: Described()}
    for name, table in given.items():
        described[name] = reading.read(Described, table, ("environments", name), origin, beside=NAMES)
    return described


def _layers(tables: dict[str, Any], file: Path, environment: str) -> Layers:
    layers = Layers(str(file))
    layers.add_tables(tables)
    layers.add_tables(tables.get("environments", {}).get(environment, {}), f"environments.{environment}.")
    return layers

"""Sections as several places give them, one over the other, and where each value came from."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from enum import Enum
from typing import Any

from nimbus.config import reading
from nimbus.config.project import NAMES, Sections

_PREFIX = "NIMBUS_"


@dataclass(slots=True)
class Layers:
    """Values so far; what is added later goes before what was there. `file` is named for what nobody gave."""

    file: str
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[reading.Path, str] = field(default_factory=dict)

    def add_tables(self, tables: Mapping[str, Any], below: str = "") -> None:
        """Add sections of the file, or those `below` an environment."""
        for name in NAMES:
            if name in tables:
                self._merge(self.values, name, tables[name], (name,), f"{self.file}: {below}")

    def add_variables(self, variables: Mapping[str, str]) -> None:
        """Add NIMBUS_<SECTION>_<KEY> of the process's environment; one that no section knows is refused."""
        known = {_PREFIX + "_".join(path).upper(): (path, kind) for path, kind in _keys(Sections, ())}
        for name in sorted(variables):
            if name in known:
                path, kind = known[name]
                self._put(path, _from_text(kind, variables[name]), name)
            elif any(name.startswith(f"{_PREFIX}{section.upper()}_") for section in NAMES):
                raise reading.unknown("variable", name, known, "the process's environment")

    def add_flags(self, flags: Mapping[str, str]) -> None:
        """Add values by their dotted names, as `--set` gave them; one that no section knows is refused."""
        known = {".".join(path): (path, kind) for path, kind in _keys(Sections, ())}
        for name, text in flags.items():
            if name not in known:
                raise reading.unknown("key", name, known, "--set")
            path, kind = known[name]
            self._put(path, _from_text(kind, text), f"--set {name}")

    def sections(self) -> Sections:
        """Return what all of them come to."""
        sections: Sections = reading.read(Sections, self.values, (), self.origin)
        return sections

    def origin(self, path: reading.Path) -> str:
        """Return where a value was given, or where it would be."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return f"{self.file}: {'.'.join(path)}" if path else self.file

    def _put(self, path: reading.Path, value: object, where: str) -> None:
        table = self.values
        for name in path[:-1]:
            inner = table.get(name)
            table[name] = inner = dict(inner) if isinstance(inner, dict) else {}
            table = inner
        table[path[-1]] = value
        self.origins[path] = where

    def _merge(self, into: dict[str, Any], name: str, value: object, path: reading.Path, place: str) -> None:
        if not isinstance(value, dict):
            into[name] = value
            self.origins[path] = place + ".".join(path)
            return
        inner = into[name] = dict(into[name]) if isinstance(into.get(name), dict) else {}
        for key, item in value.items():
            self._merge(inner, key, item, (*path, key), place)


def _keys(cls: type, path: reading.Path) -> Iterator[tuple[reading.Path, Any]]:
    for key in reading.fields(cls):
        kind = reading.optional(key.kind)
        if is_dataclass(kind):
            yield from _keys(typing.cast("type", kind), (*path, key.name))
        else:
            yield (*path, key.name), kind


def _from_text(kind: Any, text: str) -> object:  # noqa: ANN401 - any type
    """Return what a variable's text means for a key of a type; text that means nothing stays, to be refused."""
    if typing.get_origin(kind) is tuple and not text.lstrip().startswith("["):
        return [_from_text(typing.get_args(kind)[0], item.strip()) for item in text.split(",") if item.strip()]
    if kind is str or (isinstance(kind, type) and issubclass(kind, Enum)):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text

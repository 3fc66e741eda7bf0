"""The JSON Schema of `nimbus.toml`, for editors: made from the same classes that read it."""

from __future__ import annotations

import typing
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

from nimbus.config import reading
from nimbus.config.environments import Described
from nimbus.config.keys import Key
from nimbus.config.load import SCHEMA_VERSION
from nimbus.config.project import Sections

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
Schema = dict[str, Any]


def json_schema() -> Schema:
    """Return the schema."""
    sections = _object(Sections)
    inside = {name: _without_required(schema) for name, schema in sections["properties"].items()}
    environment = _object(Described)
    environment["properties"] |= inside
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nimbus.toml",
        "description": "A pipeline in batch production: what it reads and writes, when, and where it runs.",
        **sections,
        "properties": {
            "schema_version": {"const": SCHEMA_VERSION, "description": "Version of this schema."},
            **sections["properties"],
            "environments": {
                "type": "object",
                "description": "Where the pipeline runs, by name. A section in an environment goes before the file's.",
                "additionalProperties": environment,
            },
        },
    }


def _object(cls: type) -> Schema:
    keys = list(reading.fields(cls))
    return {
        "type": "object",
        "description": (cls.__doc__ or "").partition("\n")[0],
        "properties": {key.name: _key(key) for key in keys},
        "required": [key.name for key in keys if key.required],
        "additionalProperties": False,
    }


def _key(key: reading.Field) -> Schema:
    schema = _kind(reading.optional(key.kind), key.key)
    if key.key.about:
        schema["description"] = key.key.about
    default = key.default.value if isinstance(key.default, Enum) else key.default
    if isinstance(default, (str, int, float, bool)):
        schema["default"] = default
    return schema


def _kind(kind: Any, key: Key) -> Schema:  # noqa: ANN401 - any type of a key
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return {"type": "array", "items": _kind(arguments[0], key), **({"minItems": 1} if key.nonempty else {})}
    if origin is dict:
        return {"type": "object", "additionalProperties": _kind(*reading.split(arguments[1]))}
    if is_dataclass(kind):
        return _object(typing.cast("type", kind))
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    pattern = key.pattern or (r"\S" if key.nonempty else None)
    bounds = {"minimum": key.least, "maximum": key.most, "pattern": pattern}
    return {"type": _TYPES[kind], **{name: bound for name, bound in bounds.items() if bound is not None}}


def _without_required(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "required"}

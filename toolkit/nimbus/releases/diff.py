"""What differs between two releases, or between two states of live.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from nimbus_runtime.contract import codec
from nimbus_runtime.contract.records import Live, Release

_NOTHING = "-"
_NAMES_ONLY = {"schema_version", "release", "bundle", "sboms"}  # follow from the rest


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes, by its name in the record."""

    name: str
    before: str
    after: str


def of_releases(before: Release | None, after: Release) -> tuple[Difference, ...]:
    """Return what a release changes against another, or all that it brings where there is none."""
    was, becomes = _flat(before), _flat(after)
    if after.task_definition is None:  # not registered yet
        was.pop("task_definition", None)
        becomes.pop("task_definition", None)
    return _differences(was, becomes)


def of_states(before: Live | None, after: Live) -> tuple[Difference, ...]:
    """Return what a change of live.json means to readers and to the next run."""
    return _differences(_told(before), _told(after))


def _told(state: Live | None) -> dict[str, str]:
    if state is None:
        return {"paused": "no"}
    canary = state.candidate
    return {
        "release": state.release,
        "previous": state.previous or _NOTHING,
        "candidate": _NOTHING if canary is None else f"{canary.release} at {canary.percent} %",
        "dataset": state.dataset or _NOTHING,
        "paused": "yes" if state.paused else "no",
    }


def _differences(before: dict[str, str], after: dict[str, str]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name, before.get(name, _NOTHING), after.get(name, _NOTHING))
        for name in {**before, **after}
        if before.get(name, _NOTHING) != after.get(name, _NOTHING)
    )


def _flat(release: Release | None) -> dict[str, str]:
    if release is None:
        return {}
    found: dict[str, str] = {}
    _flatten("", {k: v for k, v in json.loads(codec.encode(release)).items() if k not in _NAMES_ONLY}, found)
    return found


def _flatten(name: str, value: Any, found: dict[str, str]) -> None:  # noqa: ANN401 - plain JSON
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(f"{name}.{key}" if name else key, item, found)
    elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        for item in value:
            _flatten(f"{name}.{item['name']}", {k: v for k, v in item.items() if k != "name"}, found)
    elif isinstance(value, list):
        found[name] = ", ".join(map(str, value)) or _NOTHING
    else:
        found[name] = _NOTHING if value is None else str(value)

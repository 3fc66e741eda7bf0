"""What a plan of Terraform's would change, as values that a screen can lay out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

_WIDTH = 60  # characters of a value that are shown
_BEFORE = 12  # of them, at most, before the first that differs


class _Unknown:
    """What Terraform only knows when it has applied the plan."""

    def __str__(self) -> str:
        """Return Terraform's words for it."""
        return "(known after apply)"


_UNKNOWN = _Unknown()


class Action(StrEnum):
    """What becomes of a resource, by the sign that people know."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    REPLACE = "-/+"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource; `attributes` are those of an update or a replacement, as name, before and after.

    `outside` says that somebody changed or removed, without Terraform, what the plan would set right again.
    """

    module: str
    resource: str
    action: Action
    attributes: tuple[tuple[str, str, str], ...] = ()
    outside: bool = False

    @property
    def address(self) -> str:
        """Return what Terraform calls it."""
        return ".".join(filter(None, (self.module, self.resource)))


@dataclass(frozen=True, slots=True)
class Changes:
    """All of a plan; none, where everything is as it should be. `outputs` says whether only outputs change.

    `plan` names the plan that was written, by its content.
    """

    resources: tuple[Change, ...]
    outputs: bool
    plan: str = ""

    def __bool__(self) -> bool:
        """Say whether there is anything to do."""
        return bool(self.resources) or self.outputs

    def counts(self) -> dict[str, int]:
        """Return how many resources are created, changed, replaced and destroyed."""
        found = Counter(change.action for change in self.resources)
        words = {"create": Action.CREATE, "change": Action.UPDATE, "replace": Action.REPLACE, "destroy": Action.DELETE}
        return {word: found[action] for word, action in words.items()}


def read(plan: dict[str, Any], name: str = "") -> Changes:
    """Return what `terraform show -json` says of a plan."""
    drifted = {raw["address"]: set(_differing(raw["change"])) for raw in plan.get("resource_drift", ())}
    resources = sorted(
        (change for raw in plan.get("resource_changes", ()) if (change := _change(raw, drifted)) is not None),
        key=lambda change: (change.module, change.resource),
    )
    outputs = any(o["actions"] != ["no-op"] for o in plan.get("output_changes", {}).values())
    return Changes(tuple(resources), outputs, name)


def lines(changes: Changes) -> Iterator[str]:
    """Yield the changes as a tree: module, resource, attribute."""
    before = None
    for change in changes.resources:
        if change.module != before:
            before = change.module
            yield change.module or "this configuration"
        outside = "  (changed outside of Terraform)" if change.outside else ""
        yield f"  {change.action.value:<3} {change.resource}{outside}"
        for name, old, new in change.attributes:
            yield f"        {name}: {old} → {new}"


def _change(raw: dict[str, Any], drifted: dict[str, set[str]]) -> Change | None:
    if raw.get("mode") == "data":
        return None
    change = raw["change"]
    match change["actions"]:
        case ["create"]:
            action = Action.CREATE
        case ["update"]:
            action = Action.UPDATE
        case ["delete"]:
            action = Action.DELETE
        case ["delete", "create"] | ["create", "delete"]:
            action = Action.REPLACE
        case _:
            return None
    shown = tuple(_attributes(change)) if action in {Action.UPDATE, Action.REPLACE} else ()
    module = raw.get("module_address", "")
    outside = not drifted.get(raw["address"], set()).isdisjoint(_differing(change))
    return Change(module, raw["address"].removeprefix(f"{module}."), action, shown, outside)


def _differing(change: dict[str, Any]) -> Iterator[str]:
    """Yield the attributes that differ, of what comes or goes all."""
    before, after = change.get("before") or {}, change.get("after") or {}
    return (name for name in {**before, **after} if before.get(name) != after.get(name))


def _attributes(change: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown, hidden = change.get("after_unknown") or {}, (change.get("before_sensitive"), change.get("after_sensitive"))
    for name in sorted({*before, *after, *unknown}):
        secret = any(isinstance(marks, dict) and marks.get(name) for marks in hidden)
        old, new = before.get(name), _known(after.get(name), unknown.get(name))
        if secret and old != new:
            yield name, _shown(old, secret=True), _shown(new, secret=True)
        elif not secret:
            for path, was, will in _differences(name, old, new):
                yield path, *_beside(_shown(was, secret=False), _shown(will, secret=False))


def _known(value: object, unknown: object) -> object:
    """Return a value with what is only known after apply in its place: Terraform leaves that out of it."""
    if unknown is True:
        return _UNKNOWN
    if isinstance(unknown, dict) and isinstance(value, dict | None):
        return {**(value or {}), **{key: _known((value or {}).get(key), each) for key, each in unknown.items() if each}}
    if isinstance(unknown, list) and isinstance(value, list):
        return [_known(each, marks) for each, marks in zip_longest(value, unknown)]
    return value


def _differences(path: str, old: object, new: object) -> Iterator[tuple[str, object, object]]:
    """Yield what differs, as deep as it lies: of a policy the one resource that came, not all of the document."""
    if old == new:
        return
    old, new = _opened(old), _opened(new)
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _differences(f"{path}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for number, (first, second) in enumerate(zip_longest(old, new)):
            yield from _differences(f"{path}[{number}]", first, second)
    else:
        yield path, old, new


def _opened(value: object) -> object:
    """Return what a text in JSON says; anything else as it is."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with suppress(ValueError):
            return json.loads(value)
    return value


def _shown(value: object, *, secret: bool) -> str:
    if value is _UNKNOWN:
        return str(value)
    return "(sensitive)" if secret else json.dumps(value, ensure_ascii=False, default=str)


def _beside(old: str, new: str) -> tuple[str, str]:
    """Return two values short enough to be compared: what they begin with alike goes before their ends do."""
    alike = next((n for n, (first, second) in enumerate(zip(old, new, strict=False)) if first != second), 0)
    skipped = max(0, alike - _BEFORE) if max(len(old), len(new)) > _WIDTH else 0
    cut = [f"…{text[skipped:]}" if skipped else text for text in (old, new)]
    before, after = (text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…" for text in cut)
    return before, after

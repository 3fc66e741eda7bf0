"""What a plan of Terraform's would change, as values that a screen can lay out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_WIDTH = 60  # characters of a value that are shown


class Action(StrEnum):
    """What becomes of a resource, by the sign that people know."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    REPLACE = "-/+"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource; `attributes` are those of an update or a replacement, as name, before and after."""

    module: str
    resource: str
    action: Action
    attributes: tuple[tuple[str, str, str], ...] = ()

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
    resources = sorted(
        (change for raw in plan.get("resource_changes", ()) if (change := _change(raw)) is not None),
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
        yield f"  {change.action.value:<3} {change.resource}"
        for name, old, new in change.attributes:
            yield f"        {name}: {old} → {new}"


def _change(raw: dict[str, Any]) -> Change | None:
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
    return Change(module, raw["address"].removeprefix(f"{module}."), action, shown)


def _attributes(change: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown, hidden = change.get("after_unknown") or {}, (change.get("before_sensitive"), change.get("after_sensitive"))
    for name in sorted({*before, *after, *unknown}):
        secret = any(isinstance(marks, dict) and marks.get(name) for marks in hidden)
        if unknown.get(name) is True:
            yield name, _shown(before.get(name), secret=secret), "(known after apply)"
        elif before.get(name) != after.get(name):
            yield name, _shown(before.get(name), secret=secret), _shown(after.get(name), secret=secret)


def _shown(value: object, *, secret: bool) -> str:
    if secret:
        return "(sensitive)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"

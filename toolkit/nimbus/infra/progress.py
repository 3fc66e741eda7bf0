"""What Terraform says while it works, as values: which resource is begun, done or failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_DOING = {"create": "creating", "update": "changing", "delete": "destroying", "read": "reading"}
_DONE = {"create": "created", "update": "changed", "delete": "destroyed", "read": "read"}


@dataclass(frozen=True, slots=True)
class Step:
    """A resource at a moment. `words` say what happens to it; `ended` whether that is over."""

    address: str
    words: str
    ended: bool
    seconds: float | None = None
    failed: bool = False


def read(event: dict[str, Any]) -> Step | None:
    """Return what an event of `terraform … -json` says of a resource, None for all others."""
    hook = event.get("hook", {})
    address, action = hook.get("resource", {}).get("addr", ""), hook.get("action", "")
    if action == "read":
        return None
    match event.get("type"):
        case "apply_start":
            return Step(address, _DOING.get(action, action), ended=False)
        case "apply_progress":
            return Step(
                address, f"still {_DOING.get(action, action)}", ended=False, seconds=hook.get("elapsed_seconds")
            )
        case "apply_complete":
            return Step(address, _DONE.get(action, action), ended=True, seconds=hook.get("elapsed_seconds"))
        case "apply_errored":
            return Step(address, "failed", ended=True, seconds=hook.get("elapsed_seconds"), failed=True)
        case _:
            return None

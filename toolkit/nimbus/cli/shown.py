"""How releases, states and differences look, in every verb that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nimbus.cli import output
from nimbus.cli.progress import duration

if TYPE_CHECKING:
    from nimbus.releases.diff import Difference
    from nimbus_runtime.contract.records import Entry

_DAY = 86_400
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def differences(found: Sequence[Difference], indent: str = "  ") -> None:
    """Write what changes, one thing a line, to stderr."""
    width = max((len(item.name) for item in found), default=0)
    for item in found:
        output.say(f"{indent}{cell(item.name):<{width}}  {short(item.before)} → {output.bold(short(item.after))}")


def as_json(found: Iterable[Difference]) -> list[dict[str, str]]:
    """Return what changes for a program."""
    return [{"name": item.name, "before": item.before, "after": item.after} for item in found]


def entry(done: Entry) -> dict[str, str]:
    """Return who did what for a program."""
    return {"action": done.action, "actor": done.actor, "time": done.time, "reason": done.reason}


def age(seconds: float) -> str:
    """Return how old something is, as people say it."""
    if seconds >= 2 * _DAY:
        return f"{seconds / _DAY:.0f} days"
    return duration(max(0.0, seconds))


def moment(time: str) -> str:
    """Return a record's time to the second."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def short(text: str) -> str:
    """Return a text on its line, digests in it by their first digits."""
    return _DIGEST.sub(r"\1", cell(text))


def cell(text: str) -> str:
    """Return a text that stays on its line."""
    return output.printable(text).replace("\n", "\\n")

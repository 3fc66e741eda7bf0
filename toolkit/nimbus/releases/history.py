"""Who changed what is live, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus.releases import diff, registry
from nimbus_runtime import live
from nimbus_runtime.contract.records import Live

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class Change:
    """A state of live.json, and what its change meant."""

    state: Live
    differences: tuple[diff.Difference, ...]


def history(store: Store, limit: int) -> list[Change]:
    """Return the latest changes, the newest first."""
    present = registry.present(store)
    states = live.states(store, present, present.sequence - limit)
    before: Live | None = states[0] if states[0].sequence == present.sequence - limit else None
    told = states if before is None else states[1:]
    changes = []
    for state in told:
        changes.append(Change(state, diff.of_states(before, state)))
        before = state
    return changes[::-1]

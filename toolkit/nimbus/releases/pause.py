"""Pauses the schedule of a pipeline, or lets it go on: a flag in live.json, which plans honour."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nimbus.releases import registry
from nimbus_runtime import live
from nimbus_runtime.contract.records import Live

if TYPE_CHECKING:
    from nimbus_runtime.store import Store


def pause(store: Store, actor: str, reason: str, *, paused: bool) -> tuple[Live, bool]:
    """Set the flag and return the state, and whether anything changed. Nothing of Terraform's changes."""
    before = registry.present(store)
    if before.paused is paused:
        return before, False

    def change(present: Live | None) -> Live:
        return replace(present or before, paused=paused)

    entry = live.entry("pause" if paused else "unpause", actor, reason)
    return live.decide(store, before, entry, change), True

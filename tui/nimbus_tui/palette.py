"""Every action by its name, for the palette: whatever a key does can be found there as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.binding import Binding

from nimbus_tui.widgets.help import keys_of

if TYPE_CHECKING:
    from textual.dom import DOMNode


def title(binding: Binding) -> str:
    """Return what a key does, with the word that the last line has for it: either can be searched for."""
    word, words = binding.description, binding.tooltip or binding.description
    return words if words.lower().startswith(word.lower()) else f"{word}: {words[0].lower()}{words[1:]}"


def commands(app: App[None], holders: Iterable[DOMNode], changed: Mapping[str, str]) -> Iterable[SystemCommand]:
    """Return each action of the app and of the open screen that may be done now, with its key."""
    for holder in holders:
        for binding in holder.BINDINGS:
            if not isinstance(binding, Binding) or not binding.description or binding.action == "command_palette":
                continue
            ((key, _),) = keys_of([binding], changed)

            async def run(holder: DOMNode = holder, action: str = binding.action) -> None:
                await app.run_action(action, holder)

            if holder.check_action(binding.action.partition("(")[0], ()):
                yield SystemCommand(title(binding), f"key {key}", run)

"""The key of an action as it is set, for whatever tells of one: `{runs.start}` in a hint becomes its key."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
}
_NAMED = re.compile(r"\{([a-z]+\.[a-z_]+)\}")


def shown(keys: str) -> list[str]:
    """Return keys, of which some stand for the same, as they are written."""
    return [_SHOWN.get(each.strip(), each.strip()) for each in keys.split(",")]


def key(at: MessagePump, name: str) -> str:
    """Return the key of what a binding's id names: what its user has set, or else what is delivered."""
    settings = getattr(at.app, "settings", None)
    chosen = {} if settings is None else settings.keys
    return shown(chosen.get(name) or _delivered(name) or name)[0]


def told(at: MessagePump, hint: str) -> str:
    """Return a hint with keys where it names actions; what only looks like a name stays."""
    return _NAMED.sub(lambda found: key(at, found[1]) if _delivered(found[1]) else found[0], hint)


@functools.cache
def _delivered(name: str) -> str | None:
    # Screens are named by others' hints before they are opened.
    from nimbus_tui.app import NimbusApp  # noqa: PLC0415
    from nimbus_tui.screens import ENTRIES  # noqa: PLC0415
    from nimbus_tui.widgets.table import Table  # noqa: PLC0415

    place = name.partition(".")[0]
    entry = next((entry for entry in ENTRIES if entry.folder == place), None)
    others = {"app": NimbusApp.BINDINGS, "table": Table.BINDINGS}
    bindings = others.get(place, []) if entry is None else entry.load().BINDINGS
    return next((each.key for each in bindings if isinstance(each, Binding) and each.id == name), None)

"""Which keys can be set, and what is wrong with those that a user has set."""

from __future__ import annotations

import difflib
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

_MODIFIERS = {"ctrl", "shift", "alt", "meta", "super", "hyper"}
_NAMES = {key.value for key in Keys}


def wrong(chosen: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the first thing that is wrong with keys by the ids of what they do: what it is, and what it should be."""
    places = [list(Binding.make_bindings(place)) for place in _places()]
    known = sorted({binding.id for place in places for binding in place if binding.id})
    for name, keys in chosen.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            return f'"{name}" = "{keys}"', f'something that keys do, such as "{near[0]}"'
        for key in keys.split(","):
            if not _is_key(key.strip()):
                return f'"{name}" = "{keys}"', f'keys such as "x", "X", "ctrl+x", "f5" or "pageup", and not "{key}"'
    for place in places:
        if clash := _clash(place, chosen):
            mine, other, key = clash
            return f'"{mine}" = "{chosen[mine]}"', f'a key that does nothing else there: "{key}" is "{other}"'
    return None


def _places() -> Iterator[Iterable[BindingType]]:
    """Yield the bindings that work at the same time: on each screen, and in each dialog."""
    # What is set is looked at rarely, and all screens and the app are loaded for it.
    from nimbus_tui.app import NimbusApp  # noqa: PLC0415
    from nimbus_tui.screens import ENTRIES  # noqa: PLC0415
    from nimbus_tui.widgets.confirm import Confirm  # noqa: PLC0415
    from nimbus_tui.widgets.dialog import Dialog  # noqa: PLC0415
    from nimbus_tui.widgets.following import Following  # noqa: PLC0415
    from nimbus_tui.widgets.table import Table  # noqa: PLC0415

    for entry in ENTRIES:
        yield [*NimbusApp.BINDINGS, *Table.BINDINGS, *entry.load().BINDINGS]
    for dialog in (Confirm, Following):
        yield [*Dialog.BINDINGS, *dialog.BINDINGS]


def _clash(place: Iterable[Binding], chosen: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return a name that was given a key, what else has this key, and the key."""
    has: dict[str, dict[str, None]] = {}
    for binding in place:
        for key in chosen.get(binding.id or "", binding.key).split(","):
            has.setdefault(_name(key.strip()), {})[binding.id or binding.action] = None
    for key, names in has.items():
        for one, other in itertools.permutations(names, 2):
            if one in chosen:
                return one, other, key
    return None


def _is_key(key: str) -> bool:
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    if not set(modifiers) <= _MODIFIERS or (modifiers and base != base.lower()):
        return False
    return base in _NAMES or (len(base) == 1 and base.isprintable()) or _named(base)


def _named(base: str) -> bool:
    """Say whether this is a character by its name, as Textual writes it."""
    try:
        return base.islower() and bool(unicodedata.lookup(base.replace("_", " ").upper()))
    except KeyError:
        return base in KEY_NAME_REPLACEMENTS.values()


def _name(key: str) -> str:
    """Return a key by the name that bindings have it under."""
    return next(iter(Binding.make_bindings([Binding(key, "", "")]))).key if key else key

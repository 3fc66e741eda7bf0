"""The screens, one folder each: a folder with an `ENTRY` is a screen, which is imported when it is first opened."""

from __future__ import annotations

import importlib
import pkgutil

from nimbus_tui.screens.entry import Entry


def _found() -> tuple[Entry, ...]:
    folders = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    entries: list[Entry] = [importlib.import_module(f"{__name__}.{folder}").ENTRY for folder in folders]
    return tuple(sorted(entries, key=lambda entry: entry.place))


ENTRIES = _found()

"""What changed of the inputs' schema, as features: fields that records have, that are null, that are of another type.

Each is a share of the same documents, those whose fields are known: runs from before that was noted have none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nimbus_runtime.contract.drift import FIELD, NULL, OTHER_FIELDS, TYPES
from nimbus_runtime.drift.windows import Window

_MOST = 100  # fields of both windows together that are told apart, the most frequent ones
_RARE = 0.01  # share of the documents with a field, below which in both windows it is one of the others

Flags = npt.NDArray[np.bool_]
Changes = dict[str, tuple[Flags, Flags]]
_Types = Mapping[str, Mapping[str, Flags]]  # which documents have it, by field and type


def changes(reference: Window, current: Window) -> Changes:
    """Return by feature which documents of either window it holds of; without those that hold of all, or of none.

    Where a field is of several types, the one that is usual in the reference is what the others are not.
    """
    windows = (reference, current)
    if not all(window.has_fields.any() for window in windows):
        return {}
    types = (_types(reference), _types(current))
    told = _told_apart(types, windows)
    found: Changes = {OTHER_FIELDS: _both(windows, [_flags(each, each.keys() - told) for each in types])}
    for name in told:
        ours, theirs = (each.get(name, {}) for each in types)
        found[f"{FIELD} {name}"] = _both(windows, (ours.values(), theirs.values()))
        usual = max(TYPES, key=lambda kind: (_count(ours, kind), _count(theirs, kind)))
        for kind in (NULL, *TYPES):
            if kind != usual and (kind in ours or kind in theirs):
                pair = [[each[kind]] if kind in each else [] for each in (ours, theirs)]
                found[f"{kind} {name}"] = _both(windows, pair)
    sizes = [int(window.has_fields.sum()) for window in windows]
    return {name: pair for name, pair in found.items() if [int(one.sum()) for one in pair] not in ([0, 0], sizes)}


def _types(window: Window) -> _Types:
    found: defaultdict[str, dict[str, Flags]] = defaultdict(dict)
    for entry, has in window.fields.items():
        kind, _, name = entry.partition(" ")
        found[name][kind] = has
    return found


def _told_apart(types: Sequence[_Types], windows: Sequence[Window]) -> set[str]:
    """Return the fields that are compared one by one; what a shard did not tell apart has no name."""
    shares: defaultdict[str, float] = defaultdict(float)
    frequent = set()
    for each, window in zip(types, windows, strict=True):
        for name in each:
            share = sum(_count(each[name], kind) for kind in each[name]) / int(window.has_fields.sum())
            shares[name] += share
            if name and share >= _RARE:
                frequent.add(name)
    return set(sorted(frequent, key=lambda name: (-shares[name], name))[:_MOST])


def _flags(types: _Types, names: Iterable[str]) -> list[Flags]:
    return [has for name in names for has in types[name].values()]


def _both(windows: Sequence[Window], flags: Sequence[Iterable[Flags]]) -> tuple[Flags, Flags]:
    """Return the documents of either window that have any of these."""
    ours, theirs = (
        np.logical_or.reduce([np.zeros(len(window.ids), dtype=bool), *each])
        for window, each in zip(windows, flags, strict=True)
    )
    return ours, theirs


def _count(kinds: Mapping[str, Flags], kind: str) -> int:
    return int(kinds[kind].sum()) if kind in kinds else 0

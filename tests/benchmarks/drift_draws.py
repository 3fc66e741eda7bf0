"""Which documents a repetition compares. Needs numpy alone: both contestants draw the same ones."""

from __future__ import annotations

import zlib

import numpy as np


def draw(
    cell: str, repetition: int, documents: int, shifted: int, count: int, share: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places: of the reference, of the current window, and of that in the shifted documents."""
    chance = np.random.default_rng([zlib.crc32(cell.encode()), repetition])
    changed = chance.integers(0, max(shifted, 1), round(count * share))
    return chance.integers(0, documents, count), chance.integers(0, documents, count - len(changed)), changed

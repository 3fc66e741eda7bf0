"""How large a sample has to be to tell a share from a limit."""

from __future__ import annotations

import math
from statistics import NormalDist

from nimbus_runtime import intervals

POWER = 0.8
_STEP = 1.01


def needed(limit: float, effect: float, confidence: float, power: float = POWER) -> int:
    """Return how many units would tell, in four samples of five, a share of `limit - effect` from the limit.

    Told means that Wilson's interval lies below the limit: exact binomial power, in steps of one in a hundred.
    """
    truth = max(0.0, limit - effect)
    z, z_power = (NormalDist().inv_cdf(p) for p in ((1 + confidence) / 2, power))
    spread = z * math.sqrt(limit * (1 - limit)) + z_power * math.sqrt(truth * (1 - truth))
    size = max(1.0, (spread / (limit - truth)) ** 2 / 2)
    while chance(math.ceil(size), limit, truth, z) < power:
        size = max(size + 1, size * _STEP)
    return math.ceil(size)


def chance(size: int, limit: float, truth: float, z: float) -> float:
    """Return how often a sample's interval lies below the limit."""
    most = _most(size, limit, z)
    if most < 0:
        return 0.0
    from scipy.stats import binom  # noqa: PLC0415 - a second to import

    return float(binom.cdf(most, size, truth))


def _most(size: int, limit: float, z: float) -> int:
    """Return the largest count whose interval lies below the limit, -1 where none does."""
    low, high = -1, math.floor(limit * size)
    while low < high:
        middle = (low + high + 1) // 2
        if intervals.wilson(middle, size, z)[1] <= limit:
            low = middle
        else:
            high = middle - 1
    return low

"""Intervals of shares, by closed formulas that also hold where nothing was counted.

Wilson's score interval, and Newcombe's for a difference of two (his methods 3 and 10): unlike the textbook's they cover
what they promise at shares near 0 and 1, which is where releases lie.
"""

from __future__ import annotations

import math
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


def difference(first: int, of_first: int, second: int, of_second: int, z: float = Z) -> tuple[float, float]:
    """Return Newcombe's interval of the difference of two independent shares."""
    (low, high), (low2, high2) = wilson(first, of_first, z), wilson(second, of_second, z)
    p, q = first / of_first, second / of_second
    return (
        p - q - math.hypot(p - low, high2 - q),
        p - q + math.hypot(high - p, q - low2),
    )


def wilson(count: float, of: float, z: float = Z) -> tuple[float, float]:
    """Return Wilson's interval of a share; never empty, and within 0 and 1, also where nothing was counted."""
    p, spread = count / of, z * z / of
    middle, half = (p + spread / 2) / (1 + spread), math.sqrt(spread * (p * (1 - p) + spread / 4)) / (1 + spread)
    return (0.0 if count == 0 else max(0.0, middle - half), 1.0 if count == of else min(1.0, middle + half))

"""How often a shadow's intervals hold the truth, how often a gate and a canary are wrong, and what they find.

    python -m tests.benchmarks.intervals [--repetitions 4000]

Populations are made up, so that the truth is known: documents of strata of unequal size and share, whose units (tokens,
entities) flip together more or less. Each is sampled as a shadow samples it. Beside ours stand the textbook's interval
(Wald) and Wilson's of units as if they were independent.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nimbus.config.gate import Gate
from nimbus.promotion import power
from nimbus.promotion.estimates import share, z_of
from nimbus.promotion.sample import Known, choose
from nimbus_runtime import canary_rules, intervals

Floats = npt.NDArray[np.float64]
_CONFIDENCE = 0.95
_SHARES = (0.0005, 0.005, 0.02, 0.05, 0.2)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample: weights, flips and units of its documents."""

    weights: Floats
    flips: Floats
    units: Floats


def main() -> None:
    """Print tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=4000)
    repetitions = parser.parse_args().repetitions
    random = np.random.default_rng(20261126)
    error = math.sqrt(0.95 * 0.05 / repetitions)
    print(f"Coverage of 95 % intervals, {repetitions:,} samples each (standard error {error:.1%})")
    print(f"{'':<44}{'share':>8}{'ours':>8}{'naive':>8}{'Wald':>8}{'width':>9}")
    for name, sizes, make in (
        ("documents, simple, n = 200", 200, simple),
        ("documents, simple, n = 1,000", 1000, simple),
        ("documents, 12 strata of unequal weight, n = 300", 300, stratified),
        ("tokens, 40 a document, alike, n = 300", 300, clustered),
        ("entities, 0 to 8 a document, n = 300", 300, entities),
    ):
        for p in _SHARES:
            print(coverage(name, p, repetitions, lambda p=p, make=make, sizes=sizes: make(random, sizes, p)))  # type: ignore[misc]
    print()
    deciding(random, repetitions)
    print()
    canaries(random, max(200, repetitions // 10))


def simple(random: np.random.Generator, count: int, p: float) -> Drawn:
    """Draw documents that weigh alike."""
    ones = np.ones(count)
    return Drawn(ones, (random.random(count) < p).astype(float), ones)


_POPULATION = [
    Known(0, n, f"{n}", f"{n % 3}.jsonl", (50, 300)[n % 7 == 0], ("common", "rare")[n % 29 == 0]) for n in range(20_000)
]
_SAMPLES = {wanted: choose(_POPULATION, wanted) for wanted in (300,)}


def stratified(random: np.random.Generator, count: int, p: float) -> Drawn:
    """Draw as a shadow does: documents of the rare label flip four times as often, the whole has share p."""
    chosen = _SAMPLES[count].chosen
    rare = sum(known.label == "rare" for known in _POPULATION) / len(_POPULATION)
    base = p / (1 + 3 * rare)
    weights = np.array([c.weight for c in chosen])
    chances = np.array([4 * base if c.known.label == "rare" else base for c in chosen])
    return Drawn(weights, (random.random(len(chosen)) < chances).astype(float), np.ones(len(chosen)))


def clustered(random: np.random.Generator, count: int, p: float) -> Drawn:
    """Draw documents of forty tokens, of which one in three takes the document's own share."""
    units = np.full(count, 40.0)
    own = random.beta(p * 2, (1 - p) * 2, count)  # tokens of a document correlate by a third
    return Drawn(np.ones(count), random.binomial(40, own).astype(float), units)


def entities(random: np.random.Generator, count: int, p: float) -> Drawn:
    """Draw documents with few entities, some with none."""
    units = random.integers(0, 9, count)
    own = random.beta(p * 5, (1 - p) * 5, count)
    return Drawn(np.ones(count), random.binomial(units, own).astype(float), units.astype(float))


def coverage(name: str, p: float, repetitions: int, make: Callable[[], Drawn]) -> str:
    """Return a line: how often each interval holds the share, and how wide ours is."""
    held, width = np.zeros(3), 0.0
    z = z_of(_CONFIDENCE)
    for _ in range(repetitions):
        drawn = make()
        found = share(drawn.weights, drawn.flips, drawn.units, _CONFIDENCE)
        flips, units = float(drawn.flips.sum()), float(drawn.units.sum())
        naive = intervals.wilson(flips, units, z)
        rate = flips / units
        reach = z * math.sqrt(rate * (1 - rate) / units)
        held += [found.low <= p <= found.high, naive[0] <= p <= naive[1], rate - reach <= p <= rate + reach]
        width += found.high - found.low
    ours, textbook, wald = held / repetitions
    return f"{name:<44}{p:>8.2%}{ours:>8.1%}{textbook:>8.1%}{wald:>8.1%}{width / repetitions:>9.2%}"


def deciding(random: np.random.Generator, repetitions: int) -> None:
    """Print how often a gate of the default limits decides how, and whether so many documents do as it says."""
    gate = Gate()
    limit = gate.max_changed
    needed = power.needed(limit, gate.smallest_effect, gate.confidence)
    told = limit - gate.smallest_effect
    print(f"A limit of {limit:.0%}; to tell {told:.0%} from it takes {needed:,} documents (power 80 %)")
    print(f"{'documents':>12}{'truth':>8}{'promote':>10}{'across':>10}{'hold':>10}")
    z = z_of(gate.confidence)
    for size in (100, 300, needed, 1000, 3000):
        for truth in (0.0, 0.01, limit - gate.smallest_effect, limit, limit + gate.smallest_effect, 0.1):
            counts = random.binomial(size, truth, repetitions)
            found = [intervals.wilson(int(count), size, z) for count in counts]
            promote = float(np.mean([high <= limit for _, high in found]))
            hold = float(np.mean([low > limit for low, _ in found]))
            print(f"{size:>12,}{truth:>8.0%}{promote:>10.1%}{1 - promote - hold:>10.1%}{hold:>10.1%}")


def canaries(random: np.random.Generator, repetitions: int) -> None:
    """Print how often a canary of the default limits is dropped for its mix of labels."""
    print("Canary dropped for its mix of labels (limit 0.1), by shards of 200 documents")
    print(f"{'shards':>8}{'own':>6}{'kinds of input':>16}{'no change':>12}{'0.15 apart':>12}{'0.3 apart':>12}")
    base = np.array([0.5, 0.3, 0.2])
    for shards, own in ((8, 1), (20, 1), (32, 2), (32, 8), (200, 10)):
        for spread in (0.0, 0.1, 0.3):
            line = []
            for moved in (0.0, 0.15, 0.3):
                dropped = 0
                for seed in range(repetitions):
                    kinds = (
                        random.dirichlet(base / max(spread**2, 1e-6), shards) if spread else np.tile(base, (shards, 1))
                    )
                    kinds[:own, 0] -= np.minimum(moved, kinds[:own, 0])
                    kinds[:own, 1] += 1 - kinds[:own].sum(axis=1)
                    mixes = np.array([random.multinomial(200, kind / kind.sum()) for kind in kinds], dtype=float)
                    dropped += not canary_rules.labels("entities", 0.1, mixes, own, seed).held
                line.append(dropped / repetitions)
            print(f"{shards:>8}{own:>6}{spread:>16.1f}" + "".join(f"{rate:>12.1%}" for rate in line))


if __name__ == "__main__":
    main()

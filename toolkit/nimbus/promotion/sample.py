"""Chooses which documents a shadow scores: by strata, by a hash of the id, the same each time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_LENGTHS = ((100, "under 100"), (500, "100 to 499"), (2000, "500 to 1,999"))
_A_STRATUM = 4  # documents that a stratum is worth having for


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the population, by its place: what live's run already says of it."""

    shard: int
    number: int  # among the scored documents of the shard
    id: str
    input: str
    characters: int
    label: str

    @property
    def length(self) -> str:
        """Return the class of its length in characters."""
        return next((name for most, name in _LENGTHS if self.characters < most), "2,000 and more")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A document of the sample, and how many of the population it stands for."""

    known: Known
    weight: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The chosen documents in the population's order."""

    chosen: tuple[Chosen, ...]
    population: int
    strata: int


Key = Callable[[Known], tuple[str, ...]]
# The finest that the sample can fill is taken: a stratum of one or two documents tells nothing.
_KEYS: tuple[Key, ...] = (
    lambda known: (known.input, known.length, known.label),
    lambda known: (known.length, known.label),
    lambda known: (known.label,),
    lambda _: (),
)


def choose(population: Sequence[Known], wanted: int) -> Sample:
    """Choose so many documents: of each stratum its share, and at least two where it has them."""
    if wanted >= len(population):
        return Sample(tuple(Chosen(known, 1.0) for known in population), len(population), 1)
    for key in _KEYS:
        strata: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, known in enumerate(population):
            strata[key(known)].append(number)
        if len(strata) * _A_STRATUM <= wanted or len(strata) == 1:
            break
    taken = _allocated({name: len(members) for name, members in strata.items()}, wanted)
    chosen: list[tuple[int, float]] = []
    for name, members in strata.items():
        ranked = sorted(members, key=lambda number: (_rank(population[number]), number))
        chosen += [(number, len(members) / taken[name]) for number in ranked[: taken[name]]]
    documents = tuple(Chosen(population[number], weight) for number, weight in sorted(chosen))
    return Sample(documents, len(population), len(strata))


def _rank(known: Known) -> bytes:
    return hashlib.blake2b(known.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _allocated(sizes: dict[tuple[str, ...], int], wanted: int) -> dict[tuple[str, ...], int]:
    """Share out the sample in proportion, by largest remainders, two at least to each stratum that has them."""
    total = sum(sizes.values())
    exact = {name: wanted * size / total for name, size in sizes.items()}
    taken = {name: min(sizes[name], max(2, int(share))) for name, share in exact.items()}
    for name in sorted(exact, key=lambda name: (int(exact[name]) - exact[name], name)):
        if sum(taken.values()) >= wanted:
            break
        taken[name] = min(sizes[name], taken[name] + 1)
    return taken

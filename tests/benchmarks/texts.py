"""The documents that contestants score: the demo's texts, put together to the lengths that a figure names."""

from __future__ import annotations

import random
from collections.abc import Iterator

from nimbus.demo.corpus import generate

SEED = 20_000


def mixed(count: int) -> list[str]:
    """Return texts of 8 to 350 words, log-normal around 70, as product reviews and tickets are."""
    chance = random.Random(SEED)
    parts = _endless()
    texts = []
    for _ in range(count):
        wanted = min(350, max(8, int(chance.lognormvariate(4.25, 0.75))))
        words: list[str] = []
        while len(words) < wanted:
            words += next(parts).split()
        texts.append(" ".join(words[:wanted]))
    return texts


def short(count: int) -> list[str]:
    """Return texts of about 6 to 32 tokens, log-normal around 16."""
    chance = random.Random(SEED + 1)
    parts = _endless()
    texts = []
    for _ in range(count):
        wanted = min(30, max(5, int(chance.lognormvariate(2.75, 0.4))))
        words: list[str] = []
        while len(words) < wanted:
            words += next(parts).split()
        texts.append(" ".join(words[:wanted]))
    return texts


def _endless() -> Iterator[str]:
    for seed in range(SEED, SEED + 1000):
        yield from (text.text for text in generate(200, seed))

"""Rules of drawing a sample."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimbus.promotion.sample import Known, choose


def population(count: int, seed: int = 1) -> list[Known]:
    """Return documents of three inputs, two labels, and any length; one label is rare."""
    rng = random.Random(seed)
    return [
        Known(n % 4, n, f"id {n}", f"{n % 3}.jsonl", rng.choice((50, 300, 1000, 9000)), rng.choices("ab", (30, 1))[0])
        for n in range(count)
    ]


@given(count=st.integers(1, 400), wanted=st.integers(1, 400), seed=st.integers(0, 5))
def test_a_sample_stands_for_its_population(count: int, wanted: int, seed: int) -> None:
    """Weights come to the population's size, label by label, and nothing is drawn twice."""
    documents = population(count, seed)
    sample = choose(documents, wanted)
    assert sum(chosen.weight for chosen in sample.chosen) == pytest.approx(count)
    numbers = [chosen.known.number for chosen in sample.chosen]
    assert numbers == sorted(set(numbers))
    if sample.strata > 1:
        for label, size in Counter(known.label for known in documents).items():
            assert sum(c.weight for c in sample.chosen if c.known.label == label) == pytest.approx(size)


def test_a_sample_is_as_large_as_was_asked_for() -> None:
    """But for strata that are owed two documents."""
    assert len(choose(population(5000), 400).chosen) == pytest.approx(400, abs=12)
    assert len(choose(population(30), 400).chosen) == 30


def test_a_rare_label_is_in_it() -> None:
    """A simple sample of forty would often miss what one document in thirty has."""
    assert {chosen.known.label for chosen in choose(population(3000), 40).chosen} == {"a", "b"}


def test_the_same_documents_are_drawn_each_time_in_whatever_order() -> None:
    """By hash of the id."""
    documents = population(1000)
    shuffled = random.Random(3).sample(documents, len(documents))
    first, second = ({c.known.id for c in choose(docs, 100).chosen} for docs in (documents, shuffled))
    assert first == second


def test_a_larger_sample_holds_most_of_a_smaller_one() -> None:
    """What was looked at stays comparable."""
    documents = population(4000)
    smaller, larger = ({c.known.id for c in choose(documents, size).chosen} for size in (300, 600))
    assert len(smaller - larger) < 15


def test_repeated_ids_are_drawn_like_others() -> None:
    """An id is not a key."""
    documents = [Known(0, n, "same", "x", 10, "a") for n in range(50)]
    assert len(choose(documents, 20).chosen) == 20

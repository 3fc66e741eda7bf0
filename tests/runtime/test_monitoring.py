"""Rules of the features that drift reports will need."""

from __future__ import annotations

import math

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from nimbus_runtime.contract.documents import Document
from nimbus_runtime.monitoring import features, sampled, schema

NLP = spacy.blank("en")
SHARE = 1 / 64


def _features(cats: dict[str, float], text: str = "Anna paid .") -> dict[str, object]:
    doc = NLP.make_doc(text)
    doc.cats = cats
    return features(Document("id", text, None, 0), doc, SHARE)


@pytest.mark.parametrize(
    ("cats", "top", "entropy"),
    [
        ({}, None, None),
        ({"a": 1.0}, "a", 0.0),
        ({"a": 0.5, "b": 0.5}, "a", math.log(2)),
        ({"a": 0.9, "b": 0.9, "c": 0.9}, "a", math.log(3)),  # categories that exclude nothing: their shares
        ({"a": 0.0, "b": 1.0}, "b", 0.0),
        ({"a": 0.0, "b": 0.0}, "a", 0.0),
    ],
)
def test_confidence_is_the_best_score_and_the_entropy_of_all(
    cats: dict[str, float], top: str | None, entropy: float | None
) -> None:
    """In nats; a pipeline without categories has neither."""
    row = _features(cats)
    assert row["top_category"] == top
    assert row["top_probability"] == (None if top is None else cats[top])
    assert row["entropy"] == (None if entropy is None else pytest.approx(entropy, abs=1e-12))


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=6))
def test_entropy_is_between_none_and_that_of_even_shares(cats: dict[str, float]) -> None:
    """Whatever the scores."""
    entropy = _features(cats)["entropy"]
    assert isinstance(entropy, float)
    assert -1e-9 <= entropy <= math.log(len(cats)) + 1e-9


def test_a_row_has_the_columns_of_the_schema_and_no_text() -> None:
    """Lengths count characters and tokens."""
    row = _features({"a": 1.0}, "Zanzibar é .")
    assert list(row) == schema().names
    assert (row["characters"], row["tokens"]) == (12, 3)
    assert "Zanzibar" not in str(row)


def test_the_sample_is_a_sixty_fourth_by_id_alone() -> None:
    """Any run samples the same documents, and a larger share takes them all and more."""
    ids = [f"document {number}" for number in range(64_000)]
    sample = [name for name in ids if sampled(name, SHARE)]
    assert 900 < len(sample) < 1100  # 1,000 expected, 31 the deviation
    assert all(sampled(name, 1 / 32) for name in sample)
    assert not any(sampled(name, 0.0) for name in ids)
    assert all(sampled(name, 1.0) for name in ids)


def test_the_sample_is_the_same_in_every_process() -> None:
    """It is known by heart: no seed of a process plays a part."""
    assert [number for number in range(400) if sampled(str(number), SHARE)] == [143, 360, 380]

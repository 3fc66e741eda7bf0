"""Rules of comparing two rows of one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimbus.promotion.comparing import Compared, changed, components, entities
from nimbus.promotion.units import Categories, Match, Unit, matched, units

ONE = (Categories("textcat", ("a", "b"), exclusive=True),)
MANY = (Categories("topics", ("a", "b"), exclusive=False),)


def span(start: int, end: int, label: str = "X", **more: object) -> dict[str, Any]:
    """Return a span as rows have it."""
    return {"start": start, "end": end, "label": label, "kb_id": None, "id": None, **more}


def flips(live: Mapping[str, Any], candidate: Mapping[str, Any], cats: tuple[Categories, ...] = ()) -> list[Unit]:
    """Return the units that differ."""
    return [unit for unit in units(live, candidate, cats) if not unit.same]


def test_an_exclusive_category_flips_when_another_is_the_highest() -> None:
    """However little the scores move; and one document is one unit."""
    live = {"cats": {"a": 0.51, "b": 0.49}}
    assert flips(live, {"cats": {"a": 0.9, "b": 0.1}}, ONE) == []
    assert flips(live, {"cats": {"a": 0.49, "b": 0.51}}, ONE) == [Unit("textcat", "a", "b", same=False)]


def test_each_category_that_is_not_exclusive_flips_for_itself() -> None:
    """At one half; all of them are parts of what is said of the document."""
    found = flips({"cats": {"a": 0.6, "b": 0.1}}, {"cats": {"a": 0.4, "b": 0.2}}, MANY)
    assert found == [Unit("topics", "a", "not a", same=False, part=True)]


def test_a_document_with_several_labels_is_one_unit() -> None:
    """Of a thousand documents that all lose one of six labels, all change, however many labels there are to lose."""
    names = tuple(str(n) for n in range(50))
    live = {"cats": {name: 0.9 if int(name) < 6 else 0.1 for name in names}}
    candidate = {"cats": {**live["cats"], "5": 0.1}}
    said = tuple(units(live, candidate, (Categories("topics", names, exclusive=False),)))
    documents = [document(f"{n}", *said) for n in range(1000)]
    (found,) = components(documents, 0.95)
    assert (found.unit, found.changed.count, found.changed.of) == ("document", 1000, 1000)
    assert {part.name: part.changed.share for part in found.labels}["5"] == 1.0
    assert {part.name: part.changed.share for part in found.labels}["4"] == 0.0
    assert [(part.name, part.changed.share) for part in found.segments] == [("input a", 1.0)]


def test_documents_without_a_segment_are_in_none() -> None:
    """Live gives some no label; the first document need not have all segments that others have."""
    same, flip = Unit("textcat", "a", "a", same=True), Unit("textcat", "a", "b", same=False)
    told = Compared("y", 1.0, {"input": "a", "label": "a"}, (flip,))
    for documents in ([document("k", same), told], [told, document("k", same)]):
        (found,) = components(documents, 0.95)
        assert {part.name: (part.changed.count, part.changed.of) for part in found.segments} == {
            "input a": (1, 2),
            "label a": (1, 1),
        }


@pytest.mark.parametrize(("name", "unit"), [("ents:link", "entity"), ("spans:key:link", "span"), ("sents", "sentence")])
def test_what_is_counted_is_told(name: str, unit: str) -> None:
    """A link is an entity's."""
    (found,) = components([document("k", Unit(name, "a", "a", same=True))], 0.95)
    assert found.unit == unit


@pytest.mark.parametrize(
    ("live", "candidate", "wanted"),
    [
        ([span(0, 4)], [span(0, 4)], [Match.EXACT]),
        ([span(0, 4)], [span(0, 4, "Y")], [Match.LABEL]),
        ([span(0, 4)], [span(0, 6)], [Match.PARTIAL]),
        ([span(0, 4)], [span(4, 6)], [Match.MISSING, Match.EXTRA]),
        ([span(0, 4), span(5, 9)], [span(0, 9)], [Match.PARTIAL, Match.MISSING]),
        ([span(0, 9), span(2, 4)], [span(2, 4), span(0, 9)], [Match.EXACT, Match.EXACT]),
        ([], [span(0, 4)], [Match.EXTRA]),
    ],
)
def test_spans_are_paired_once(live: list[Any], candidate: list[Any], wanted: list[Match]) -> None:
    """The same first, then another label, then an overlap; what is left is missing or new."""
    assert [match for _, _, match in matched(live, candidate)] == wanted


SPANS = st.lists(st.builds(span, st.integers(0, 5), st.integers(6, 9), st.sampled_from("XY")), max_size=6)


@given(live=SPANS, candidate=SPANS)
def test_every_span_is_told_of_once(live: list[Any], candidate: list[Any]) -> None:
    """None is lost, none is doubled, and the other way round the same are exact."""
    found = list(matched(live, candidate))
    assert len([1 for a, _, _ in found if a is not None]) == len(live)
    assert len([1 for _, b, _ in found if b is not None]) == len(candidate)
    back = [match for _, _, match in matched(candidate, live)]
    assert back.count(Match.EXACT) == [match for _, _, match in found].count(Match.EXACT)


@given(live=SPANS)
def test_a_row_beside_itself_has_no_flip(live: list[Any]) -> None:
    """Whatever it holds."""
    row = {"ents": live, "cats": {"a": 0.3, "b": 0.7}, "sents": [span(0, 4), span(5, 9)]}
    assert flips(row, row, ONE) == []


def test_another_link_of_the_same_span_is_told_without_its_name() -> None:
    """Entities are linked to things by ids of a knowledge base."""
    found = flips({"ents": [span(0, 4, kb_id="Q1")]}, {"ents": [span(0, 4, kb_id="Q2")]})
    assert found == [Unit("ents:link", "the same", "another", same=False)]


def test_lemmas_are_a_document_s_words_and_are_not_shown() -> None:
    """Reports hold no text."""
    tokens = {"token_starts": [0, 5], "token_ends": [4, 9]}
    live, candidate = ({**tokens, "lemmas": ["meet", last], "heads": [0, 0]} for last in ("Anna", "anna"))
    (found,) = flips(live, candidate)
    assert (found.component, found.live, found.candidate) == ("lemmas", "the same", "another")


def test_other_tokens_are_flips() -> None:
    """Where one of two tokenizers cuts, the other's token is missing."""
    live = {"token_starts": [0], "token_ends": [9], "tags": ["NN"]}
    candidate = {"token_starts": [0, 5], "token_ends": [4, 9], "tags": ["NN", "NN"]}
    assert len(flips(live, candidate)) == 3


def document(name: str, *said: Unit, weight: float = 1.0) -> Compared:
    """Return a document with its units."""
    return Compared(name, weight, {"input": "a" if name < "m" else "z"}, said)


def test_figures_are_by_component_label_and_segment() -> None:
    """With a matrix whose examples are ids."""
    same, flip = Unit("textcat", "a", "a", same=True), Unit("textcat", "a", "b", same=False)
    (found,) = components([document("k", same), document("x", flip), document("y", flip), document("l", same)], 0.95)
    assert (found.name, found.unit, found.changed.count, found.changed.of) == ("textcat", "document", 2, 4)
    assert [(part.name, part.changed.share) for part in found.segments] == [("input a", 0.0), ("input z", 1.0)]
    assert [(part.name, part.changed.share) for part in found.labels] == [("a", 0.5)]
    assert (found.matrix[0].live, found.matrix[0].candidate, found.matrix[0].examples) == ("a", "b", ("x", "y"))
    assert changed([document("k", same), document("x", flip)], 0.95).share == 0.5


def test_agreement_of_spans_is_an_f1() -> None:
    """Live's taken as right: two of three found, one of three wrong."""
    pairs = list(matched([span(0, 1), span(2, 3), span(4, 5)], [span(0, 1), span(2, 3), span(6, 7)]))
    said = [Unit("ents", "X", "X", m is Match.EXACT, m) for _, _, m in pairs]
    (found,) = entities([document("k", *said)])
    assert (found.exact, found.missing, found.extra, found.agreement) == (2, 1, 1, pytest.approx(2 / 3))

"""Two rows of one document as units that agree or do not: categories, spans, sentences, tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nimbus_runtime.contract.bundle import Manifest

Row = Mapping[str, Any]
NONE = "—"  # what one of the two does not find at all
_TEXT = {"lemmas", "heads"}  # the values of which are a document's own words, or places in it
_YES = 0.5  # from this score on, a category that is not exclusive holds
_TOKENS = ("tags", "pos", "morphs", "lemmas", "deps", "heads")
_MANY = "textcat_multilabel"


class Match(StrEnum):
    """How a span of live's and one of the candidate's lie to each other."""

    EXACT = "exact"
    LABEL = "label"  # the same ends
    PARTIAL = "partial"  # they overlap
    MISSING = "missing"  # live's alone
    EXTRA = "extra"  # the candidate's alone


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that live says and what the candidate says instead; `match` is of spans.

    Those that are a `part` are one unit together: the labels of a document that may have several.
    """

    component: str
    live: str
    candidate: str
    same: bool
    match: Match | None = None
    part: bool = False


@dataclass(frozen=True, slots=True)
class Categories:
    """A component that scores categories: one of them holds, or each for itself."""

    component: str
    labels: tuple[str, ...]
    exclusive: bool


def categories(manifest: Manifest) -> tuple[Categories, ...]:
    """Return the components that score categories; one that cannot be told scores all of them."""
    wanted, found = set(manifest.cats), []
    for component in manifest.components:
        labels = tuple(label for label in component.labels if label in wanted)
        if labels and component.factory.startswith("textcat") and not component.disabled:
            found.append(Categories(component.name, labels, component.factory != _MANY))
            wanted -= set(labels)
    if wanted:
        found.append(Categories("cats", tuple(label for label in manifest.cats if label in wanted), exclusive=False))
    return tuple(found)


def units(live: Row, candidate: Row, cats: Sequence[Categories]) -> Iterator[Unit]:
    """Yield the units of a document that both have scored."""
    if _both(live, candidate, "cats"):
        for scored in cats:
            yield from _of_categories(scored, live["cats"], candidate["cats"])
    if _both(live, candidate, "ents"):
        yield from _of_spans("ents", live["ents"], candidate["ents"])
    if _both(live, candidate, "spans"):
        for key in sorted({span["key"] for row in (live, candidate) for span in row["spans"]}):
            kept = ([span for span in row["spans"] if span["key"] == key] for row in (live, candidate))
            yield from _of_spans(f"spans:{key}", *kept)
    if _both(live, candidate, "sents"):
        yield from _of_sentences(live["sents"], candidate["sents"])
    if _both(live, candidate, "token_starts"):
        for name in _TOKENS:
            if _both(live, candidate, name):
                yield from _of_tokens(name, live, candidate)


def _both(live: Row, candidate: Row, name: str) -> bool:
    return live.get(name) is not None and candidate.get(name) is not None


def _of_categories(scored: Categories, live: Mapping[str, float], candidate: Mapping[str, float]) -> Iterator[Unit]:
    if scored.exclusive:
        first, second = (max(scored.labels, key=lambda label: cats.get(label) or 0.0) for cats in (live, candidate))
        yield Unit(scored.component, first, second, first == second)
        return
    for label in scored.labels:
        first, second = (label if (cats.get(label) or 0.0) >= _YES else f"not {label}" for cats in (live, candidate))
        yield Unit(scored.component, first, second, first == second, part=True)


def _of_spans(component: str, live: Sequence[Row], candidate: Sequence[Row]) -> Iterator[Unit]:
    """Pair spans with the same ends first, the same label before another, then those that overlap most."""
    for span, other, match in matched(live, candidate):
        first, second = NONE if span is None else span["label"], NONE if other is None else other["label"]
        yield Unit(component, first, second, match is Match.EXACT, match)
        if span is not None and other is not None and (span.get("kb_id") or other.get("kb_id")):
            yield _hidden(f"{component}:link", same=span.get("kb_id") == other.get("kb_id"))


def _hidden(component: str, *, same: bool) -> Unit:
    """Return a unit whose values are not shown."""
    return Unit(component, "the same", "the same" if same else "another", same)


def matched(live: Sequence[Row], candidate: Sequence[Row]) -> Iterator[tuple[Row | None, Row | None, Match]]:
    """Yield spans of either side, each once, with what the other has in its place."""
    rest, others = list(live), list(candidate)
    for match, fits in (
        (Match.EXACT, lambda a, b: _ends(a) == _ends(b) and a["label"] == b["label"]),
        (Match.LABEL, lambda a, b: _ends(a) == _ends(b)),
        (Match.PARTIAL, lambda a, b: _overlap(a, b) > 0),
    ):
        left = []
        for span in rest:
            found = max((other for other in others if fits(span, other)), key=lambda o: _overlap(span, o), default=None)
            if found is None:
                left.append(span)
            else:
                others.remove(found)
                yield span, found, match
        rest = left
    yield from ((span, None, Match.MISSING) for span in rest)
    yield from ((None, other, Match.EXTRA) for other in others)


def _of_sentences(live: Sequence[Row], candidate: Sequence[Row]) -> Iterator[Unit]:
    starts, others = {s["start"] for s in live}, {s["start"] for s in candidate}
    for start in sorted(starts | others):
        first, second = ("start" if start in found else NONE for found in (starts, others))
        yield Unit("sents", first, second, first == second)


def _of_tokens(name: str, live: Row, candidate: Row) -> Iterator[Unit]:
    first, second = (dict(zip(_tokens(row), _values(row, name), strict=True)) for row in (live, candidate))
    for token in sorted({**first, **second}):
        said = (first.get(token, NONE), second.get(token, NONE))
        same = said[0] == said[1]
        yield _hidden(name, same=same) if name in _TEXT else Unit(name, str(said[0]), str(said[1]), same)


def _tokens(row: Row) -> Iterable[tuple[int, int]]:
    return zip(row["token_starts"], row["token_ends"], strict=True)


def _values(row: Row, name: str) -> Sequence[object]:
    """Return a value a token; a head by where it stands, so that other tokens elsewhere change nothing."""
    values: Sequence[Any] = row[name]
    return [row["token_starts"][head] for head in values] if name == "heads" else values


def _ends(span: Row) -> tuple[int, int]:
    return span["start"], span["end"]


def _overlap(span: Row, other: Row) -> int:
    shared: int = min(span["end"], other["end"]) - max(span["start"], other["start"])
    return shared

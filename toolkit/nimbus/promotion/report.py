"""What a shadow finds out about a candidate, as a record: figures and ids, never text."""

from __future__ import annotations

from dataclasses import dataclass

KIND = "shadow"  # of evidence


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval.

    `count` of `of` units were counted. `share` weighs each document by how many it stands for; `effective` is how many
    independent units would tell as much: units of one document are alike, and weights cost precision.
    """

    count: int
    of: int
    share: float
    low: float
    high: float
    effective: float


@dataclass(frozen=True, slots=True)
class Named:
    """A share of one label, or of one segment of the documents."""

    name: str
    changed: Share


@dataclass(frozen=True, slots=True)
class Cell:
    """How often live says one thing where the candidate says another; `examples` are ids."""

    live: str
    candidate: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """What changes in one kind of prediction. `unit` is what is counted: a document, an entity, a token.

    A document of a classifier with several labels changes once, however many do; `labels` counts each.
    """

    name: str
    unit: str
    changed: Share
    labels: tuple[Named, ...]
    segments: tuple[Named, ...]
    matrix: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Entities:
    """Spans beside spans: the same, with another label, with other ends, found by one alone."""

    kind: str
    exact: int
    label: int
    partial: int
    missing: int
    extra: int
    agreement: float  # F1 of the candidate's exact spans, live's taken as right


@dataclass(frozen=True, slots=True)
class Shift:
    """The mean difference of a figure, the candidate's less live's, over the same documents."""

    name: str
    live: float
    candidate: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of one process a thousand characters, and the candidate's as a multiple of live's.

    `same_machine` says whether both were timed here, in turn; otherwise live's are those of its run.
    """

    live: float
    candidate: float
    ratio: float
    low: float | None
    high: float | None
    documents_a_second: float
    same_machine: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """What the last run would take with the candidate, on as many processes as `workers`."""

    documents: int
    workers: int
    live_seconds: float
    candidate_seconds: float
    live_cost: float | None
    candidate_cost: float | None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Failures:
    """Documents of the sample that could not be scored, by release, and the interval of the difference, in pairs."""

    live: int
    candidate: int
    low: float
    high: float
    reasons: dict[str, int]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shadow:
    """A candidate beside live, on a sample of real inputs; nothing of it was published.

    `sampled` of `documents` were scored, out of `strata`; `wanted` were asked for. `scored_again` says that live scored
    the sample anew, in the same batches; otherwise its published rows stand for it. `repeated` is then what live itself
    changed since.
    """

    live: str
    live_digest: str
    candidate: str
    candidate_digest: str
    run: str | None
    documents: int
    sampled: int
    strata: int
    scored_again: bool
    confidence: float
    changed: Share
    repeated: Share | None
    components: tuple[Component, ...]
    entities: tuple[Entities, ...]
    shifts: tuple[Shift, ...]
    failures: Failures
    speed: Speed
    memory_live: int | None  # bytes at most of one process
    memory_candidate: int | None
    projection: Projection
    notes: tuple[str, ...] = ()
    wanted: int = 0

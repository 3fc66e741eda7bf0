"""The records of drift: what a release's documents are compared with, and what a comparison found.

baselines/<name>.json                   Baseline; the parts lie beside it, as baselines/data/<sha256>.parquet
evidence/<release>/drift-<time>.json    Comparison
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from nimbus_runtime.contract.records import DataFile

FIELD, NULL, OTHER_FIELDS = "field", "null", "other fields"
TYPES = ("string", "number", "boolean", "list", "object")


def of_fields(feature: str) -> bool:
    """Say whether a feature is of the records' fields: `field NAME`, `null NAME`, `TYPE NAME`, or the others'."""
    return feature == OTHER_FIELDS or feature.partition(" ")[0] in (FIELD, NULL, *TYPES)


class Level(StrEnum):
    """What a comparison comes to, from best to worst."""

    NONE = "none"
    INSUFFICIENT = "insufficient data"
    VISIBLE = "visible"
    MATERIAL = "material"


class Kind(StrEnum):
    """What is compared of a feature, and so by which test and on which scale."""

    NUMBER = "number"  # Kolmogorov-Smirnov; effect D, 0 to 1
    CATEGORY = "category"  # chi-squared; effect total variation, 0 to 1
    SHARE = "share"  # chi-squared; effect Cohen's h, 0 to π
    VECTOR = "vector"  # a classifier that tells the windows apart; effect its AUC, 0.5 to 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a difference counts: it must be significant, and as large as this.

    `alpha` bounds the chance that any feature alarms where nothing drifts. `distance` is for D and
    total variation: the share of the documents that would have to change. `visible` is the part of a threshold from
    which a significant difference is worth a look. Below `documents` in either window nothing is judged.
    Weekdays are those of `time_zone`.
    """

    alpha: float = 0.01
    distance: float = 0.1
    share: float = 0.25
    auc: float = 0.65
    visible: float = 0.5
    documents: int = 500
    vectors: int = 100
    same_weekday: bool = True
    time_zone: str = "UTC"


class Source(StrEnum):
    """Where a baseline comes from."""

    DEV = "dev"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class Part:
    """A sample of one run's monitoring features, or of a dev set's. The counts are of all its documents."""

    run: str | None
    scheduled_time: str
    documents: int
    quarantined: int
    sample: DataFile


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the documents of a release are compared with; created once.

    `usual` is how far a run of the baseline is from the others at most, by feature: what changes
    from day to day anyway.
    """

    SCHEMA: ClassVar[int] = 1
    name: str
    release: str
    bundle_digest: str
    pipeline: str
    source: Source
    created: str
    actor: str
    thresholds: Thresholds
    parts: tuple[Part, ...]
    usual: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """How one feature differs. `low` and `high` bound the effect, `ratio` is it as a multiple of the threshold."""

    feature: str
    kind: Kind
    level: Level
    effect: float
    low: float
    high: float
    threshold: float
    ratio: float
    statistic: float
    p_value: float
    adjusted: float  # by Holm, over all features
    psi: float | None
    reference: int  # documents with a value
    current: int
    chance: float | None = None  # of vectors: the AUC that 39 of 40 permutations of the documents stay below


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a window of runs was found to be against a baseline. `ratio` above 1 is material."""

    SCHEMA: ClassVar[int] = 1
    release: str
    runs: tuple[str, ...]
    scheduled_time: str
    baseline: str
    weekday: str | None  # of which alone the reference was taken
    engine: str
    level: Level
    ratio: float
    reference: int  # sampled documents
    current: int
    findings: tuple[Finding, ...]
    note: str | None = None  # what the reader of a verdict should know of how it was come to

"""The records of the protocol: what stands in the root of a pipeline.

    live.json                               Live; the only thing ever overwritten
    ledger/<sequence>.json                  LedgerEntry; every earlier state of live.json
    releases/<release>.json                 Release
    releases/<release>/sbom.<cpu>.cdx.json  what is in its image for a processor, in CycloneDX
    releases/<release>/going.json           Entry; who has begun to remove it; of a run in runs/<run>/
    evidence/<release>/<kind>-<time>.json   Evidence
    runs/<run>/plan.json                    Plan; creating it is the first claim
    runs/<run>/claims/<k>.json              Claim; attempt k of 2 and later
    runs/<run>/attempts/<k>.json            AttemptEnd
    runs/<run>/commits/<release>/<n>.json   Commit
    runs/<run>/canary.json                  CanaryVerdict; whether a candidate's shards are kept
    runs/<run>/run.json                     Run; the dataset
    runs/<run>/data/<sha256>.<suffix>       what commits refer to
    executions/<name>/begun.json            Begun; when it first asked for its run
    executions/<name>/dispatch.json         Dispatch
    executions/paused-<run>/dispatch.json   Dispatch; of a run that was due while its pipeline was paused
    executions/<name>/map.json              Batches
    executions/<name>/failure.json          Dispatch; why its run was not committed, where that would be so again
    executions/<name>/second/…              Dispatch and Batches of the shards that a dropped candidate leaves

Times are UTC in ISO 8601, such as 2026-11-22T02:00:00Z.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.inputs import Fields, Format, InputFile, Slice


class RunKind(StrEnum):
    """What started a run."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"


class OutputFormat(StrEnum):
    """How a shard's rows are written."""

    PARQUET = "parquet"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Execution:
    """Who executes an attempt: a process on a machine, or an execution in the cloud."""

    id: str
    actor: str
    host: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class Shard:
    """The unit of commit: a slice of one input, by the input's number in the plan."""

    input: int
    start: int
    end: int

    @property
    def part(self) -> Slice:
        """Return the slice to read."""
        return Slice(self.start, self.end)


class Gemm(StrEnum):
    """Whose matrix product the layers compute with. They differ in speed and in the last bits."""

    NUMPY = "numpy"
    BLIS = "blis"


@dataclass(frozen=True, slots=True)
class ProductTimes:
    """What a run's layers took when it was planned, by either matrix product, in microseconds of processor time."""

    numpy: float
    blis: float


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the bytes of a run's output besides bundle and input.

    `precision` and `gemm` are decided once, in the plan, so that all workers compute alike.
    `gemm_measured` is what `gemm` was decided by, where it was not the user.
    """

    annotations: tuple[Annotation, ...]
    output_format: OutputFormat
    fields: Fields
    precision: str
    gemm: Gemm
    vector_sample: float = 1 / 64  # share of the documents whose pooled vector is kept for drift reports
    gemm_measured: ProductTimes | None = None


@dataclass(frozen=True, slots=True)
class CanaryLimits:
    """How much worse than live's shards of the same run a candidate's may be before it is dropped."""

    quarantine: float = 0.01  # share of the documents that fail in it beyond live's
    slowdown: float = 2.0  # times live's seconds a character
    labels: float = 0.1  # total variation between the label mixes, 0 to 1


@dataclass(frozen=True, slots=True)
class Canary:
    """A candidate's part in a run: `shards` are its own, by number.

    `bundle` is where it lies, if on this machine; `cats` are live's categories: a dataset has one schema.
    """

    release: str
    bundle_digest: str
    bundle: str
    percent: int
    limits: CanaryLimits
    cats: tuple[str, ...] = ()
    shards: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will do, decided before anything is scored."""

    SCHEMA: ClassVar[int] = 1
    run: str
    kind: RunKind
    scheduled_time: str
    execution: Execution
    release: str
    bundle_digest: str
    bundle: str  # where the bundle lay when the run was planned
    epoch: int
    max_quarantine: float  # share of the documents
    settings: Settings
    inputs: tuple[InputFile, ...]
    shards: tuple[Shard, ...]
    candidate: Canary | None = None

    def digest_of(self, release: str) -> str:
        """Return the digest of the bundle that a release of this run scores with."""
        if self.candidate is not None and release == self.candidate.release:
            return self.candidate.bundle_digest
        return self.bundle_digest


@dataclass(frozen=True, slots=True)
class Claim:
    """Who took a run over after an earlier attempt had ended."""

    SCHEMA: ClassVar[int] = 1
    attempt: int
    execution: Execution


class Ending(StrEnum):
    """How an attempt ended, where it did not end in a dataset."""

    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # found dead by the next attempt


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended."""

    SCHEMA: ClassVar[int] = 1
    attempt: int
    ending: Ending
    time: str
    error: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a shard. `file` is its content's SHA-256 and a suffix; `size` is in bytes."""

    file: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What a shard or a run amounts to."""

    documents: int = 0
    scored: int = 0
    quarantined: int = 0
    characters: int = 0
    tokens: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # quarantined documents by reason

    def __add__(self, other: Counts) -> Counts:
        """Add two counts."""
        reasons = dict(self.reasons)
        for reason, count in other.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Counts(
            self.documents + other.documents,
            self.scored + other.scored,
            self.quarantined + other.quarantined,
            self.characters + other.characters,
            self.tokens + other.tokens,
            reasons,
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """Shard `shard` is done, and these files are it. "Exists" means done.

    It took `seconds`, of which the pipeline had the processor for `working`, or waited by itself.
    """

    SCHEMA: ClassVar[int] = 1
    shard: int
    release: str
    attempt: str
    rows: DataFile
    quarantine: DataFile | None
    features: DataFile
    counts: Counts
    seconds: float
    working: float | None = None


@dataclass(frozen=True, slots=True)
class CanaryRule:
    """One comparison of a candidate's shards with live's. `why` says in words what was found."""

    name: str
    candidate: float
    live: float
    limit: float
    held: bool
    why: str


@dataclass(frozen=True, slots=True)
class CanaryVerdict:
    """Whether a candidate's shards of a run are published, decided once when all of the run's shards are scored."""

    SCHEMA: ClassVar[int] = 1
    run: str
    release: str
    percent: int
    kept: bool
    reason: str
    time: str
    shards: int  # the candidate's
    documents: int  # the candidate's
    rules: tuple[CanaryRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Ids that more than one document of a run brought. Their rows are all kept."""

    ids: int = 0
    documents: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A complete dataset: every shard's files, in the order of the plan."""

    SCHEMA: ClassVar[int] = 1
    run: str
    release: str
    bundle_digest: str
    epoch: int
    scheduled_time: str
    finished: str
    output_format: OutputFormat
    annotations: tuple[Annotation, ...]
    rows: tuple[DataFile, ...]
    quarantine: tuple[DataFile, ...]
    features: tuple[DataFile, ...]
    counts: Counts
    duplicates: Duplicates
    candidate: str | None = None  # the release whose shards, as the plan has them, are among these
    worker_seconds: float | None = None  # that workers took, by the clock, all shards together


@dataclass(frozen=True, slots=True)
class Job:
    """What a release's scheduled runs read, and how. `annotations` None: all that the pipeline assigns."""

    inputs: tuple[str, ...]
    fields: Fields
    annotations: tuple[Annotation, ...] | None
    output_format: OutputFormat
    max_quarantine: float  # share of the documents
    input_format: Format | None = None  # where a file's name does not say


@dataclass(frozen=True, slots=True)
class Release:
    """A bundle and the settings it is run with; immutable.

    `job` is set where it was deployed; `task_definition` and `image` (repository@sha256:…) where
    that was to tasks in the cloud, `bundle` where it was to a machine: the folder below the root that keeps it.
    `precision`, `labels` by component, `versions` of the packages it requires and `size` in bytes
    are what two releases are compared by, long after a bundle is gone. `sboms` are the image's bills
    of materials, the SHA-256 of each by its place below the root.
    """

    SCHEMA: ClassVar[int] = 1
    release: str
    bundle_digest: str
    pipeline: str
    pipeline_version: str
    task_definition: str | None = None
    job: Job | None = None
    image: str | None = None
    bundle: str | None = None
    precision: str | None = None
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    sboms: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out about a release, once: a preflight, a shadow run, a load test, drift.

    `outcome` is the finding in a word, such as ok, failed, promote, hold or inconclusive; `body`
    is the kind's own record as plain values, without any document's text.
    """

    SCHEMA: ClassVar[int] = 1
    release: str
    kind: str
    time: str
    actor: str
    outcome: str
    body: dict[str, object] = field(default_factory=dict)


class Outcome(StrEnum):
    """What a task has decided of a run."""

    DONE = "done"  # scored, committed and published at once
    FAN_OUT = "fan_out"  # batches wait for tasks
    DUPLICATE = "duplicate"  # another execution owns the run, and still goes
    PAUSED = "paused"
    WAIT = "wait"  # an earlier run still goes
    FAILED = "failed"  # and would fail again


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What a state machine reads after the run was planned."""

    outcome: Outcome
    run: str
    candidate: bool = False  # whether a candidate's shards are among those that wait
    error: str = ""  # the class of what failed


@dataclass(frozen=True, slots=True)
class Batch:
    """Shards for one task, as numbers and ranges such as 0-15,20."""

    task_definition: str
    release: str
    shards: str
    candidate: bool = False  # then it may fail: live scores its shards


@dataclass(frozen=True, slots=True)
class Begun:
    """When an execution first asked for its run, live.json's epoch then, and the run's name."""

    time: str
    epoch: int = 0
    run: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who changed live.json, when, how and why. `attempt` lets a writer recognise its own change."""

    action: str
    actor: str
    time: str
    reason: str
    attempt: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that is given a share of the shards."""

    release: str
    percent: int
    limits: CanaryLimits = CanaryLimits()
    since: str = ""  # when it was offered


@dataclass(frozen=True, slots=True)
class Live:
    """The state of a pipeline in an environment."""

    SCHEMA: ClassVar[int] = 1
    sequence: int
    entry: Entry
    release: str
    previous: str | None = None
    candidate: Candidate | None = None
    dataset: str | None = None
    datasets: dict[str, str] = field(default_factory=dict)  # a release's last run published without a candidate
    epoch: int = 0
    paused: bool = False

"""The sections that every verb reads: pipeline, input, output, schedule, task."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from nimbus.config.keys import Key
from nimbus.schedules import expressions
from nimbus_runtime.contract.annotations import Annotation
from nimbus_runtime.contract.bundle import Precision
from nimbus_runtime.contract.inputs import Format
from nimbus_runtime.contract.records import OutputFormat

_NAME = r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The trained pipeline, and how it is compiled."""

    name: Annotated[
        str, Key("Name of the pipeline.", pattern=_NAME, says="2 to 24 lower-case letters, digits, single - or _")
    ]
    source: Annotated[
        str, Key("The trained pipeline: a folder, a wheel, or the name of an installed package.", nonempty=True)
    ]
    precision: Annotated[Precision, Key("How the encoder computes.")] = Precision.FP32
    code: Annotated[tuple[str, ...], Key("Files of your own that the pipeline's components are made of.")] = ()
    allow: Annotated[tuple[str, ...], Key("Installed packages whose components the pipeline may use.")] = ()

    def __post_init__(self) -> None:
        """Refuse a name that no resource could have."""
        if not 2 <= len(self.name) <= 24:
            raise ValueError(f"name is 2 to 24 characters long, not {len(self.name)}")
        if self.name.endswith("-release"):
            raise ValueError("name does not end in -release: that ending is kept for what is deployed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What runs read."""

    paths: Annotated[tuple[str, ...], Key("Files, folders, patterns, or s3:// addresses of documents.", nonempty=True)]
    text_field: Annotated[str, Key("The field that holds the text.", nonempty=True)] = "text"
    id_field: Annotated[
        str | None, Key("The field that holds the id; derived from content and place without.", nonempty=True)
    ] = None
    format: Annotated[Format | None, Key("How documents are laid out where the file's name does not say.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What runs write."""

    annotations: Annotated[
        tuple[Annotation, ...] | None, Key("What to write; all that the pipeline assigns without.", nonempty=True)
    ] = None
    format: Annotated[OutputFormat, Key("How rows are written.")] = OutputFormat.PARQUET
    max_quarantine: Annotated[float, Key("Share of the documents that may fail.", least=0, most=1)] = 0.1


class Overlap(StrEnum):
    """What a run does that is due while an earlier one still goes."""

    WAIT = "wait"
    ALLOW = "allow"


class CatchUp(StrEnum):
    """What `nimbus schedule start` does with runs that were due while it did not look."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When runs are due."""

    expression: Annotated[str, Key("cron(…) with six fields, rate(…) or at(…), as EventBridge Scheduler has them.")]
    time_zone: Annotated[str, Key("Time zone that cron and at are meant in, such as Europe/Berlin.")] = "UTC"
    overlap: Annotated[Overlap, Key("What a run does that is due while an earlier one still goes.")] = Overlap.WAIT
    catch_up: Annotated[
        CatchUp, Key("Which of the runs are made up for that were due while `nimbus schedule start` did not look.")
    ] = CatchUp.LATEST

    def __post_init__(self) -> None:
        """Refuse an expression that no clock would read, and a zone that no clock knows."""
        expressions.parse(self.expression)
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"time_zone is UTC or a name such as Europe/Berlin, not {self.time_zone!r}") from None


class Architecture(StrEnum):
    """Processor family of tasks."""

    X86_64 = "X86_64"
    ARM64 = "ARM64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a task on AWS is given; `nimbus infra` hands it to Terraform."""

    cpu: Annotated[int, Key("Units of 1/1024 vCPU; a worker runs one process a vCPU.", least=256, most=16384)] = 2048
    memory: Annotated[int, Key("MiB; has to go with cpu on Fargate.", least=512, most=122880)] = 4096
    architecture: Annotated[Architecture, Key("Processor family; images are built for it.")] = Architecture.X86_64
    spot: Annotated[bool, Key("Whether batches are tried on Fargate Spot first.")] = True
    max_concurrency: Annotated[int, Key("How many tasks score at once.", least=1, most=5000)] = 50

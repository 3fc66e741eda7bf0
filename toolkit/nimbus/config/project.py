"""`nimbus.toml` as it holds in one environment."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from nimbus.config.drift import Drift
from nimbus.config.environments import Described
from nimbus.config.gate import Gate
from nimbus.config.image import Image
from nimbus.config.loadtest import LoadTest, Prices
from nimbus.config.sections import Input, Output, Pipeline, Schedule, Task
from nimbus_runtime.contract import codec
from nimbus_runtime.contract.drift import Thresholds
from nimbus_runtime.contract.inputs import Fields
from nimbus_runtime.contract.records import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """The file's sections by their names. One that may be left out is None or has a default."""

    pipeline: Pipeline
    input: Input
    output: Output = field(default_factory=Output)
    schedule: Schedule | None = None
    task: Task = field(default_factory=Task)
    image: Image = field(default_factory=Image)
    gate: Gate = field(default_factory=Gate)
    loadtest: LoadTest = field(default_factory=LoadTest)
    prices: Prices = field(default_factory=Prices)
    drift: Drift = field(default_factory=Drift)


NAMES = tuple(section.name for section in fields(Sections))


@dataclass(frozen=True, slots=True, kw_only=True)
class Project(Sections):
    """A pipeline's file, read for one of its environments.

    `origins` says where each value was given that is no default, by its dotted name.
    """

    file: Path
    environment: str
    environments: dict[str, Described]
    origins: dict[str, str]

    @property
    def folder(self) -> Path:
        """Return the file's folder, which relative paths start from."""
        return self.file.parent

    @property
    def described(self) -> Described:
        """Return the environment as the file describes it."""
        return self.environments[self.environment]

    def path(self, given: str) -> str:
        """Return a path of the file as an absolute one; an address such as s3://… stays."""
        return given if "://" in given else str(self.folder / given)

    def job(self) -> Job:
        """Return what a release's runs read and write."""
        return Job(
            inputs=tuple(map(self.path, self.input.paths)),
            fields=Fields(self.input.text_field, self.input.id_field),
            annotations=self.output.annotations,
            output_format=self.output.format,
            max_quarantine=self.output.max_quarantine,
            input_format=self.input.format,
        )

    def thresholds(self) -> Thresholds:
        """Return the limits that the project's baselines keep."""
        return self.drift.thresholds("UTC" if self.schedule is None else self.schedule.time_zone)


def values(project: Project) -> dict[str, dict[str, object]]:
    """Return the plain values of every section that is there."""
    sections = {name: codec.plain(getattr(project, name)) for name in NAMES}
    return {name: section for name, section in sections.items() if isinstance(section, dict)}

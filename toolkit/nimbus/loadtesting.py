"""Where load tests and quotes meet adapters. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus import assembly
from nimbus.config.environments import Kind
from nimbus.config.loadtest import LoadTest, Profile, Users

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nimbus.config import Environment, Project
    from nimbus.loadtest.command import Load
    from nimbus.loadtest.result import Result, Second
    from nimbus.loadtest.run import Trial
    from nimbus.quote.choose import TaskSize
    from nimbus.quote.prices import PriceTable
    from nimbus.quote.quote import Measured, Quote
    from nimbus_runtime.contract.records import Evidence, Release
    from nimbus_runtime.store import Store


# What a worker takes: the interpreter with spaCy and onnxruntime, and the weights as read and as prepared.
_PROCESS_MB, _MB_A_BUNDLE_MB = 250.0, 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be put under load: an address, a bundle, or else a release of an environment."""

    name: str
    profile: Profile
    settings: LoadTest
    url: str | None = None
    bundle: Path | None = None
    environment: Environment | None = None
    release: str | None = None
    project: Project | None = None

    @property
    def payloads(self) -> Path | None:
        """Return the file of the user's texts."""
        named = self.settings.payloads
        return None if named is None else Path(self.project.path(named) if self.project else named)


def load_test(asked: Asked, second: Callable[[Second], None]) -> tuple[Trial, Evidence | None]:
    """Put it under load; return what came of it, and what is kept of it where the environment knows the release."""
    from nimbus.adapters.locust import Locust, decode  # noqa: PLC0415
    from nimbus.loadtest import command, run  # noqa: PLC0415
    from nimbus.loadtest.result import Result as Record  # noqa: PLC0415
    from nimbus.loadtest.result import Second as Line  # noqa: PLC0415
    from nimbus_runtime.contract import codec  # noqa: PLC0415

    left: set[int] = set()

    def generate(load: Load, told: Callable[[Second], None]) -> Result:
        locust = Locust(os.environ.get("NIMBUS_API_KEY"), frozenset(left))
        written = locust.run(
            lambda **places: command.arguments(load, **places),
            lambda values: told(codec.build(Line, values, "locust's figures")),
        )
        return decode(Record, written)

    target = _target(asked, left)
    tested = run.load_test(asked.name, asked.settings.slo, target, generate, second)
    return tested, _keep(asked, tested)


@contextmanager
def _target(asked: Asked, left: set[int]) -> Iterator[Load]:
    """Open what is put under load; processors that it leaves to others go into `left`."""
    from nimbus.adapters.serving import served  # noqa: PLC0415
    from nimbus.loadtest.command import Load  # noqa: PLC0415

    field = asked.project.input.text_field if asked.project else "text"
    load = Load(asked.profile, asked.settings, asked.url, payloads=asked.payloads, text_field=field)
    if asked.profile.users is Users.BATCH:
        with _runs(asked) as submit:
            yield replace(load, submit=submit)
    elif asked.url is not None:
        yield load
    else:
        bundle, release = (asked.bundle, None) if asked.bundle else _released(asked)
        with served(bundle, release, asked.settings.vcpus) as (address, others):
            left.update(others)
            yield replace(load, url=address)


def _released(asked: Asked) -> tuple[Path, str]:
    """Return the bundle of the release that is named, or of the candidate, or of the live one."""
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415

    if asked.environment is None:
        raise LoadTestTargetError(
            "there is nothing to put under load",
            expected="--env of a nimbus.toml, --bundle BUNDLE or --url URL",
            remedy="name one of them",
        )
    found = _release(asked.environment, asked.release)
    if found.bundle is None or asked.environment.kind is not Kind.LOCAL:
        raise LoadTestTargetError(
            f"environment {asked.environment.name} has no server of its own",
            where=asked.environment.root,
            got=f"release {found.release}, which runs by schedule",
            remedy="serve its image and give --url, test its bundle with --bundle, or its runs with --profile batch",
        )
    return Path(asked.environment.root) / found.bundle, found.release


def _release(environment: Environment, named: str | None) -> Release:
    from nimbus.releases import registry  # noqa: PLC0415

    store = assembly.open_environment(environment)
    present = None if named else registry.present(store)
    if present is not None:
        named = present.candidate.release if present.candidate else present.release
    return registry.release(store, named or "")


@contextmanager
def _runs(asked: Asked) -> Iterator[tuple[str, ...]]:
    """Yield the command that submits a run: into the environment, or with a bundle into a folder that is removed."""
    import tempfile  # noqa: PLC0415

    from nimbus.demo import TEXTS  # noqa: PLC0415
    from nimbus.loadtest.errors import LoadTestTargetError  # noqa: PLC0415

    nimbus = (sys.executable, "-P", "-m", "nimbus.cli.main", "run")
    if asked.url is not None:
        raise LoadTestTargetError("a server has no runs", remedy="give --env or --bundle, or another --profile")
    if asked.bundle is None:
        if asked.environment is None or asked.project is None:
            raise LoadTestTargetError("there is nowhere to submit runs to", remedy="give --env or --bundle")
        if asked.environment.protected:
            raise LoadTestTargetError(
                f"environment {asked.environment.name} is protected: the runs of a load test would be published there",
                remedy="use an environment that is there for tests, or --bundle",
            )
        yield (
            *nimbus,
            "--env",
            asked.environment.name,
            "--config",
            str(asked.project.file),
            "--wait",
            "--quiet",
            "--json",
        )
        return
    texts = str(asked.payloads or TEXTS)
    with tempfile.TemporaryDirectory() as folder:
        where = ("--bundle", str(asked.bundle), "--output", f"{folder}/{{run}}")
        yield (*nimbus, texts, *where, "--workers", str(asked.settings.vcpus), "--quiet", "--json")


def _keep(asked: Asked, tested: Trial) -> Evidence | None:
    """Keep the finding as evidence of the release that was measured, if the environment has it."""
    from nimbus.loadtest import run  # noqa: PLC0415
    from nimbus.releases import registry  # noqa: PLC0415
    from nimbus_runtime import claims, evidence  # noqa: PLC0415

    if asked.environment is None:
        return None
    store = assembly.open_environment(asked.environment)
    if asked.profile.users is Users.BATCH and asked.bundle is None:
        release = _release(asked.environment, asked.release)
    else:
        digest = tested.result.target.bundle_digest or _digest(asked)
        found = [
            each
            for each in map(partial(registry.release, store), registry.names(store))
            if each.bundle_digest == digest
        ]
        if not found:
            return None
        named = tested.result.target.release
        release = next((each for each in found if each.release == named), found[-1])
    finding = run.finding(tested, release.bundle_digest, release.image)
    outcome = tested.verdict.outcome.value
    return evidence.write(store, release.release, run.KIND, finding, outcome=outcome, actor=claims.actor())


def _digest(asked: Asked) -> str | None:
    from nimbus_runtime.bundle import read_manifest  # noqa: PLC0415

    return None if asked.bundle is None else read_manifest(asked.bundle)[1]


def prices(project: Project | None = None, named: Path | None = None) -> PriceTable:
    """Return the table of prices: that of a file, the project's, or Nimbus's own."""
    from nimbus.quote import prices as tables  # noqa: PLC0415

    if named is None and project is not None and project.prices.table:
        named = Path(project.path(project.prices.table))
    return tables.read(named) if named else tables.read()


def measured_by(tested: Trial) -> Measured | None:
    """Return what a ramp measured of one process on one vCPU; None where the target told too little.

    Other shapes say what was asked for, not what could be had.
    """
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415

    target, most = tested.result.target, tested.verdict.saturation
    if most is None or not target.cpus or not target.peak_resident_bytes:
        return None
    process = target.peak_resident_bytes / 1e6 / target.cpus
    return Measured(most.documents_per_second / target.cpus, Memory(0.0, process), f"load test {tested.profile}")


def cost_of(project: Project, vcpu_seconds: float) -> float:
    """Return what so much processor time costs in tasks of the project's size, by its table of prices."""
    from nimbus.quote import quote as quoting  # noqa: PLC0415
    from nimbus.quote.choose import TaskSize  # noqa: PLC0415

    task = project.task
    size = TaskSize(task.cpu / 1024, task.memory / 1024)
    return quoting.price_an_hour(prices(project), task.architecture.value, size) / size.vcpus * vcpu_seconds / 3600


def given(documents_per_second: float, process_mb: float) -> Measured:
    """Return what a user knows of one process."""
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415

    return Measured(documents_per_second, Memory(0.0, process_mb), "as given")


def in_a_line(environment: Environment, project: Project, release: Release) -> str | None:
    """Return what a release scores in an hour and costs in tasks of the project's size; None where nobody knows."""
    from nimbus.quote.choose import TaskSize  # noqa: PLC0415
    from nimbus.releases import registry  # noqa: PLC0415

    if release.release not in registry.names(assembly.open_environment(environment)):
        return None
    measured = measured_of(environment, release.release)
    if measured is None:
        return None
    task, table = project.task, prices(project)
    size = TaskSize(task.cpu / 1024, task.memory / 1024)
    found = quote(measured, table, task.architecture.value, size=size).recommended
    return (
        f"{found.documents_an_hour:,.0f} documents an hour a task, "
        f"{found.price_a_million:,.2f} {table.currency} a million ({measured.source})"
    )


def measured_of(environment: Environment, release: str | None = None) -> Measured | None:
    """Return what is known of a release's speed and memory: by its latest load test, or by its latest run."""
    from nimbus.loadtest import run  # noqa: PLC0415
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415
    from nimbus_runtime import evidence  # noqa: PLC0415
    from nimbus_runtime.contract import codec  # noqa: PLC0415

    store = assembly.open_environment(environment)
    found = _release(environment, release)
    for name in reversed(evidence.names(store, found.release, run.KIND)):
        record = evidence.read(store, found.release, name)
        finding = codec.build(run.Finding, record.body, name)
        if finding.saturation_rate and finding.cpus and finding.peak_resident_bytes:
            source = f"load test {finding.profile} of {record.time}"
            process = finding.peak_resident_bytes / 1e6 / finding.cpus
            return Measured(finding.documents_per_second / finding.cpus, Memory(0.0, process), source)
    return _by_run(store, found)


def quoted(environment: Environment, release: str) -> tuple[float, str] | None:
    """Return the processor time of a document by what was measured of a release, and where; None where nobody knows."""
    from nimbus.releases import registry  # noqa: PLC0415

    if release not in registry.names(assembly.open_environment(environment)):
        return None
    measured = measured_of(environment, release)
    return None if measured is None else (1 / measured.documents_per_second, measured.source)


def _by_run(store: Store, release: Release) -> Measured | None:
    """Return the speed of a release's last published run; its memory is estimated from the bundle's size."""
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415
    from nimbus_runtime import canary, committer, live  # noqa: PLC0415
    from nimbus_runtime.contract import codec, paths  # noqa: PLC0415
    from nimbus_runtime.contract.records import Plan  # noqa: PLC0415

    present = live.read(store)
    run = None if present is None else present.datasets.get(release.release)
    data = None if run is None else store.read(paths.plan(run))
    if data is None:
        return None
    plan = codec.decode(Plan, data, paths.plan(run or ""))
    commits = [canary.read_commit(store, plan, plan.release, number) for number in committer.committed(store, plan)]
    seconds = sum(commit.seconds for commit in commits)
    scored = sum(commit.counts.scored for commit in commits)
    if not scored or not seconds:
        return None
    memory = Memory(0.0, _PROCESS_MB + _MB_A_BUNDLE_MB * (release.size or 0) / 1e6)
    return Measured(scored / seconds, memory, f"run {run}; memory estimated from the bundle's size")


def quote(  # noqa: PLR0913 - what was measured, and what is asked
    measured: Measured,
    table: PriceTable,
    architecture: str,
    *,
    documents: int | None = None,
    within_hours: float | None = None,
    rate: float | None = None,
    size: TaskSize | None = None,
) -> Quote:
    """Return sizes, documents an hour and prices."""
    from nimbus.quote import quote as quoting  # noqa: PLC0415

    return quoting.quote(
        measured, table, architecture, documents=documents, within_hours=within_hours, rate=rate, size=size
    )

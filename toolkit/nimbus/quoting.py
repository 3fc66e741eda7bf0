"""Where quotes meet environments. Each function imports what it needs: start-up stays light."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nimbus import assembly

if TYPE_CHECKING:
    from nimbus.config import Environment, Project
    from nimbus.loadtest.run import Trial
    from nimbus.quote.choose import TaskSize
    from nimbus.quote.prices import PriceTable
    from nimbus.quote.quote import Measured, Quote
    from nimbus_runtime.contract.records import Release
    from nimbus_runtime.store import Store

# What a worker takes: the interpreter with spaCy and onnxruntime, and the weights as read and as prepared.
_PROCESS_MB, _MB_A_BUNDLE_MB = 250.0, 2.0


def release_of(environment: Environment, named: str | None = None) -> Release:
    """Return the release that is named, or the candidate, or the live one."""
    from nimbus.releases import registry  # noqa: PLC0415

    store = assembly.open_environment(environment)
    present = None if named else registry.present(store)
    if present is not None:
        named = present.candidate.release if present.candidate else present.release
    return registry.release(store, registry.named(store, named or ""))


def prices(project: Project | None = None, named: Path | None = None) -> PriceTable:
    """Return the table of prices: that of a file, the project's, or Nimbus's own."""
    from nimbus.quote import prices as tables  # noqa: PLC0415

    if named is None and project is not None and project.prices.table:
        named = Path(project.path(project.prices.table))
    return tables.read(named) if named else tables.read()


def architecture(project: Project | None) -> str:
    """Return the processors that a project's tasks have."""
    return project.task.architecture.value if project else "X86_64"


def prices_for(project: Project | None) -> PriceTable:
    """Return the table of prices; UsageError where it does not know the project's processors."""
    from nimbus.quote import quote as quoting  # noqa: PLC0415
    from nimbus.quote.choose import TaskSize  # noqa: PLC0415

    table = prices(project)
    quoting.price_an_hour(table, architecture(project), TaskSize(1, 2))
    return table


def arm_speed(project: Project | None) -> float | None:
    """Return what the project says of ARM's speed against x86."""
    return None if project is None else project.prices.arm_speed


def measured_by(tested: Trial) -> Measured | None:
    """Return what a ramp measured of one process on one vCPU; None where the target told too little.

    Other shapes say what was asked for, not what could be had, and one whose generator was late says nothing.
    """
    from nimbus.loadtest.verdict import Outcome  # noqa: PLC0415
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415

    target, most = tested.result.target, tested.verdict.saturation
    unsound = tested.verdict.outcome is Outcome.UNSOUND
    sound = most is not None and most.documents_per_second and not most.at_least and not unsound
    if most is None or not sound or not target.processors or not target.peak_resident_bytes:
        return None
    process = target.peak_resident_bytes / 1e6 / (target.workers or target.processors)
    speed, source = most.documents_per_second / target.processors, f"load test {tested.profile}"
    return Measured(speed, Memory(0.0, process), source, tested.architecture)


def cost_of(project: Project, vcpu_seconds: float) -> tuple[float, str]:
    """Return what a vCPU costs for so long in tasks of the project's size, and the currency of its table of prices."""
    from nimbus.quote import quote as quoting  # noqa: PLC0415
    from nimbus.quote.choose import TaskSize  # noqa: PLC0415

    task, table = project.task, prices(project)
    size = TaskSize(task.cpu / 1024, task.memory / 1024)
    hour = quoting.price_an_hour(table, task.architecture.value, size)
    return hour / size.vcpus * vcpu_seconds / 3600, table.currency


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
    found = quote(measured, table, task.architecture.value, size=size, arm_speed=project.prices.arm_speed).recommended
    other = f", on {measured.architecture}" if found.assumed else ""
    return (
        f"{found.documents_an_hour:,.0f} documents an hour a task, "
        f"{found.price_a_million:,.2f} {table.currency} a million ({measured.source}{other})"
    )


def measured_of(environment: Environment, release: str | None = None) -> Measured | None:
    """Return what is known of a release's speed and memory: by its latest load test, or by its latest run."""
    from nimbus.loadtest import run  # noqa: PLC0415
    from nimbus.loadtest.result import in_use  # noqa: PLC0415
    from nimbus.loadtest.verdict import Outcome  # noqa: PLC0415
    from nimbus.quote.choose import Memory  # noqa: PLC0415
    from nimbus.quote.quote import Measured  # noqa: PLC0415
    from nimbus_runtime import evidence  # noqa: PLC0415
    from nimbus_runtime.contract import codec  # noqa: PLC0415

    store = assembly.open_environment(environment)
    found = release_of(environment, release)
    for name in reversed(evidence.names(store, found.release, run.KIND)):
        record = evidence.read(store, found.release, name)
        finding = codec.build(run.Finding, record.body, name)
        if record.outcome == Outcome.UNSOUND:
            continue
        measured = finding.saturation_rate and finding.documents_per_second and not finding.at_least
        processors = in_use(finding.cpus, finding.workers)
        if measured and processors and finding.peak_resident_bytes:
            source = f"load test {finding.profile} of {record.time}"
            process = finding.peak_resident_bytes / 1e6 / (finding.workers or processors)
            speed = finding.documents_per_second / processors
            return Measured(speed, Memory(0.0, process), source, finding.architecture)
    return _by_run(environment, store, found)


def quoted(environment: Environment, release: str) -> tuple[float, str] | None:
    """Return the processor time of a document by what was measured of a release, and where; None where nobody knows."""
    from nimbus.releases import registry  # noqa: PLC0415

    if release not in registry.names(assembly.open_environment(environment)):
        return None
    measured = measured_of(environment, release)
    return None if measured is None else (1 / measured.documents_per_second, measured.source)


def _by_run(environment: Environment, store: Store, release: Release) -> Measured | None:
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
    architecture = environment.outputs.architecture if environment.outputs else machine()
    return Measured(scored / seconds, memory, f"run {run}; memory estimated from the bundle's size", architecture)


def machine() -> str:
    """Return the architecture of this machine's processors, as AWS names it."""
    from nimbus.engines.orders import Architecture, here  # noqa: PLC0415

    return "ARM64" if here() is Architecture.ARM64 else "X86_64"


def quote(  # noqa: PLR0913 - what was measured, and what is asked
    measured: Measured,
    table: PriceTable,
    architecture: str,
    *,
    documents: int | None = None,
    within_hours: float | None = None,
    rate: float | None = None,
    size: TaskSize | None = None,
    arm_speed: float | None = None,
) -> Quote:
    """Return sizes, documents an hour and prices."""
    from nimbus.quote import quote as quoting  # noqa: PLC0415

    return quoting.quote(
        measured,
        table,
        architecture,
        documents=documents,
        within_hours=within_hours,
        rate=rate,
        size=size,
        arm_speed=arm_speed,
    )

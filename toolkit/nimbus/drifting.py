"""Where drift reports meet the root of a pipeline. Each function imports what it needs, as in `nimbus.assembly`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimbus import assembly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from nimbus.config import Environment, Project
    from nimbus.drift.annotate import Written
    from nimbus.drift.history import Point
    from nimbus.drift.report import Report
    from nimbus.drift.root import DriftRoot
    from nimbus.releases.deploy import Compiler
    from nimbus_runtime.bundle import Bundle
    from nimbus_runtime.contract.drift import Baseline, Thresholds
    from nimbus_runtime.contract.inputs import Fields
    from nimbus_runtime.contract.records import Release, Run
    from nimbus_runtime.drift.significance import Engine
    from nimbus_runtime.store import Store

_WHOLE = 1 << 40  # bytes of a slice: a file at once


def root(folder: str | None, env: str | None, config: Path | None) -> DriftRoot:
    """Return the root of a folder, or else of an environment of the project, with what the project says of drift."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus.config.drift import Drift  # noqa: PLC0415
    from nimbus.drift.root import DriftRoot  # noqa: PLC0415

    if folder is not None:
        place = folder if "://" in folder else str(Path(folder).absolute())
        around = _project_around(env, config)
        if around is not None:
            return DriftRoot(place, folder, around.drift, around.thresholds(), around.job().fields)
        outside = Drift.of_variables()
        return DriftRoot(place, folder, outside, outside.thresholds())
    read = assembly.project(env, config=config)
    named = f"--env {read.environment}"
    return DriftRoot(assembly.environment(read).root, named, read.drift, read.thresholds(), read.job().fields)


def _project_around(env: str | None = None, config: Path | None = None) -> Project | None:
    """Return the project that the working folder lies in, if it lies in one: what it says holds of folders, too."""
    from nimbus.config.errors import ConfigNotFoundError  # noqa: PLC0415

    try:
        return assembly.project(env, config=config)
    except ConfigNotFoundError:
        if config is not None:
            raise
        return None


def report(place: DriftRoot, *, run: str | None, last: int, baseline: str | None, engine: str | None) -> Report:
    """Compare runs with a baseline; nothing is written."""
    from nimbus.drift import choose, report  # noqa: PLC0415

    store = place.reading()
    runs = choose.current(store, run, last)
    release = choose.release(store, runs[-1])
    chosen = engine_of(engine or place.settings.engine, place.settings.alibi_python)
    return report.report(store, runs, release, baseline, chosen, place.named)


def write_page(report: Report, to: Path) -> None:
    """Write a report as one HTML file, over an earlier one."""
    from nimbus.adapters.files import whole_file  # noqa: PLC0415
    from nimbus.drift import page  # noqa: PLC0415

    with whole_file(to, replace=True) as file:
        file.write(page.page(report).encode())


def engine_of(name: str, alibi_python: str | None) -> Engine:
    """Return the engine of that name."""
    from nimbus.adapters import alibi  # noqa: PLC0415
    from nimbus_runtime.drift.significance import NumpyEngine  # noqa: PLC0415

    return alibi.engine(alibi_python) if name == "alibi" else NumpyEngine()


def history(place: DriftRoot, last: int) -> tuple[Point, ...]:
    """Return how far each of the last runs was from its baseline, as it was recorded."""
    from nimbus.drift import history  # noqa: PLC0415

    return history.every(place.reading(), last)


def baselines(place: DriftRoot) -> list[Baseline]:
    """Return the baselines of a root, the newest last."""
    from nimbus_runtime.drift import baselines  # noqa: PLC0415

    return baselines.every(place.reading())


def make_baseline(  # noqa: PLR0913 - one argument an option
    place: DriftRoot, name: str | None, *, runs: Sequence[str], last: int, dev: Path | None, bundle: Path | None
) -> Baseline:
    """Make a baseline from runs, or from a dev set that the bundle of the live release scores."""
    from nimbus.drift import choose  # noqa: PLC0415
    from nimbus_runtime import claims, clock  # noqa: PLC0415
    from nimbus_runtime.contract.drift import Source  # noqa: PLC0415
    from nimbus_runtime.drift import baselines  # noqa: PLC0415

    store = place.opened()
    name = name or clock.run_name(clock.now())
    actor, thresholds = claims.this_process().actor, place.thresholds
    if dev is None:
        chosen = choose.named(store, runs) if runs else choose.current(store, None, last)
        return baselines.create(
            store,
            name,
            [(store, run) for run in chosen],
            choose.release(store, chosen[-1]),
            source=Source.RUNS,
            actor=actor,
            thresholds=thresholds,
        )
    scoring = bundle or choose.bundle(store)
    with scored_dev_set(dev, scoring, place.fields) as (aside, run):
        release = choose.of_bundle(store, run, choose.release(aside, run))
        return baselines.create(
            store, name, [(aside, run)], release, source=Source.DEV, actor=actor, thresholds=thresholds
        )


def check_dev_set(dev: Path, fields: Fields, project: Project | None = None) -> None:
    """Refuse a dev set that could not be kept, before anything is compiled for it."""
    from pathlib import Path  # noqa: PLC0415

    from nimbus_runtime import readers  # noqa: PLC0415
    from nimbus_runtime.contract.documents import Document  # noqa: PLC0415
    from nimbus_runtime.contract.errors import DriftError  # noqa: PLC0415
    from nimbus_runtime.contract.words import plural  # noqa: PLC0415

    files = readers.resolve([str(dev)], Path())
    readers.check_schemas(files, fields)
    records = (
        record for file in files for part in readers.split(file, _WHOLE) for record in readers.read(file, part, fields)
    )
    found, wanted = sum(isinstance(record, Document) for record in records), _limits(project).documents
    if found < wanted:
        raise DriftError(
            "the dev set has too few documents to compare with",
            where=str(dev),
            got=plural(found, "document"),
            expected=f"{wanted:,} or more",
            remedy="name a larger dev set; or set [drift] documents, which says how many a verdict takes",
        )


def _limits(project: Project | None) -> Thresholds:
    from nimbus.config.drift import Drift  # noqa: PLC0415

    within = project or _project_around()
    return Drift.of_variables().thresholds() if within is None else within.thresholds()


def keep_dev_set(bundle: Path, dev: Path, fields: Fields, project: Project | None = None) -> Baseline:
    """Score a dev set with a bundle that was just compiled, and keep it beside the bundle as its first baseline.

    Its limits are the project's: one that is given, or that the working folder lies in.
    """
    import shutil  # noqa: PLC0415

    from nimbus.drift import choose  # noqa: PLC0415
    from nimbus_runtime import claims  # noqa: PLC0415
    from nimbus_runtime.contract.drift import Source  # noqa: PLC0415
    from nimbus_runtime.drift import baselines, devset  # noqa: PLC0415
    from nimbus_runtime.store import DirectoryStore  # noqa: PLC0415

    thresholds = _limits(project)
    with scored_dev_set(dev, bundle, fields) as (aside, run):
        shutil.rmtree(devset.beside(bundle), ignore_errors=True)
        return baselines.create(
            DirectoryStore(devset.beside(bundle)),
            devset.NAME,
            [(aside, run)],
            choose.release(aside, run),
            source=Source.DEV,
            actor=claims.this_process().actor,
            thresholds=thresholds,
        )


@dataclass(frozen=True, slots=True)
class WithDevSet:
    """Compiles as `compiler` does, and keeps the project's dev set beside the bundle."""

    compiler: Compiler
    project: Project

    def find(self) -> Bundle | None:
        """Return the bundle if neither it nor its dev set needs any work."""
        from nimbus_runtime.drift import devset  # noqa: PLC0415

        bundle = self.compiler.find()
        return bundle if bundle is not None and devset.is_kept(bundle.path) else None

    def compile(self) -> Bundle:
        """Return the bundle, with the dev set beside it."""
        from pathlib import Path  # noqa: PLC0415

        from nimbus_runtime.drift import devset  # noqa: PLC0415

        dev, fields = self.project.drift.dev, self.project.job().fields
        if dev is not None:
            check_dev_set(Path(self.project.path(dev)), fields, self.project)
        bundle = self.compiler.compile()
        if dev is not None and not devset.is_kept(bundle.path):
            keep_dev_set(bundle.path, Path(self.project.path(dev)), fields, self.project)
        return bundle


def adopt_dev_set(environment: Environment, project: Project, release: Release, bundle: Bundle) -> None:
    """Make the dev set that lies beside a bundle the first baseline of a release, with the project's limits."""
    from nimbus_runtime.drift import devset  # noqa: PLC0415

    devset.adopt(assembly.open_environment(environment), release.release, bundle, project.thresholds())


@contextmanager
def scored_dev_set(dev: Path, bundle: Path, fields: Fields) -> Iterator[tuple[Store, Run]]:
    """Score a dev set in a root of its own, which is gone afterwards, and yield that root and the run."""
    from nimbus import scratch  # noqa: PLC0415
    from nimbus.runs.progress import Tracker  # noqa: PLC0415
    from nimbus.runs.submit import Request  # noqa: PLC0415
    from nimbus_runtime.contract.records import OutputFormat  # noqa: PLC0415
    from nimbus_runtime.planner import Order  # noqa: PLC0415
    from nimbus_runtime.store import DirectoryStore  # noqa: PLC0415

    with scratch.folder("dev") as folder:
        order = Order(fields, None, OutputFormat.PARQUET, max_quarantine=1.0)
        result = assembly.submit(Request(folder, (str(dev),), bundle, order, assembly.cores()), Tracker())
        yield DirectoryStore(folder), result.run


def export(  # noqa: PLR0913 - one argument an option
    place: DriftRoot,
    to: Path,
    *,
    run: str | None,
    baseline: str | None,
    tool: str,
    task: str | None,
    size: int,
    inputs: Sequence[str],
    replace: bool,
) -> Written:
    """Write a stratified sample of a run's documents, with their texts, for annotation."""
    from nimbus.adapters.files import whole_file  # noqa: PLC0415
    from nimbus.drift import annotate, choose, report  # noqa: PLC0415

    store = place.reading()
    (record,) = choose.current(store, run, 1)
    release = choose.release(store, record)
    compared = report.compared(store, [record], release, baseline, engine_of("numpy", None))
    wanted = annotate.sample(compared.reference, compared.current, compared.comparison.findings, size)
    found = annotate.resolve(inputs) if inputs else None
    with whole_file(to, replace=replace) as file:
        return annotate.write(
            store, record, wanted, annotate.Tool(tool), annotate.Task(task) if task else None, found, file
        )
